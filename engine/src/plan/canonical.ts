import { createHash } from "node:crypto";

/**
 * One text for one value: keys sorted, `undefined` dropped, no white space. Two values that mean the same have the
 * same text, whatever order their keys were written in. Throws TypeError on what JSON cannot say (symbols, bigints,
 * functions, NaN and infinities).
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return textJson(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON`);
    return String(value);
  }
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} has no canonical JSON`);
  // Built by adding to one text: a plan of 10,000 VMs is hashed on each run, and lists of parts cost twice the time.
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item === undefined ? null : item)}`;
    return `[${text}]`;
  }
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record).sort()) {
    const member = record[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${textJson(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Printable ASCII without quotes and backslashes is its own JSON. */
function textJson(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

const PLAIN = /^[ !#-[\]-~]*$/;

/** `sha256:<hex>` of the canonical text. */
export function hashOf(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
}
