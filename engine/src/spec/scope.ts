import { quote } from "./display.ts";
import type { Report } from "./report.ts";
import type { SectionName } from "./sections.ts";
import type { Place, SourceText } from "./source.ts";
import type { Suggest } from "./suggest.ts";
import type { Node } from "./text/tree.ts";
import type { Variables } from "./variables.ts";

/** What holds for a whole spec while it is read. */
export interface Reading {
  readonly report: Report;
  readonly suggest: Suggest;
  readonly variables: Variables;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where in the spec a value stands; one for each block, its path moves along. */
export interface Scope extends Reading {
  readonly source: SourceText;
  /** The block, in words only when a problem needs them; without a section the top level. */
  readonly section: SectionName | undefined;
  readonly key: string;
  /** The VM that a template is read for, where that is what makes it wrong. */
  readonly forVm: string | undefined;
  /** Below the block. */
  readonly path: (string | number)[];
  /** Number of the replica; undefined where there is none. */
  readonly index: number | undefined;
  /** Set once `${index}` was read. */
  usesIndex: boolean;
  /** References by dotted path, as written; undefined until there is one. */
  secrets: Record<string, string> | undefined;
  /** What to say of keys that people write in this block and that belong elsewhere. */
  readonly hints: ReadonlyMap<string, string>;
}

interface ScopeFacts {
  readonly source: SourceText;
  readonly section?: SectionName;
  readonly key?: string;
  readonly forVm?: string | undefined;
  readonly index?: number | undefined;
  readonly hints?: ReadonlyMap<string, string>;
}

const NO_HINTS: ReadonlyMap<string, string> = new Map();
const BLOCK_NAMES: Readonly<Record<SectionName, string>> = { variables: "variable", agents: "agent", templates: "template", vms: "VM" };

export function openScope({ report, suggest, variables, env }: Reading, facts: ScopeFacts): Scope {
  const { source, section, key = "", forVm, index, hints = NO_HINTS } = facts;
  return { report, suggest, variables, env, source, section, key, forVm, path: [], index, usesIndex: false, secrets: undefined, hints };
}

/** `VM "web"`; undefined at the top level. */
export function ownerOf({ section, key, forVm }: Scope): string | undefined {
  if (section === undefined) return undefined;
  return `${BLOCK_NAMES[section]} ${quote(key)}${forVm === undefined ? "" : ` (for VM ${quote(forVm)})`}`;
}

function placeOf(scope: Scope, offset: number): Place {
  return { source: scope.source, offset };
}

/** `"disks.data.size_gb" of VM "web"`. */
export function nameOf(scope: Scope): string {
  const owner = ownerOf(scope);
  if (owner === undefined) return quote(scope.path.join("."));
  return scope.path.length === 0 ? upperFirst(owner) : `${quote(scope.path.join("."))} of ${owner}`;
}

/** Adds a problem of the value that the path is at. */
export function addProblem(scope: Scope, code: Parameters<Report["add"]>[0], offset: number, detail: string, hint: string): void {
  const base = scope.section === undefined ? [] : [scope.section, scope.key];
  scope.report.add(code, placeOf(scope, offset), detail, { hint, path: [...base, ...scope.path] });
}

/** What a value is, for "… is a list". */
export function kindName(node: Node): string {
  return node.kind === "scalar" ? "a single value" : `a ${node.kind}`;
}

export function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
