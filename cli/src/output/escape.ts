/**
 * Text that others chose (names from foreign VMs, a host's error messages) must not move a reader's cursor, hide
 * a line or turn it around. Whatever is printed goes through here.
 */

/** C0 but tab and newline, DEL, C1, line separators, and the marks that turn the direction of text. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;
const UNSAFE_ON_LINE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;
/** The same, but a colour of our own stays. */
const UNSAFE_BUT_COLOR = new RegExp(`(\\u001b\\[[0-9;]*m)|${UNSAFE.source}`, "gu");

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" };

function visible(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** A value for one line of a terminal: control characters, newlines and tabs included, become visible escapes. */
export function escapeLine(text: string): string {
  return text.replace(UNSAFE_ON_LINE, visible);
}

/** Text of several lines: newlines and tabs stay, other control characters become visible escapes. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** As escapeText, for text that carries colours of our own. The last gate before a terminal. */
export function escapeButColor(text: string): string {
  return text.replace(UNSAFE_BUT_COLOR, (char: string, color: string | undefined) => color ?? visible(char));
}

/** JSON for one line: characters that a terminal would obey are written as JSON escapes, so the value stays the same. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE_ON_LINE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
