import type { Field, Fields } from "./fields.ts";

export type Values = Record<string, unknown>;

/** Keys of which one makes the others of a lower layer void, with those that only qualify them. */
interface Alternative {
  readonly keys: readonly string[];
  readonly qualifiers: readonly string[];
}

const IMAGE: Alternative = { keys: ["image", "image_url", "image_path"], qualifiers: ["image_sha256"] };
const CARD: Alternative = { keys: ["network", "bridge"], qualifiers: [] };

/**
 * A VM's values over its template's: maps and objects by key, everything else replaced. A VM that names an image of
 * its own leaves the template's, wherever it was from; so does a card that names a bridge or a network. The result is
 * canonical: empty maps, lists and objects are left out, and so is what is named in `without`; it begins with `first`.
 */
export function mergeVm(
  fields: Fields,
  template: Readonly<Values>,
  own: Readonly<Values>,
  first: Values,
  without: ReadonlySet<string>,
): Values {
  const start = { ...first };
  const merged = mergeObject(fields, template, own, IMAGE, start, without);
  for (const key in merged) if (isEmptyObject(merged[key])) return toCanonical(merged, first, without);
  return merged;
}

/** The keys of a lower layer that these keys of a higher one make void; both at the path of a VM or of a card. */
export function voidKeys(path: readonly string[], has: (key: string) => boolean): readonly string[] {
  const alternative = path.length === 0 ? IMAGE : path.length === 2 && path[0] === "networks" ? CARD : undefined;
  return alternative !== undefined && alternative.keys.some(has) ? [...alternative.keys, ...alternative.qualifiers] : [];
}

/** Builds and never deletes: an object that lost a key is slow for all that comes after. */
function mergeObject(
  fields: Fields,
  below: Readonly<Values>,
  above: Readonly<Values>,
  alternative: Alternative | undefined,
  merged: Values = {},
  without?: ReadonlySet<string>,
): Values {
  const isVoid = alternative?.keys.some((key) => above[key] !== undefined) === true;
  for (const key in below) {
    if (!isVoid || (!alternative.keys.includes(key) && !alternative.qualifiers.includes(key))) merged[key] = below[key];
  }
  for (const key in above) {
    if (without?.has(key) !== true)
      merged[key] = merged[key] === undefined ? above[key] : mergeValue(fields.get(key), merged[key], above[key]);
  }
  return merged;
}

function mergeValue(field: Field | undefined, below: unknown, above: unknown): unknown {
  if (field === undefined || field.isSensitive) return above;
  if (field.fields !== undefined) return mergeObject(field.fields, below as Values, above as Values, undefined);
  if (field.attribute.kind !== "map") return above;
  const merged: Values = { ...(below as Values) };
  for (const [key, value] of Object.entries(above as Values)) merged[key] = mergeItem(field, merged[key], value);
  return merged;
}

function mergeItem(map: Field, below: unknown, above: unknown): unknown {
  const { of } = map;
  if (below === undefined || of?.fields === undefined) return above;
  return mergeObject(of.fields, below as Values, above as Values, map.name === "networks" ? CARD : undefined);
}

/**
 * Canonical form: empty maps, lists and objects left out, and what is named in `without`. The items of a map stay: a
 * card without values is a card.
 */
export function toCanonical(values: Readonly<Values>, first: Values = {}, without?: ReadonlySet<string>): Values {
  for (const key in values) {
    const value = values[key];
    if (!isEmptyObject(value) && without?.has(key) !== true) first[key] = value;
  }
  return first;
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const _ in value) return false;
  return true;
}
