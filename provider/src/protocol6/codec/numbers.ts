import { Decimal } from "../value.ts";
import type { Value } from "../value.ts";

/** What a number is in the wire's text. Null when the text is none. */
export function parseNumber(text: string): number | bigint | Decimal | null {
  if (/^-?\d+$/.test(text)) return shortest(BigInt(text));
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? new Decimal(text) : null;
}

export function shortest(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** A double, all digits of it: what is written as text is read with more precision than a double has. */
export function fromDouble(value: number): number | bigint | Decimal | null {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (Number.isInteger(value)) return BigInt(value);
  if (!Number.isFinite(value)) return null;
  let scale = 0;
  let whole = Math.abs(value);
  // Doubling is exact, and every finite double is an integer after at most 1074 of them.
  while (!Number.isInteger(whole)) {
    whole *= 2;
    scale++;
  }
  const digits = (BigInt(whole) * 5n ** BigInt(scale)).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(-scale).replace(/0+$/, "");
  return new Decimal(`${value < 0 ? "-" : ""}${digits.slice(0, -scale)}.${fraction}`);
}

/** The decimal text of whatever stands for a number; null for what does not. A number with a fraction is what it prints as: 0.1 is a tenth. */
export function numberText(value: Value): string | null {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Decimal) return parseNumber(value.text) === null ? null : value.text;
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}
