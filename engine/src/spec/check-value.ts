/*
 * What is wrong with a single value. Whoever reads values (a spec's text, Terraform's configuration) puts the value's
 * name in front of what is said here, so that every door has the same limits in the same words.
 */
import type { Attribute, DiagnosticCode } from "@ghost/schemas";
import { NAME_PATTERN } from "@ghost/schemas";
import { isPlainText, nearName, quote } from "./display.ts";
import type { Suggest } from "./suggest.ts";
import { didYouMean } from "./suggest.ts";

type StringAttribute = Extract<Attribute, { kind: "string" }>;
type IntegerAttribute = Extract<Attribute, { kind: "integer" }>;

export interface ValueProblem {
  readonly code: DiagnosticCode;
  /** "is 0 GiB; it must be between 1 and 4096." */
  readonly says: string;
  readonly hint: string;
}

export const WITHOUT_FRACTION = "Write a plain decimal number, without a fraction or an exponent.";
export const NO_VALUE = "Remove the key, or give it a value.";

/** `pattern` is the attribute's own, compiled. */
export function checkText(
  attribute: StringAttribute,
  pattern: RegExp | undefined,
  text: string,
  suggest: Suggest,
): ValueProblem | undefined {
  const { oneOf, maxLength } = attribute;
  if (oneOf !== undefined) return oneOf.includes(text) ? undefined : notOneOf(oneOf, text, suggest);
  if (pattern?.test(text) === false) {
    return {
      code: attribute.pattern === NAME_PATTERN ? "SPEC_BAD_NAME" : "SPEC_BAD_VALUE",
      says: `is ${quote(text)}; it must be ${attribute.patternDoc ?? "one line without control characters"}.`,
      hint: badValueHint(attribute, text),
    };
  }
  if (maxLength !== undefined && text.length > maxLength && countCharacters(text) > maxLength)
    return {
      code: "SPEC_OUT_OF_RANGE",
      says: `has ${countCharacters(text)} characters; it may have ${maxLength}.`,
      hint: "Shorten it.",
    };
  return undefined;
}

export function notOneOf(oneOf: readonly string[], text: string, suggest: Suggest): ValueProblem {
  return {
    code: "SPEC_BAD_VALUE",
    says: `is ${quote(text)}; it must be one of ${oneOf.join(", ")}.`,
    hint: didYouMean(suggest(text, oneOf)) ?? `Write ${oneOf[0]}, for example.`,
  };
}

/** `shown` is the number as it was written, which JavaScript may not be able to hold. */
export function checkInteger({ min, max, unit }: IntegerAttribute, value: number, shown: string = String(value)): ValueProblem | undefined {
  if (Number.isSafeInteger(value) && (min === undefined || value >= min) && (max === undefined || value <= max)) return undefined;
  const range =
    min !== undefined && max !== undefined
      ? `between ${min} and ${max}`
      : min !== undefined
        ? `at least ${min}`
        : `at most ${max ?? Number.MAX_SAFE_INTEGER}`;
  return {
    code: "SPEC_OUT_OF_RANGE",
    says: `is ${shown}${unit === "gib" ? " GiB" : unit === "s" ? " seconds" : ""}; it must be ${range}.`,
    hint: min !== undefined && value < min ? `Set it to at least ${min}.` : `Set it to at most ${max ?? Number.MAX_SAFE_INTEGER}.`,
  };
}

/** A number with a fraction or an exponent, as it was written. */
export function notWhole(text: string): ValueProblem {
  return { code: "SPEC_WRONG_TYPE", says: `is the number ${text}; it must be a whole number.`, hint: WITHOUT_FRACTION };
}

/** A key of a map; `says` is the whole sentence. */
export function checkKey(name: string, keyDoc: string | undefined, keyPattern: RegExp | undefined, key: string): ValueProblem | undefined {
  if (key !== "__proto__" && keyPattern?.test(key) !== false) return undefined;
  return {
    code: "SPEC_BAD_NAME",
    says: `The key ${quote(key)} is not allowed here.`,
    hint: `A key of ${quote(name)} is ${keyDoc ?? "a plain word"}.`,
  };
}

/** As JSON Schema counts: code points. */
function countCharacters(text: string): number {
  return Array.from(text).length;
}

function badValueHint({ pattern }: StringAttribute, text: string): string {
  if (text === "") return NO_VALUE;
  if (pattern === NAME_PATTERN) return `For example: ${nearName(text)}`;
  if (!isPlainText(text)) return "It has characters beyond plain ASCII, shown here by their numbers: they may look like others.";
  return "Correct the value; ghost schema tells what each key takes.";
}
