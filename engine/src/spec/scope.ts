import { quote } from "./display.ts";
import type { Report } from "./report.ts";
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
  /** `vm "web"`; empty at the top level. */
  readonly owner: string;
  /** Path of the block: `["vms", "web"]`. */
  readonly base: readonly string[];
  /** Below the block. */
  readonly path: (string | number)[];
  /** Number of the replica; undefined where there is none. */
  readonly index: number | undefined;
  /** Set once `${index}` was read. */
  usesIndex: boolean;
  /** References by dotted path, as written. */
  readonly secrets: Record<string, string>;
  /** What to say of keys that people write in this block and that belong elsewhere. */
  readonly hints: ReadonlyMap<string, string>;
}

interface ScopeFacts {
  readonly source: SourceText;
  readonly owner: string;
  readonly base: readonly string[];
  readonly index?: number | undefined;
  readonly hints?: ReadonlyMap<string, string>;
}

const NO_HINTS: ReadonlyMap<string, string> = new Map();

export function openScope(
  { report, suggest, variables, env }: Reading,
  { source, owner, base, index, hints = NO_HINTS }: ScopeFacts,
): Scope {
  return { report, suggest, variables, env, source, owner, base, path: [], index, usesIndex: false, secrets: {}, hints };
}

export function placeOf(scope: Scope, offset: number): Place {
  return { source: scope.source, offset };
}

/** `"disks.data.size_gb" of vm "web"`. */
export function nameOf(scope: Scope): string {
  const path = scope.path.length === 0 ? (scope.base.at(-1) ?? "") : scope.path.join(".");
  return scope.path.length === 0 && scope.owner !== ""
    ? upperFirst(scope.owner)
    : `${quote(path)}${scope.owner === "" ? "" : ` of ${scope.owner}`}`;
}

/** Adds a problem of the value that the path is at. */
export function addProblem(scope: Scope, code: Parameters<Report["add"]>[0], offset: number, detail: string, hint: string): void {
  scope.report.add(code, placeOf(scope, offset), detail, { hint, path: [...scope.base, ...scope.path] });
}

/** What a value is, for "… is a list". */
export function kindName(node: Node): string {
  return node.kind === "scalar" ? "a single value" : `a ${node.kind}`;
}

export function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
