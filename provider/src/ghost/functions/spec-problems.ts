import type { Diagnostic } from "@ghost/schemas";
import { codes } from "@ghost/schemas";

/** Further ones are only counted: Terraform prints all of it below its own words. */
const SHOWN = 10;

/** What is wrong with a spec, in the words of `ghost validate`: place, line with a caret, sentence, hint. */
export function describeProblems(diagnostics: readonly Diagnostic[]): string {
  const shown = diagnostics.slice(0, SHOWN).map(describeProblem);
  if (diagnostics.length > SHOWN) shown.push(`And ${diagnostics.length - SHOWN} more problems; ghost validate shows all.`);
  if (diagnostics.some(({ code }) => code === "VARIABLE_UNDEFINED"))
    shown.push("parse_spec reads no environment; it takes variables behind the text: parse_spec(text, { name = value }).");
  return shown.join("\n\n");
}

/** One of them, without a newline at its end. */
export function describeProblem({ code, detail, hint, at, sourceLine }: Diagnostic): string {
  const lines = [`${codes[code].summary} [${code}]`];
  if (at !== undefined) {
    lines.push(`  ${at.file}:${at.line}:${at.column}`);
    if (sourceLine !== undefined) lines.push(...caretLines(sourceLine, at.line, at.column));
  }
  lines.push(...detail.split("\n").map((line) => `  ${line}`));
  if (hint !== undefined) lines.push(`  Hint: ${hint.split("\n").join("\n    ")}`);
  return lines.join("\n");
}

/** Terraform counts code points too, and its own snippets keep tabs. */
function caretLines(sourceLine: string, line: number, column: number): readonly string[] {
  const gutter = `  ${line} | `;
  const before = sourceLine.slice(0, column - 1).replace(/[^\t]/gu, " ");
  return [`${gutter}${sourceLine}`, `${" ".repeat(gutter.length - 2)}| ${before}^`];
}
