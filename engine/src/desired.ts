import type { AgentSettings, PlanTls, SourceLocation, VmConfig } from "@ghost/schemas";

/** Which layer of the spec gave a value. */
export interface Origin {
  readonly at: SourceLocation;
  readonly layer: "vm" | "template" | "agent" | "variable" | "default";
  /** Name of the template or variable. */
  readonly name?: string;
}

/** One VM that the spec asks for, replicas expanded. */
export interface DesiredVm {
  readonly name: string;
  /** Key of the block in `vms`; differs from the name for replicas. */
  readonly key: string;
  /** Number of the replica, from 1. */
  readonly index?: number;
  readonly agent: string;
  /** What a person set (template merged in), canonical; defaults are not filled in. Has `name`. */
  readonly config: VmConfig;
  /** Keys of `vms`. */
  readonly dependsOn: readonly string[];
  readonly previousNames: readonly string[];
  readonly adopt: boolean;
  /** `env:X` or `file:PATH` (absolute) by dotted attribute path. */
  readonly secrets: Readonly<Record<string, string>>;
  /** By dotted attribute path (`disks.data.size_gb`); the block itself under the empty path. */
  readonly origins: Readonly<Record<string, Origin>>;
}

export interface DesiredAgent {
  readonly name: string;
  /** Resolved: the path of `unix:` and `embedded:` is absolute. */
  readonly address: string;
  readonly tls?: PlanTls;
  readonly timeoutMs: number;
  readonly settings: AgentSettings;
  readonly at: SourceLocation;
  /** By dotted attribute path; absent for an agent that no spec file has. */
  readonly origins?: Readonly<Record<string, Origin>>;
}

/** A whole spec, resolved: the input of the planner. */
export interface Desired {
  readonly stack: string;
  readonly agents: readonly DesiredAgent[];
  readonly vms: readonly DesiredVm[];
  /** `sha256:…` of the canonical resolved spec. */
  readonly specHash: string;
}
