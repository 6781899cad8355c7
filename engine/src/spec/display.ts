/**
 * Text from a spec inside a message. Whoever reads it must see what is there: a Cyrillic letter in a name, a mark that
 * turns the direction of text, a colour code. What a terminal obeys never gets into a diagnostic.
 */

/** C0 but tab, DEL, C1, line separators, direction marks, invisible characters, and half surrogate pairs. */
const INVISIBLE =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|[\u{17b4}-\u{17b5}]|\p{Cs}/gu;
const UNPRINTABLE = /[^\x20-\x7e]/u;
const LONGEST = 80;

/** A value between quotes, cut to a length that fits a sentence. Only printable ASCII stays as it is. */
export function quote(text: string, longest: number = LONGEST): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return `"${escape(shown)}"`;
}

/** Anything but printable ASCII as `\n`, `\t` or `\u{…}`; the ellipsis of a cut text stays. */
function escape(text: string): string {
  if (!UNPRINTABLE.test(text)) return text;
  return text.replace(/[^\x20-\x7e…]/gu, (char) => {
    if (char === "\n") return "\\n";
    if (char === "\t") return "\\t";
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** A name that is allowed, near the one that was written. */
export function nearName(text: string): string {
  const near = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return near === "" ? "web-1" : near;
}

/** The names, or the first of many; for a sentence. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map(escape).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** True when the text is printable ASCII. */
export function isPlainText(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/**
 * A line of the file for display. Every character keeps its column: a control character becomes its picture, an
 * invisible one the replacement character; tabs stay.
 */
export function visibleLine(line: string): string {
  return line.replace(INVISIBLE, (char) => {
    const code = char.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** A value in a sentence: `"text"`, `4`, `true`. */
export function describeValue(value: string | number | boolean): string {
  return typeof value === "string" ? quote(value) : String(value);
}
