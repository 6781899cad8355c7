import { UNKNOWN } from "./unknown.ts";

/**
 * True when two values mean the same: keys in any order, lists in order. An absent value, an empty map and an empty
 * list are the same; a value not known yet is the same as nothing. Builds no text and copies nothing, because a plan
 * of 10,000 unchanged VMs is mostly this.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return a !== UNKNOWN;
  if (typeof a !== "object" || a === null) return a === undefined && isEmpty(b);
  if (typeof b !== "object" || b === null) return b === undefined && isEmpty(a);
  if (Array.isArray(a) || Array.isArray(b)) return sameList(a, b);
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key in left) if (!sameValue(left[key], own(right, key))) return false;
  for (const key in right) if (own(left, key) === undefined && !isEmpty(right[key])) return false;
  return true;
}

/** What a map of names has itself under a name: every object of the language has a `constructor`. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** True for what canonical form leaves out: undefined, an empty map, an empty list. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function sameList(a: object, b: object): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b);
  return a.length === b.length && a.every((item, at) => sameValue(item, b[at]));
}
