import { eastAsianWidth } from "get-east-asian-width";

const SGR = /\u001b\[[0-9;]*m/g;
const ASCII = /^[\u0020-\u007e]*$/;
/** A picture, by the selector that asks for one, or by being a flag or key. */
const PICTURE = /\ufe0f|\u20e3|^\p{Regional_Indicator}{2}/u;
const NO_WIDTH = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;

let segmenter: Intl.Segmenter | undefined;

/**
 * How many terminal cells a text takes; colours take none. The string-width package does the same and compiles
 * regular expressions for 25 ms when it is loaded, which is as long as Node takes to start.
 */
export function textWidth(text: string): number {
  const plain = text.includes("\u001b") ? text.replace(SGR, "") : text;
  if (ASCII.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of (segmenter ??= new Intl.Segmenter()).segment(plain)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return PICTURE.test(grapheme) ? 2 : eastAsianWidth(grapheme.codePointAt(0) ?? 0);
}

/** Pads with spaces to a width in terminal cells. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}
