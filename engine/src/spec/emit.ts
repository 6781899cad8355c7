/**
 * Writes values as YAML of the form that the quick reader reads: block maps, lists of values, texts plain where every
 * reader of YAML takes them for texts and else in double quotes. Expressions are escaped: what is written is what is
 * meant.
 */
import { escapeExpressions } from "./expression.ts";
import { plainTypeOf } from "./text/tree.ts";

export type Emittable = string | number | boolean | readonly Emittable[] | { readonly [key: string]: Emittable | undefined };

export interface EmitOptions {
  /** What stands behind a value as a comment; by its path. */
  readonly comment?: (path: readonly string[]) => string | undefined;
  /** Lines that stand above a key, without their `#`. */
  readonly heading?: (path: readonly string[]) => readonly string[];
}

const STEP = "  ";
/** One line; inner spaces and colons only where they mean nothing. */
const PLAIN = /^[A-Za-z0-9_./](?:[A-Za-z0-9_./@+=-]|:(?=[A-Za-z0-9_./])| (?=[A-Za-z0-9_./@+=]))*$/;
/** Booleans of older YAML, and what older readers take for a time or a date. */
const AMBIGUOUS = /^(?:y|n|yes|no|on|off)$|^[0-9][0-9:.-]*$/i;
const KEY = /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/;

/** The map as a document; keys whose value is undefined are left out. */
export function emitYaml(map: { readonly [key: string]: Emittable | undefined }, options: EmitOptions = {}): string {
  const lines: string[] = [];
  emitMap(lines, map, [], options);
  return `${lines.join("\n")}\n`;
}

/** A text as a value on one line. */
export function emitText(text: string): string {
  const escaped = escapeExpressions(text);
  const isPlain =
    PLAIN.test(escaped) &&
    !AMBIGUOUS.test(escaped) &&
    plainTypeOf({ kind: "scalar", text: escaped, plain: true, start: 0, end: 0 }) === "string";
  return isPlain ? escaped : quoted(escaped);
}

function emitMap(
  lines: string[],
  map: { readonly [key: string]: Emittable | undefined },
  path: readonly string[],
  options: EmitOptions,
): void {
  const indent = STEP.repeat(path.length);
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const inner = [...path, key];
    for (const line of options.heading?.(inner) ?? []) lines.push(line === "" ? "" : `${indent}# ${line}`);
    const start = `${indent}${KEY.test(key) && !AMBIGUOUS.test(key) ? key : quoted(key)}:`;
    const comment = options.comment?.(inner);
    const end = comment === undefined ? "" : ` # ${comment}`;
    if (typeof value === "string" && isLiteral(value)) emitLiteral(lines, start, end, `${indent}${STEP}`, escapeExpressions(value));
    else if (typeof value !== "object") lines.push(`${start} ${emitScalar(value)}${end}`);
    else if (isList(value)) emitList(lines, start, end, `${indent}${STEP}`, value);
    else if (Object.values(value).every((one) => one === undefined)) lines.push(`${start} {}${end}`);
    else {
      lines.push(`${start}${end}`);
      emitMap(lines, value, inner, options);
    }
  }
}

/** Lists of a spec hold single values. */
function emitList(lines: string[], start: string, end: string, indent: string, items: readonly Emittable[]): void {
  if (items.length === 0) {
    lines.push(`${start} []${end}`);
    return;
  }
  lines.push(`${start}${end}`);
  for (const item of items) lines.push(`${indent}- ${emitScalar(item)}`);
}

function emitScalar(value: Emittable): string {
  return typeof value === "string" ? emitText(value) : JSON.stringify(value);
}

/** Several lines that a literal block says without an indicator: ended by one newline, no line blank or indented at first. */
function isLiteral(text: string): boolean {
  return /^[^\s][^\n]*\n/u.test(text) && text.endsWith("\n") && !/[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe]|\n\n$|^ +$/mu.test(text);
}

function emitLiteral(lines: string[], start: string, end: string, indent: string, text: string): void {
  lines.push(`${start} |${end}`);
  for (const line of text.slice(0, -1).split("\n")) lines.push(line === "" ? "" : `${indent}${line}`);
}

/** JSON's escapes are YAML's; a line separator and what is not printable is escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isList(value: readonly Emittable[] | { readonly [key: string]: Emittable | undefined }): value is readonly Emittable[] {
  return Array.isArray(value);
}
