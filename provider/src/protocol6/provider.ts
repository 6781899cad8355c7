/*
 * What a provider is, in plain data and functions: no message of the protocol, no gRPC. `serve` (serve.ts) puts one on
 * the wire.
 *
 * (1) Every state, plan and configuration is an object with exactly the attributes of its schema, in both directions;
 *     what a provider leaves out is null.
 * (2) Diagnostics are collected, not thrown. What is thrown is a bug and becomes an error diagnostic all the same,
 *     never a broken call.
 * (3) A path is attribute names and keys as they are read from the outside in, `["disks", "data", "size_gb"]`; which of
 *     them is an attribute and which a key, the schema says.
 * (4) Whoever implements this may be asked for many objects at once.
 */
import type { FunctionSchema, IdentitySchema, Schema } from "./schema.ts";
import type { Value, Values } from "./value.ts";

export type Path = readonly (string | number)[];

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  readonly path?: Path;
}

/** Passed to every call that may take time. */
export interface Context {
  /** Aborted when Terraform asks to stop, or hangs up. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Lines for Terraform's log; TF_LOG decides what is seen. Never a secret. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

interface Answer {
  readonly diagnostics?: readonly Diagnostic[];
}

/** Bytes that Terraform keeps beside the state for the provider, as JSON. */
export type Private = unknown;

export interface ReadRequest {
  readonly state: Values;
  readonly private: Private;
  readonly identity?: Values;
}

export interface ReadAnswer extends Answer {
  /** Null when the object is gone. Left out when it could not be read: the state stays as it is. */
  readonly state?: Values | null;
  readonly private?: Private;
  readonly identity?: Values;
}

export interface PlanRequest {
  /** Null for a create. */
  readonly prior: Values | null;
  /** Null for a delete. */
  readonly proposed: Values | null;
  /** Null for a delete. */
  readonly config: Values | null;
  readonly priorPrivate: Private;
  readonly identity?: Values;
}

export interface PlanAnswer extends Answer {
  readonly planned: Values | null;
  /** Attributes whose change needs another object. */
  readonly requiresReplace?: readonly Path[];
  readonly private?: Private;
  readonly identity?: Values;
}

export interface ApplyRequest {
  readonly prior: Values | null;
  readonly planned: Values | null;
  /** With the values of write-only attributes. */
  readonly config: Values | null;
  readonly plannedPrivate: Private;
  readonly identity?: Values;
}

export interface ApplyAnswer extends Answer {
  /** What exists now, also after an error: Terraform keeps it, and marks what was to be created as tainted. Null when nothing does. */
  readonly state: Values | null;
  readonly private?: Private;
  readonly identity?: Values;
}

export interface ImportRequest {
  /** One of the two. */
  readonly id?: string;
  readonly identity?: Values;
}

export interface ImportAnswer extends Answer {
  /** What is known of the object; it is read right after. Left out when it cannot be imported. */
  readonly state?: Values;
  readonly private?: Private;
  readonly identity?: Values;
}

export interface MoveRequest {
  /** `registry.terraform.io/…`. */
  readonly sourceProvider: string;
  readonly sourceType: string;
  readonly sourceVersion: number;
  /** The other type's state as JSON. */
  readonly sourceState: unknown;
  readonly sourcePrivate: Private;
}

export interface Resource {
  readonly schema: Schema;
  readonly identity?: IdentitySchema;
  validate?(config: Values): Promise<readonly Diagnostic[]>;
  /** From the JSON of an older schema version to the values of this one. The same version never asks; a newer one is refused before. */
  upgrade?(version: number, state: Readonly<Record<string, unknown>>): Values;
  /** Told of each object that the state has, as JSON, also where nothing is refreshed: what is replaced is never read then. */
  stored?(state: Readonly<Record<string, unknown>>): void;
  read(request: ReadRequest, context: Context): Promise<ReadAnswer>;
  plan(request: PlanRequest, context: Context): Promise<PlanAnswer>;
  apply(request: ApplyRequest, context: Context): Promise<ApplyAnswer>;
  import?(request: ImportRequest, context: Context): Promise<ImportAnswer>;
  move?(request: MoveRequest): Promise<ImportAnswer>;
  /** Finds existing objects; `schema` is that of the question. */
  readonly list?: {
    readonly schema: Schema;
    find(config: Values, options: { readonly limit: number; readonly withState: boolean }, context: Context): AsyncIterable<ListedObject>;
  };
}

export interface ListedObject extends Answer {
  readonly displayName: string;
  /** Left out when there are only diagnostics: a warning, and the search goes on. */
  readonly identity?: Values;
  readonly state?: Values;
}

export interface DataSource {
  readonly schema: Schema;
  validate?(config: Values): Promise<readonly Diagnostic[]>;
  read(config: Values, context: Context): Promise<Answer & { readonly state?: Values }>;
}

export interface ProviderFunction {
  readonly schema: FunctionSchema;
  /** Throws `FunctionError` for what is wrong with an argument. */
  call(args: readonly Value[]): Promise<Value>;
}

export class FunctionError extends Error {
  override readonly name = "FunctionError";
  /** Which argument, from zero. */
  readonly argument?: number;

  constructor(message: string, argument?: number) {
    super(message);
    if (argument !== undefined) this.argument = argument;
  }
}

export interface Action {
  readonly schema: Schema;
  validate?(config: Values): Promise<readonly Diagnostic[]>;
  plan?(config: Values, context: Context): Promise<readonly Diagnostic[]>;
  /** Tells of its progress line by line. */
  invoke(config: Values, progress: (message: string) => void, context: Context): Promise<readonly Diagnostic[]>;
}

export interface Provider {
  /** Of the provider's block. */
  readonly schema: Schema;
  /** By type name, for example `cloud_server`. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly dataSources: Readonly<Record<string, DataSource>>;
  readonly functions: Readonly<Record<string, ProviderFunction>>;
  readonly actions: Readonly<Record<string, Action>>;
  validateConfig?(config: Values): Promise<readonly Diagnostic[]>;
  /** Before anything but validation and functions; again for each walk. Parts may be unknown while planning. */
  configure(config: Values, terraformVersion: string, context: Context): Promise<readonly Diagnostic[]>;
}
