import { problem } from "@ghost/schemas";
import type { Diagnostic, SourceLocation } from "@ghost/schemas";

export type Path = readonly (string | number)[];

/** Values, and where each of them was written. */
export interface ConfigSource {
  /** Keys and values as written; absent for a file that cannot be read as YAML. */
  readonly value: unknown;
  readonly problems: readonly Diagnostic[];
  /** Where a value stands, or with `key` its key; undefined for what is not in the file. */
  locate(path: Path, key?: "key"): Pick<Diagnostic, "at" | "sourceLine"> | undefined;
}

const MAX_BYTES = 1_000_000;

export const NO_SOURCE: ConfigSource = { value: {}, problems: [], locate: () => undefined };

/** Reads the text of agent.yaml. Never throws. */
export async function readSource(file: string, text: string): Promise<ConfigSource> {
  if (text.length > MAX_BYTES) {
    return {
      ...NO_SOURCE,
      problems: problem("AGENT_CONFIG", `${file} has more than ${MAX_BYTES} characters; an agent.yaml has some thousand.`, {
        hint: "Is it the right file?",
      }).diagnostics,
    };
  }
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2", logLevel: "silent" });

  const place = (offset: number): { at: SourceLocation; sourceLine: string } => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { at: { file, line, column: col }, sourceLine: lineOf(text, lines.lineStarts[line - 1] ?? 0) };
  };
  const locate: ConfigSource["locate"] = (path, key) => {
    let node: unknown = document.contents;
    let offset = path.length === 0 ? rangeStart(node) : undefined;
    for (const [depth, name] of path.entries()) {
      if (isSeq(node)) {
        node = node.items[Number(name)];
        offset = rangeStart(node) ?? offset;
        continue;
      }
      if (!isMap(node)) return undefined;
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(name));
      if (pair === undefined) return undefined;
      const wanted = key === "key" && depth === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      offset = rangeStart(wanted) ?? rangeStart(pair.key);
      node = pair.value;
    }
    return offset === undefined ? undefined : place(offset);
  };

  const problems = document.errors.slice(0, 10).map(({ code, message, pos }): Diagnostic => ({
    code: "AGENT_CONFIG",
    severity: "error",
    detail: code === "DUPLICATE_KEY" ? "The same key is written twice in one section." : `It is not YAML: ${message}.`,
    hint: code === "TAB_AS_INDENT" ? "Indent with spaces." : "Correct the line; the keys are described in docs/reference/agent-config.md.",
    ...place(pos[0]),
  }));
  if (problems.length > 0) return { value: undefined, problems, locate };
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) ?? {}, problems, locate };
  } catch (reason) {
    // An alias without its anchor, or aliases that multiply: the one thing that parsing does not see.
    const detail = `It is not usable YAML: ${reason instanceof Error ? reason.message : String(reason)}.`;
    return {
      value: undefined,
      problems: problem("AGENT_CONFIG", detail, { hint: "Write aliased values out.", at: { file, line: 1, column: 1 } }).diagnostics,
      locate,
    };
  }
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0];
}

/** The line for display; what a terminal would obey is shown as �. */
function lineOf(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text
    .slice(start, end < 0 ? undefined : end)
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/g, "\ufffd");
}
