/**
 * The plan document: one JSON object that every view renders and `ghost apply FILE` carries out.
 * Its data is snake_case because people and programs read it; schemas/json/plan.schema.json describes it.
 */
import type { Diagnostic } from "./diagnostic.ts";
import type { Impact } from "./impact.ts";
import type { Resources, SetAgent, SetMember, SetVersion } from "./observed.ts";
import type { AgentTemplateConfig } from "./resources/agent-template.ts";
import type { AgentSettings } from "./resources/agent.ts";
import type { VmConfig } from "./vm-config.ts";

export const PLAN_FORMAT_VERSION = "1.0";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type ChangeCause = "spec" | "drift";

/** One attribute that a step changes. */
export interface Change {
  /** `["disks", "data", "size_gb"]`. */
  readonly path: readonly string[];
  readonly op: "add" | "remove" | "update";
  readonly before?: Json;
  /** Absent when removed or not known yet. */
  readonly after?: Json;
  /** Present when the live value is not what was last applied. */
  readonly last_applied?: Json;
  /** `drift`: the spec did not change, the machine did. */
  readonly cause: ChangeCause;
  readonly impact: Impact;
  /** The fact that decides the impact, as a clause: "8 GiB is within ram_max_gb (16 GiB)". */
  readonly reason: string;
  readonly sensitive?: boolean;
  /** The new value is known only after another change; the impact is the attribute's worst. */
  readonly unknown?: boolean;
  /** The running machine has `after`; `before` is stored for its next boot. */
  readonly pending?: boolean;
}

export type StepKind = "vm" | "template" | "agent";
/** A `restart` changes nothing, so no plan document has one: it is bound and carried out as a step of its own. */
export type StepAction = "create" | "update" | "delete" | "adopt" | "release" | "settings" | "restart";

/** What is hashed, sent to the agent, and bound: an agent does this or nothing. */
export interface StepBody {
  readonly id: string;
  readonly agent_id: string;
  readonly kind: StepKind;
  readonly action: StepAction;
  readonly name: string;
  readonly uid: string;
  /** Empty for a create. */
  readonly revision: string;
  readonly impact: Impact;
  /** Complete desired state of a VM, defaults filled in; absent for delete and release. */
  readonly vm?: VmConfig;
  /** Recorded with a new or adopted VM. */
  readonly defaults?: VmConfig;
  readonly settings?: AgentSettings;
  /** Complete desired state of a template that the agent keeps; absent for delete and release. */
  readonly template?: AgentTemplateConfig;
  /** The object's present name, when this step renames it. */
  readonly previous_name?: string;
}

export interface PlanStep {
  /** `<agent>/<kind>/<name>`, unique in the plan. */
  readonly id: string;
  /** Name of the agent in the spec. */
  readonly agent: string;
  readonly body: StepBody;
  readonly hash: string;
  readonly impact: Impact;
  /** Why the step is needed and has that impact, in a clause. */
  readonly reason: string;
  /** Sorted worst impact first, then by path. */
  readonly changes: readonly Change[];
  /** Ids of steps that must have succeeded before. */
  readonly depends_on: readonly string[];
  /** Where each secret's value comes from (`env:X`, `file:PATH`) by attribute path; never the value. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The projection behind `body.revision`. */
  readonly projection?: Json;
  /** Live owner, where it is not the plan's own. */
  readonly owner?: string;
}

/** The bound part; its canonical form's SHA-256 is the plan hash. */
export interface PlanHeader {
  readonly format: number;
  readonly owner: string;
  readonly spec_hash: string;
  readonly steps_root: string;
  /** Of everything that the plan says outside its header: an approval of `plan_hash` approves it all. */
  readonly document_hash: string;
  readonly step_count: number;
  readonly max_impact: Impact;
  /** RFC 3339, UTC, whole seconds. */
  readonly expires_at: string;
  readonly git_commit: string;
}

/** Proof that a step belongs to a plan: the sibling hashes from the step up to `steps_root`. */
export interface StepProof {
  readonly index: number;
  readonly siblings: readonly string[];
}

export interface PlanTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly server_name?: string;
}

export interface PlanAgent {
  readonly name: string;
  /** Resolved: paths are absolute. */
  readonly address: string;
  readonly tls?: PlanTls;
  readonly timeout_s: number;
  readonly reachable: boolean;
  /** Empty when it did not answer. */
  readonly agent_id: string;
  readonly version: string;
  readonly hypervisor: string;
  readonly total?: Resources;
  readonly reserved?: Resources;
  /** Available before the plan. */
  readonly available?: Resources;
  /** Available once the plan is applied. */
  readonly available_after?: Resources;
}

/** An object whose home could not be asked: neither created, nor placed elsewhere, nor deleted. */
export interface PlanUnknown {
  readonly agent: string;
  readonly kind: "vm" | "template";
  readonly name: string;
  readonly uid: string;
  readonly reason: string;
}

export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly adopt: number;
  readonly release: number;
  readonly settings: number;
  readonly unchanged: number;
  readonly unknown: number;
  /** Objects with at least one live value that is not what was last applied. */
  readonly drifted: number;
  readonly worst_impact: Impact;
}

export interface PlanDocument {
  readonly type: "plan";
  readonly format_version: typeof PLAN_FORMAT_VERSION;
  readonly ghost_version: string;
  readonly created_at: string;
  readonly stack: string;
  readonly plan_hash: string;
  readonly header: PlanHeader;
  readonly summary: PlanSummary;
  readonly agents: readonly PlanAgent[];
  readonly steps: readonly PlanStep[];
  readonly unknown: readonly PlanUnknown[];
  /** An error here means that the plan cannot be applied. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the stack's set record becomes; widened to it before the first step, narrowed to it after the last. */
  readonly set: {
    readonly serial: number;
    readonly members: readonly SetMember[];
    readonly agents: readonly SetAgent[];
    /** Reachable agents whose copy of the record is another one, by name in the spec. */
    readonly outdated?: readonly string[];
    /** The copies of reachable agents as the plan found them: none is replaced that is another one by then. */
    readonly copies?: readonly PlanSetCopy[];
  };
}

export interface PlanSetCopy extends SetVersion {
  /** Name in the spec. */
  readonly agent: string;
}
