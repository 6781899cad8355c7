import { NAME_DOC, NAME_PATTERN, SPEC_VERSION, VARIABLE_NAME_DOC, VARIABLE_NAME_PATTERN } from "@ghost/schemas";
import { nearName, quote } from "./display.ts";
import type { Report } from "./report.ts";
import type { Place, SourceText } from "./source.ts";
import { describePlace } from "./source.ts";
import type { Suggest } from "./suggest.ts";
import { didYouMean } from "./suggest.ts";
import type { Entry, MapNode, Node } from "./text/tree.ts";
import { plainTypeOf } from "./text/tree.ts";

/** One named block of the spec: an agent, a template, a VM, a variable. */
export interface Block {
  readonly key: string;
  readonly source: SourceText;
  readonly keyStart: number;
  readonly node: Node;
}

/** Top-level keys that hold blocks by name, in canonical order. */
export const SECTION_NAMES = ["variables", "agents", "templates", "vms"] as const;
export type SectionName = (typeof SECTION_NAMES)[number];
const TOP_LEVEL = ["ghost", "stack", ...SECTION_NAMES];

/** All files of a spec put together, their blocks by name. */
export interface Sections extends Readonly<Record<SectionName, ReadonlyMap<string, Block>>> {
  readonly stack: Block | undefined;
  /** False when the spec is of another version, so that nothing in it can be judged. */
  readonly isReadable: boolean;
}

export interface Root {
  readonly source: SourceText;
  readonly node: Node;
}

const NAME = new RegExp(NAME_PATTERN, "u");
const VARIABLE_NAME = new RegExp(VARIABLE_NAME_PATTERN, "u");
const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

/**
 * Merges the documents of all files; what stands in two places is reported with both. `start` is where a missing key is
 * reported; undefined when a file could not be read, so that nothing can be called missing.
 */
export function collectSections(report: Report, suggest: Suggest, roots: readonly Root[], start: Place | undefined): Sections {
  const sections: Record<SectionName, Map<string, Block>> = {
    variables: new Map(),
    agents: new Map(),
    templates: new Map(),
    vms: new Map(),
  };
  let stack: Block | undefined;
  const versions = roots.flatMap(({ source, node }) =>
    node.kind === "map" ? node.entries.filter(({ key }) => key === "ghost").map(({ value }) => ({ source, value })) : [],
  );
  if (versions.filter(({ source, value }) => !checkVersion(report, source, value)).length > 0)
    return { ...sections, stack, isReadable: false };
  for (const { source, node } of roots) {
    if (node.kind !== "map") {
      report.add(
        "SPEC_WRONG_TYPE",
        { source, offset: node.start },
        `A spec is a map of ${TOP_LEVEL.join(", ")}; this is ${node.kind === "list" ? "a list" : "a single value"}.`,
        { hint: "Begin with ghost: 1; ghost init writes a whole spec." },
      );
      continue;
    }
    const seen = new Map<string, Entry>();
    for (const entry of node.entries) {
      const { key, keyStart, value } = entry;
      const place = { source, offset: keyStart };
      const before = seen.get(key);
      if (before !== undefined) reportRepeated(report, [key], { source, offset: before.keyStart }, place);
      seen.set(key, before ?? entry);
      if (before !== undefined) continue;
      if (key === "stack") {
        if (stack === undefined) stack = { key, source, keyStart, node: value };
        else reportRepeated(report, [key], { source: stack.source, offset: stack.keyStart }, place);
      } else if (isSection(key)) collectBlocks(report, sections[key], key, source, value);
      else if (key !== "ghost") {
        const hint = didYouMean(suggest(key, TOP_LEVEL)) ?? `The keys of a spec are ${TOP_LEVEL.join(", ")}.`;
        report.add("SPEC_UNKNOWN_KEY", place, `A spec has no key ${quote(key)}.`, { hint, path: [key] });
      }
    }
  }
  const isJudged = start !== undefined && (roots.length === 0 || roots.some(({ node }) => node.kind === "map"));
  if (versions.length === 0 && isJudged) {
    report.add("SPEC_MISSING_KEY", start, `The spec does not say which version of the language it is in.`, {
      hint: `Begin it with ghost: ${SPEC_VERSION}`,
      path: ["ghost"],
    });
  }
  if (stack === undefined && isJudged) {
    report.add("SPEC_MISSING_KEY", start, `The spec has no stack: the name under which agents remember what belongs to it.`, {
      hint: "Add stack: NAME",
      path: ["stack"],
    });
  }
  return { ...sections, stack, isReadable: true };
}

function collectBlocks(report: Report, blocks: Map<string, Block>, section: SectionName, source: SourceText, node: Node): void {
  if (node.kind !== "map") {
    const isEmpty = node.kind === "scalar" && node.text === "";
    report.add(
      "SPEC_WRONG_TYPE",
      { source, offset: node.start },
      `"${section}" is ${isEmpty ? "empty" : node.kind === "list" ? "a list" : "a single value"}; it must be a map of names.`,
      {
        hint: isEmpty ? `Remove the key, or write ${section}: {}` : "Write each as name: … instead of behind a dash.",
        path: [section],
      },
    );
    return;
  }
  const [pattern, doc] = section === "variables" ? [VARIABLE_NAME, VARIABLE_NAME_DOC] : [NAME, NAME_DOC];
  for (const { key, keyStart, value } of (node as MapNode).entries) {
    const place = { source, offset: keyStart };
    const before = blocks.get(key);
    if (before !== undefined) reportRepeated(report, [section, key], { source: before.source, offset: before.keyStart }, place);
    else if (!pattern.test(key))
      report.add("SPEC_BAD_NAME", place, `${quote(key)} cannot be a name in ${section}: it must be ${doc}.`, {
        hint: `For example: ${nearName(key)}`,
        path: [section, key],
      });
    if (before === undefined) blocks.set(key, { key, source, keyStart, node: value });
  }
}

function reportRepeated(report: Report, path: readonly string[], first: Place, second: Place): void {
  const detail = `${quote(path.join("."))} stands twice in the spec: in ${describePlace(first)} and in ${describePlace(second)}. Only one of them could count.`;
  report.add("SPEC_DUPLICATE_KEY", second, detail, { hint: "Remove or rename one of them.", path });
}

/** The version decides how all else is read, so it is a plain number. */
function checkVersion(report: Report, source: SourceText, node: Node): boolean {
  const place = { source, offset: node.start };
  if (node.kind !== "scalar" || plainTypeOf(node) !== "integer" || !DECIMAL.test(node.text)) {
    report.add("SPEC_WRONG_TYPE", place, `"ghost" is the version of the spec language, a plain number.`, {
      hint: `Write ghost: ${SPEC_VERSION}`,
      path: ["ghost"],
    });
    return true;
  }
  if (node.text === String(SPEC_VERSION)) return true;
  report.add(
    "SPEC_VERSION",
    place,
    `The spec is in version ${quote(node.text)} of the language; this Ghost reads version ${SPEC_VERSION}.`,
    { hint: `Write ghost: ${SPEC_VERSION}, or use the Ghost that the spec was written for.`, path: ["ghost"] },
  );
  return false;
}

function isSection(key: string): key is SectionName {
  return (SECTION_NAMES as readonly string[]).includes(key);
}
