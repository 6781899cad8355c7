/* Values in JSON: states as they lie in Terraform's file. It has no unknown, and an older schema's attributes may be left in it. */
import type { Type } from "../type.ts";
import { Dynamic } from "../value.ts";
import type { Value } from "../value.ts";
import { conform, kindOf, ValueError } from "./conform.ts";
import type { Form } from "./conform.ts";
import { parseNumber } from "./numbers.ts";
import { parseType } from "./parse-type.ts";

/** Attributes that the type does not have are dropped. */
export function decodeJson(type: Type, text: string): Value {
  return conform(decoding, type, parseJson(text), []);
}

/** True when it is of the type and decoding drops nothing. */
export function fitsJson(type: Type, text: string): boolean {
  try {
    conform({ ...decoding, extra: "refuse" }, type, parseJson(text), []);
    return true;
  } catch {
    return false;
  }
}

/** A number in the text, all digits of it. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function parseJson(text: string): unknown {
  const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value;
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

const decoding: Form<unknown, Value> = {
  extra: "drop",
  key: (name) => name,
  wireKey: (name) => name,
  nothing: (value) => (value === null ? null : undefined),
  leaf(type, value, where) {
    // Terraform itself reads all three of each other, as its language does.
    const text = value instanceof NumberText ? value.text : value;
    if (type === "number" && typeof text === "string") {
      const number = parseNumber(text);
      if (number !== null) return number;
    }
    if (type === "string" && (typeof text === "string" || typeof text === "boolean")) return String(text);
    if (type === "bool" && (typeof text === "boolean" || text === "true" || text === "false")) return text === true || text === "true";
    throw new ValueError([...where], `is ${kindOf(value)} and has to be a ${type}`);
  },
  dynamic(value, where) {
    const { type, value: inner } = value as { type?: unknown; value?: unknown };
    if (type === undefined) throw new ValueError([...where], "comes without its type");
    const parsed = parseType(JSON.stringify(type));
    return new Dynamic(parsed, conform(decoding, parsed, inner ?? null, where));
  },
};
