import type { Diagnostic } from "@ghost/schemas";
import { specAttributes } from "@ghost/schemas";
import type { Desired } from "../desired.ts";
import { resolveAgents } from "./agent-blocks.ts";
import { checkOrder } from "./check-order.ts";
import { checkVms } from "./check-vms.ts";
import { decodeValue } from "./decode.ts";
import { fieldOf } from "./fields.ts";
import { hashSpec } from "./hash.ts";
import { Report } from "./report.ts";
import type { Reading } from "./scope.ts";
import { openScope } from "./scope.ts";
import type { Block, Root } from "./sections.ts";
import { collectSections } from "./sections.ts";
import type { Place, SpecSource } from "./source.ts";
import { SourceText } from "./source.ts";
import { createSuggest } from "./suggest.ts";
import type { ReadText } from "./text/read.ts";
import { readText } from "./text/read.ts";
import { readVariables, reportUnused } from "./variables.ts";
import { resolveVms } from "./vm-blocks.ts";

export interface ParseOptions {
  /** Where relative paths of a source without a folder start, absolute. */
  readonly cwd: string;
  /** Values of variables: `name=value` from the command line, and files of `--var-file` in their order. */
  readonly variables?: { readonly cli?: readonly string[]; readonly files?: readonly SpecSource[] };
  /** For `${env.NAME}` and `GHOST_VAR_name`; empty when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ParsedSpec {
  /** Present when nothing is wrong. */
  readonly desired?: Desired;
  /** Every problem, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[];
}

const STACK_FIELD = fieldOf("stack", specAttributes.stack);

/**
 * Text to `Desired`: reads, checks and resolves all files of one spec. Never throws on bad input; does no I/O (it is
 * asynchronous because the full YAML parser is loaded only when it is needed).
 */
export async function parseSpec(sources: readonly SpecSource[], options: ParseOptions): Promise<ParsedSpec> {
  const { spec, variables } = toTexts(sources, options);
  const read = (source: SourceText): Promise<ReadSource> => readText(source.text).then((content) => ({ source, ...content }));
  return resolveSpec(await Promise.all(spec.map(read)), await Promise.all(variables.map(read)), options);
}

/** One source with what its text says. */
export interface ReadSource extends ReadText {
  readonly source: SourceText;
}

/** The files of the spec and those of variables, in the order in which problems are told. */
export function toTexts(
  sources: readonly SpecSource[],
  { cwd, variables }: ParseOptions,
): { readonly spec: readonly SourceText[]; readonly variables: readonly SourceText[] } {
  return {
    spec: sources.map((source, order) => new SourceText(source, cwd, order)),
    variables: (variables?.files ?? []).map((source, order) => new SourceText(source, cwd, sources.length + order)),
  };
}

/** Everything of `parseSpec` but the reading of YAML. */
export function resolveSpec(spec: readonly ReadSource[], files: readonly ReadSource[], options: ParseOptions): ParsedSpec {
  const report = new Report();
  const texts = spec.map(({ source }) => source);
  const roots = spec.flatMap((read) => rootsOf(report, read));
  const given = files.map((read) => ({ source: read.source, root: rootsOf(report, read)[0]?.node }));
  const isWhole = !report.hasProblems;

  const suggest = createSuggest();
  const sections = collectSections(report, suggest, roots, isWhole ? findStart(texts, roots) : undefined);
  if (!sections.isReadable) return { diagnostics: report.toDiagnostics() };
  const env = options.env ?? {};
  const variables = readVariables({ report, suggest, env }, sections.variables, { cli: options.variables?.cli ?? [], files: given, env });
  const reading: Reading = { report, suggest, variables, env };
  const stack = readStack(reading, sections.stack);
  const agents = resolveAgents(reading, sections.agents);
  const vms = resolveVms(reading, sections);
  // What a file that cannot be read declares is not known, so nothing can be called missing or unused.
  if (isWhole) {
    checkVms(reading, sections, vms);
    checkOrder(reading, sections.vms, vms);
    reportUnused(report, variables);
  }
  if (report.hasProblems || stack === undefined) return { diagnostics: report.toDiagnostics() };
  return { desired: { stack, agents, vms, specHash: hashSpec(stack, agents, vms) }, diagnostics: [] };
}

/** Where a missing top-level key is reported. */
function findStart([first]: readonly SourceText[], [root]: readonly Root[]): Place | undefined {
  if (root !== undefined) return { source: root.source, offset: root.node.start };
  return first === undefined ? undefined : { source: first, offset: 0 };
}

function rootsOf(report: Report, { source, roots, problems }: ReadSource): readonly Root[] {
  for (const { code, offset, detail, hint } of problems) report.add(code, { source, offset }, detail, { hint });
  return roots.map((node) => ({ source, node }));
}

function readStack(reading: Reading, block: Block | undefined): string | undefined {
  if (block === undefined) return undefined;
  const scope = openScope(reading, { source: block.source });
  scope.path.push("stack");
  return decodeValue(scope, STACK_FIELD, block.node) as string | undefined;
}
