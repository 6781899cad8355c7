import type { Diagnostic } from "@ghost/schemas";
import { AGENT_FIELDS } from "../agent-blocks.ts";
import type { Field, Fields } from "../fields.ts";
import { Report } from "../report.ts";
import { SECTION_NAMES } from "../sections.ts";
import type { SpecSource } from "../source.ts";
import { SourceText } from "../source.ts";
import { readText } from "../text/read.ts";
import type { Node } from "../text/tree.ts";
import { VARIABLE_FIELDS } from "../variables.ts";
import { VM_FIELDS } from "../vm-blocks.ts";
import type { KeyOrder } from "./layout.ts";

export interface FormattedSpec {
  /** Present when the text is YAML; what it means is what it meant. */
  readonly text?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The canonical form of one spec file: two spaces of indentation, lines never folded, the keys of a block in the order
 * of the reference, names in the order of the author. Comments stay with what they stand above or behind; quotes and
 * texts stay as they are. Formatting twice changes nothing more. A file of several documents is only trimmed.
 */
export async function formatSpec(source: SpecSource): Promise<FormattedSpec> {
  const report = new Report();
  const file = new SourceText(source, source.folder ?? "/", 0);
  const { roots, problems } = await readText(file.text);
  for (const { code, offset, detail, hint } of problems) report.add(code, { source: file, offset }, detail, { hint });
  if (report.hasProblems) return { diagnostics: report.toDiagnostics() };
  const { layOut } = await import("./layout.ts");
  const text = layOut(file.text, SPEC_ORDER);
  // YAML has corners where a line means something only through its neighbours: a file that has one stays as it is.
  const isSafe = meaningOf((await readText(text)).roots) === meaningOf(roots) && layOut(text, SPEC_ORDER) === text;
  return { text: isSafe ? text : file.text, diagnostics: [] };
}

/** The same for texts that mean the same, in whatever order their keys are. */
function meaningOf(nodes: readonly Node[]): string {
  return JSON.stringify(nodes.map(toMeaning));
}

function toMeaning(node: Node): unknown {
  if (node.kind === "scalar") return [node.text, node.plain];
  if (node.kind === "list") return { list: node.items.map(toMeaning) };
  // A key that stands twice keeps its order: the sort is stable.
  return node.entries.map(({ key, value }) => [key, toMeaning(value)] as const).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

const SPEC_ORDER: KeyOrder = {
  keys: ["ghost", "stack", ...SECTION_NAMES],
  inside: (section) => {
    const fields = section === "variables" ? VARIABLE_FIELDS : section === "agents" ? AGENT_FIELDS : VM_FIELDS;
    return { keys: [], inside: () => orderOf(fields) };
  },
};

function orderOf(fields: Fields): KeyOrder {
  return { keys: [...fields.keys()], inside: (key) => orderInside(fields.get(key)) };
}

function orderInside(field: Field | undefined): KeyOrder | undefined {
  if (field?.fields !== undefined) return orderOf(field.fields);
  const items = field?.of?.fields;
  return items === undefined ? undefined : { keys: [], inside: () => orderOf(items) };
}
