import type { SpecSource } from "@ghost/engine";
import type { Diagnostic } from "@ghost/schemas";

/** Longer lines are not shown. */
const LONGEST_LINE = 4_000;

/** Adds the text of the line to problems that a plan found: the planner knows where, not what stands there. */
export function withSourceLines(diagnostics: readonly Diagnostic[], sources: readonly SpecSource[]): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    if (diagnostic.at === undefined || diagnostic.sourceLine !== undefined) return diagnostic;
    const { file, line } = diagnostic.at;
    const text = sources.find((source) => source.file === file)?.text.split(/\r?\n/)[line - 1];
    return text === undefined || text.length > LONGEST_LINE ? diagnostic : { ...diagnostic, sourceLine: text };
  });
}
