/*
 * What the construct GhostSpec gets of a spec. Types alone and no import: the CDK packages carry a copy of this file, and
 * the reader itself as one bundled module.
 */

export interface ReadOptions {
  /** The spec: a file, or a folder with its *.yaml and *.yml files. As errors show it; from `cwd` on. Either this or `text`. */
  readonly file?: string;
  readonly text?: string;
  /** Values of the spec's variables. */
  readonly variables?: Readonly<Record<string, string | number | boolean>>;
  /** For `${env.NAME}` and `GHOST_VAR_name`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start, absolute. */
  readonly cwd: string;
}

/** Every attribute has the name that generated constructs give it (`ramGb`); keys of maps stay as they are written. */
export type AttributeValues = Readonly<Record<string, unknown>>;

/** A spec without variables, templates and replicas. */
export interface ResolvedSpec {
  readonly stack: string;
  readonly agents: readonly ResolvedAgent[];
  readonly vms: readonly ResolvedVm[];
}

export interface ResolvedAgent {
  readonly name: string;
  /** For `agents` of the provider; the paths are absolute. */
  readonly connection: AttributeValues;
  /** What the agent is to keep; absent when the spec sets nothing. */
  readonly settings?: AttributeValues;
}

export interface ResolvedVm {
  readonly name: string;
  /** Of the resource, but for the values of its secrets. */
  readonly attributes: AttributeValues;
  readonly secrets: readonly ResolvedSecret[];
  /** Names of VMs, replicas included. */
  readonly dependsOn: readonly string[];
  /** Names that no VM has now, and no other VM had. */
  readonly previousNames: readonly string[];
}

export interface ResolvedSecret {
  /** Where in the attributes the value goes, `["cloudInit", "passwordWo"]`. */
  readonly path: readonly [string, ...string[]];
  /** `env:NAME`, or `file:PATH` with an absolute path. */
  readonly reference: string;
}

/** Throws one error whose message tells every problem, each with its file, line, column and caret. */
export type ReadSpec = (options: ReadOptions) => ResolvedSpec;
