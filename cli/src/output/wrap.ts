import { textWidth } from "./width.ts";

export interface WrapOptions {
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  readonly indent?: string;
  /** Indent of the lines after the first; the same when not given. */
  readonly hanging?: string;
}

/** Narrower than this nothing is readable: the terminal may break the lines itself. */
const NARROWEST = 20;

/**
 * Fits text into `columns`; what does not fit goes to further lines, indented. Words are kept whole unless one is longer
 * than a line. A colour may go over the break. Without columns, nothing is wrapped.
 */
export function wrap(text: string, { columns, indent = "", hanging = indent }: WrapOptions): string {
  if (columns === undefined || textWidth(text) + indent.length <= columns) return indent + text;
  const room = (start: string): number => Math.max(NARROWEST, columns - start.length);
  const lines: string[] = [];
  let line = "";
  let left = room(indent);
  const breakLine = (): void => {
    lines.push(line);
    line = "";
    left = room(hanging);
  };
  for (const [, gap = "", word = ""] of text.matchAll(/( *)([^ ]+)/g)) {
    if (line !== "" && gap.length + textWidth(word) > left) breakLine();
    const parts = cut(line === "" ? word : gap + word, left, room(hanging));
    for (const [index, part] of parts.entries()) {
      if (index > 0) breakLine();
      line += part;
      left -= textWidth(part);
    }
  }
  return [...lines, line].map((each, index) => (index === 0 ? indent : hanging) + each).join("\n");
}

/** The word whole where it fits, else in parts: the first fits `first` cells, the others `others`. */
function cut(word: string, first: number, others: number): string[] {
  if (textWidth(word) <= first) return [word];
  const parts = [""];
  let left = first;
  for (const char of word.match(/\u001b\[[0-9;]*m|./gsu) ?? []) {
    const width = textWidth(char);
    if (width > left) {
      parts.push("");
      left = others;
    }
    parts[parts.length - 1] += char;
    left -= width;
  }
  return parts;
}
