import type { Diagnostic } from "@ghost/schemas";
import { AGENT_FIELDS } from "../agent-blocks.ts";
import type { Field, Fields } from "../fields.ts";
import { Report } from "../report.ts";
import { SECTION_NAMES } from "../sections.ts";
import type { SpecSource } from "../source.ts";
import { SourceText } from "../source.ts";
import { readText } from "../text/read.ts";
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
  const { problems } = await readText(file.text);
  for (const { code, offset, detail, hint } of problems) report.add(code, { source: file, offset }, detail, { hint });
  if (report.hasProblems) return { diagnostics: report.toDiagnostics() };
  const { layOut } = await import("./layout.ts");
  return { text: layOut(file.text, SPEC_ORDER), diagnostics: [] };
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
