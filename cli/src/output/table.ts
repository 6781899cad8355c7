import { escapeLine } from "./escape.ts";
import type { Paint, Style } from "./style.ts";
import { padTo, textWidth } from "./width.ts";

export interface TableView {
  readonly style: Style;
  readonly columns: number | undefined;
}

export type Cell = string | { readonly text: string; readonly paint: Paint };

/**
 * A table with a heading, a line per row. On a terminal that is too narrow each row becomes a block of `name: value`
 * lines, because a broken table cannot be read.
 */
export function renderTable(heading: readonly string[], rows: readonly (readonly Cell[])[], { style, columns }: TableView): string {
  const textOf = (cell: Cell): string => escapeLine(typeof cell === "string" ? cell : cell.text) || "-";
  const painted = (cell: Cell, width: number): string =>
    typeof cell === "string" ? padTo(textOf(cell), width) : cell.paint(padTo(textOf(cell), width));
  const widths = heading.map((name, index) => Math.max(name.length, ...rows.map((row) => textWidth(textOf(row[index] ?? "")))));
  const total = widths.reduce((sum, width) => sum + width + 2, -2);
  if (columns !== undefined && total > columns) {
    const nameWidth = Math.max(...heading.map((name) => name.length)) + 1;
    return rows
      .map((row) => heading.map((name, index) => `${style.dim(`${name}:`.padEnd(nameWidth))} ${painted(row[index] ?? "", 0)}\n`).join(""))
      .join("\n");
  }
  const line = (cells: readonly string[]): string => `${cells.join("  ").trimEnd()}\n`;
  return (
    line(heading.map((name, index) => style.dim(padTo(name.toUpperCase(), widths[index] ?? 0)))) +
    rows.map((row) => line(heading.map((_, index) => painted(row[index] ?? "", widths[index] ?? 0)))).join("")
  );
}
