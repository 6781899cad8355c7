import type { Json, ObservedVm, PlanStep, VmConfig } from "@ghost/schemas";
import { projectVm } from "@ghost/engine";
import type { Private } from "../../protocol6/provider.ts";

/**
 * What a VM was when it was read. Terraform gives it back unchanged when it plans and when it applies a saved plan, so
 * it is what binds a plan to the machine that the plan was made for.
 */
export interface Seen {
  readonly agent_id: string;
  readonly uid: string;
  readonly revision: string;
  /** Behind the revision, so that a refusal can say what moved. */
  readonly projection: Json;
  /** A fact that impacts depend on and that no revision covers. */
  readonly guest_agent: boolean;
  /** A step was not done until it was seen ready; absent where an older release wrote it. */
  readonly is_awaited?: boolean;
  /** Recorded with the VM: what holds where a configuration says nothing. */
  readonly defaults: VmConfig;
}

/** What is kept beside the state of a VM. */
export interface VmPrivate {
  readonly seen?: Seen;
  /** Of a plan: what is done, and nothing else. Absent while something of it is not known. */
  readonly steps?: readonly Omit<PlanStep, "hash">[];
  /** Of the plan of a replacement: how the old VM goes. Terraform plans the two as one, and applies them as two. */
  readonly gone?: readonly Omit<PlanStep, "hash">[];
}

export function toSeen(agentId: string, vm: ObservedVm): Seen {
  const { uid, revision, guestAgent, isAwaited, defaults } = vm;
  return { agent_id: agentId, uid, revision, projection: projectVm(vm), guest_agent: guestAgent, is_awaited: isAwaited, defaults };
}

/** Nothing for a state that is of an older version, or was just imported. */
export function toVmPrivate(value: Private): VmPrivate {
  return typeof value === "object" && value !== null ? (value as VmPrivate) : {};
}
