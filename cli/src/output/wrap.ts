import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Fits text into `columns`; what does not fit goes to further lines, indented. Without columns, nothing is wrapped. */
export function wrap(text: string, { columns, indent = "", hanging = indent }: WrapOptions): string {
  if (columns === undefined || stringWidth(text) + indent.length <= columns) return indent + text;
  // Below 20 columns of text nothing is readable: let the terminal break the line.
  const width = Math.max(20, columns - Math.max(indent.length, hanging.length));
  const [first = "", ...rest] = wrapAnsi(text, width, { hard: true }).split("\n");
  return [indent + first, ...rest.map((line) => hanging + line)].join("\n");
}

export interface WrapOptions {
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  readonly indent?: string;
  /** Indent of the lines after the first; the same when not given. */
  readonly hanging?: string;
}

/** Pads with spaces to a width in terminal cells. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}
