/*
 * One walk over a value beside its type, shared by both encodings and both directions. `Form` is what an encoding does
 * with leaves; everything that has parts is the same in all of them.
 */
import type { Type } from "../type.ts";
import { UNKNOWN } from "../value.ts";

/** What a value is not, and where. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], problem: string) {
    super(`${path.length === 0 ? "The value" : `The value of ${path.join(".")}`} ${problem}.`);
    this.path = path;
  }
}

export interface Form<From, To> {
  leaf(type: "string" | "number" | "bool", value: From, path: Where): To;
  dynamic(value: From, path: Where): To;
  /** Null and unknown; undefined for everything else. */
  nothing(value: From): To | undefined;
  /** The name of a key as it comes, and back. */
  key(name: string): string;
  wireKey(name: string): string;
  /** What to do with an attribute that the type does not have. */
  readonly extra: "refuse" | "drop";
}

/** The way to where the walk is. Grows and shrinks with it, so copy it to keep it. */
export type Where = (string | number)[];

/** Throws ValueError at what does not conform. An object gets all attributes of its type; those that are left out are null. */
export function conform<From, To>(form: Form<From, To>, type: Type, value: From, where: Where): To {
  const nothing = form.nothing(value);
  if (nothing !== undefined) return nothing;
  if (type === "dynamic") return form.dynamic(value, where);
  if (typeof type === "string") return form.leaf(type, value, where);
  const part = (inner: Type, item: From, step: string | number): To => {
    where.push(step);
    const result = conform(form, inner, item, where);
    where.pop();
    return result;
  };
  switch (type[0]) {
    case "list":
    case "set":
      return array(value, where, type[0]).map((item, index) => part(type[1], item as From, index)) as To;
    case "tuple": {
      const items = array(value, where, "tuple");
      const types = type[1];
      if (items.length !== types.length) throw new ValueError(where, `has ${items.length} items and needs ${types.length}`);
      return types.map((inner, index) => part(inner, items[index] as From, index)) as To;
    }
    case "map": {
      const result = bare<To>();
      for (const [name, item] of Object.entries(record(value, where, "map"))) {
        const key = form.key(name);
        result[key] = part(type[1], item as From, key);
      }
      return result as To;
    }
    case "object": {
      const fields = record(value, where, "object");
      const result = bare<To>();
      const types = type[1];
      for (const name in types) {
        const key = form.wireKey(name);
        result[name] = part(types[name] as Type, (Object.hasOwn(fields, key) ? fields[key] : null) as From, name);
      }
      if (form.extra === "refuse") {
        for (const name of Object.keys(fields)) {
          if (!Object.hasOwn(types, form.key(name)) && fields[name] !== undefined) {
            throw new ValueError(where, `has an attribute "${form.key(name)}" that its schema does not have`);
          }
        }
      }
      return result as To;
    }
  }
}

/** Says what something is, for a message; never shows the value, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === UNKNOWN) return "unknown";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? (value.constructor?.name ?? "Object").replace(/^Object$/, "an object") : `a ${typeof value}`;
}

function bare<To>(): Record<string, To> {
  return Object.create(null) as Record<string, To>;
}

function array(value: unknown, where: Where, want: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ValueError([...where], `is ${kindOf(value)} and has to be a ${want}`);
  return value;
}

function record(value: unknown, where: Where, want: string): Readonly<Record<string, unknown>> {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value);
  const prototype: unknown = plain ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== null && prototype !== Object.prototype) {
    throw new ValueError([...where], `is ${kindOf(value)} and has to be ${want === "object" ? "an object" : `a ${want}`}`);
  }
  return value as Record<string, unknown>;
}
