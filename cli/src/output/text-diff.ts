/** Line diffs of long text. Loads the `diff` package: import it only where there is long text. */
import { structuredPatch } from "diff";

export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
}

/** The lines that differ with two lines around them; a gap stands for what is left out. */
export function diffText(before: string, after: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let shownUntil = 1;
  for (const hunk of structuredPatch("", "", before, after, "", "", { context: 2 }).hunks) {
    const left = hunk.oldStart - shownUntil;
    if (left > 0) lines.push({ kind: "gap", text: `${left} ${left === 1 ? "line" : "lines"} as before` });
    for (const line of hunk.lines) {
      if (line.startsWith("\\")) continue;
      lines.push({ kind: line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same", text: line.slice(1) });
    }
    shownUntil = hunk.oldStart + hunk.oldLines;
  }
  return lines;
}
