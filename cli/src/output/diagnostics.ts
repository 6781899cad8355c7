import type { Diagnostic } from "@ghost/schemas";
import { codes } from "@ghost/schemas";
import { escapeLine, escapeText } from "./escape.ts";
import type { Style } from "./style.ts";
import { textWidth } from "./width.ts";
import { wrap } from "./wrap.ts";

export interface DiagnosticView {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** How much of a source line is shown where no terminal says how wide it is. */
const DEFAULT_COLUMNS = 120;
const TAB = "    ";

/** Every problem as text: errors last, because the end is what a person sees first. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], view: DiagnosticView): string {
  const ordered = [...diagnostics.filter((d) => d.severity === "warning"), ...diagnostics.filter((d) => d.severity === "error")];
  return ordered.map((diagnostic) => renderDiagnostic(diagnostic, view)).join("\n");
}

/** One problem: what kind, where, the line with a caret, the sentences, the hint. Ends with a newline. */
export function renderDiagnostic(diagnostic: Diagnostic, view: DiagnosticView): string {
  const { style, columns } = view;
  const { code, severity, detail, hint, at, agent } = diagnostic;
  const word = severity === "error" ? style.bad(style.bold("Error:")) : style.warn(style.bold("Warning:"));
  const about = agent === undefined ? "" : style.dim(` agent ${escapeLine(agent)}`);
  const lines = [wrap(`${word} ${style.bold(codes[code].summary)} ${style.dim(`[${code}]`)}${about}`, { columns, hanging: "  " })];
  if (at !== undefined) {
    lines.push(`  ${style.note(`${escapeLine(at.file)}:${at.line}:${at.column}`)}`);
    if (diagnostic.sourceLine !== undefined) lines.push(...caretLines(diagnostic.sourceLine, at.line, at.column, view));
  }
  for (const line of escapeText(detail).split("\n")) lines.push(wrap(line, { columns, indent: "  " }));
  if (hint !== undefined) {
    const [first = "", ...more] = escapeText(hint).split("\n");
    lines.push(wrap(`${style.note("Hint:")} ${first}`, { columns, indent: "  ", hanging: "    " }));
    for (const line of more) lines.push(wrap(line, { columns, indent: "    " }));
  }
  return `${lines.join("\n")}\n`;
}

/** The source line and a caret under the column; a long line is cut around the column. */
function caretLines(sourceLine: string, line: number, column: number, { style, columns }: DiagnosticView): string[] {
  const gutter = `  ${line} | `;
  const room = Math.max(20, (columns ?? DEFAULT_COLUMNS) - gutter.length);
  const at = Math.max(0, Math.min(column - 1, sourceLine.length));
  const before = printable(sourceLine.slice(0, at));
  const after = printable(sourceLine.slice(at));
  const head = cutStart(before, Math.max(room - 20, Math.floor(room / 2)));
  const tail = cutEnd(after, room - textWidth(head));
  return [
    style.dim(gutter) + head + tail,
    `${style.dim(`${" ".repeat(gutter.length - 2)}| `)}${" ".repeat(textWidth(head))}${style.bad("^")}`,
  ];
}

function printable(text: string): string {
  return escapeLine(text.replaceAll("\t", TAB));
}

/** The end of the text that fits the width; every cut shows as an ellipsis. */
function cutStart(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const kept: string[] = [];
  let used = 1;
  for (const char of Array.from(text.slice(-4 * width)).toReversed()) {
    used += textWidth(char);
    if (used > width) break;
    kept.push(char);
  }
  return `…${kept.toReversed().join("")}`;
}

function cutEnd(text: string, width: number): string {
  if (text.length <= width && textWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const char of text.slice(0, 4 * width)) {
    used += textWidth(char);
    if (used > width) break;
    kept += char;
  }
  return `${kept}…`;
}
