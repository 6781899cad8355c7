import path from "node:path";
import type { SourceLocation } from "@ghost/schemas";

/** One file of a spec, read. */
export interface SpecSource {
  /** As messages show it. */
  readonly file: string;
  /** Where its relative paths start, absolute; the current folder when absent. */
  readonly folder?: string;
  readonly text: string;
}

/** A place in one source: what a problem points at. */
export interface Place {
  readonly source: SourceText;
  readonly offset: number;
}

/** Lines longer than this are not shown; a terminal could not either. */
const LONGEST_LINE = 4000;

/** A source with its order in the spec, and the start of each line once a place in it is asked for. */
export class SourceText {
  readonly file: string;
  readonly folder: string;
  readonly text: string;
  readonly order: number;
  #lineStarts: readonly number[] | undefined;

  constructor(source: SpecSource, folder: string, order: number) {
    this.file = source.file;
    this.folder = source.folder ?? folder;
    const text = source.text.startsWith("\ufeff") ? source.text.slice(1) : source.text;
    // Lines and columns stay the same, and every reader of YAML makes this of a line end.
    this.text = text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
    this.order = order;
  }

  locate(offset: number): SourceLocation {
    const { line, start } = this.#findLine(offset);
    return { file: this.file, line: line + 1, column: offset - start + 1 };
  }

  /** Start and end of the line, without its line break; undefined when it is too long to be shown. */
  lineAt(offset: number): { readonly start: number; readonly end: number } | undefined {
    const { start, end } = this.#findLine(offset);
    return end - start > LONGEST_LINE ? undefined : { start, end };
  }

  #findLine(offset: number): { readonly line: number; readonly start: number; readonly end: number } {
    const starts = (this.#lineStarts ??= findLineStarts(this.text));
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const next = starts[low + 1];
    return { line: low, start: starts[low]!, end: next === undefined ? this.text.length : next - 1 };
  }
}

/** `ghost.yaml:12`, for a sentence that names a second place. */
export function describePlace({ source, offset }: Place): string {
  const { file, line } = source.locate(offset);
  return `${file}:${line}`;
}

/** A path as the file means it: a relative one starts at the file's folder. */
export function absolutePath(source: SourceText, written: string): string {
  return path.resolve(source.folder, written);
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
