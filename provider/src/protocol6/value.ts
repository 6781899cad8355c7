import type { Type } from "./type.ts";

/** A value that is known only once something else was applied. A refinement that came with it is dropped. */
export const UNKNOWN: unique symbol = Symbol("unknown");
export type Unknown = typeof UNKNOWN;

/** A number that neither `number` nor `bigint` holds exactly, as the decimal text that came over the wire: 0.1. */
export class Decimal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value of an attribute of type `dynamic`, with the type it has. */
export class Dynamic {
  readonly type: Type;
  readonly value: Value;

  constructor(type: Type, value: Value) {
    this.type = type;
    this.value = value;
  }
}

/** An object or a map; without a prototype, so that no key of it is ever taken for something else. */
export interface Values {
  readonly [name: string]: Value;
}

/**
 * A value of Terraform's. Lists, sets and tuples are arrays; which of them it is, its type says. A number is a `number`
 * where that is exact and a safe integer, a `bigint` above, a `Decimal` for everything with a fraction or an exponent.
 */
export type Value = null | Unknown | string | boolean | number | bigint | Decimal | Dynamic | readonly Value[] | Values;

/** True when the value is unknown or holds something unknown. */
export function hasUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null || value instanceof Decimal) return false;
  if (value instanceof Dynamic) return hasUnknown(value.value);
  return Object.values(value as Values).some(hasUnknown);
}
