import { IMPACTS, problem } from "@ghost/schemas";
import type { Impact } from "@ghost/schemas";
import type { ActOnVmRequest } from "../../gen/ghost/host/v1/host.ts";
import { requireOneOf } from "./require.ts";

const ACTIONS = ["restart", "suspend", "resume", "snapshot-create", "snapshot-revert", "snapshot-delete"] as const;
/** What a person can ask of one VM without a plan, beside starting and stopping it. */
export type VmAction = (typeof ACTIONS)[number];

export interface VmAct {
  /** Chosen by the caller; the same id again is the same operation. */
  readonly operationId: string;
  /** Id or name. */
  readonly vm: string;
  readonly action: VmAction;
  /** Name of the snapshot that it is about. */
  readonly snapshot?: string;
  /** Of a snapshot that is made. */
  readonly description?: string;
  /** The worst that may happen to the VM. Defaults to anything. */
  readonly maxImpact?: Impact;
}

export function vmActToWire({ operationId, vm, action, snapshot = "", description = "", maxImpact }: VmAct): ActOnVmRequest {
  return { operation_id: operationId, vm, action, snapshot, description, max_impact: maxImpact ?? "" };
}

/** Throws VM_INVALID when a part is missing, UNSUPPORTED when it says what this version does not know. */
export function vmActFromWire({ operation_id, vm, action, snapshot, description, max_impact }: ActOnVmRequest): VmAct {
  if (operation_id === "")
    throw problem("VM_INVALID", "The request has no operation id.", { hint: "Use the same version of Ghost on both sides." });
  return {
    operationId: operation_id,
    vm,
    action: requireOneOf(action, ACTIONS, "UNSUPPORTED", "The action of the request"),
    ...(snapshot !== "" && { snapshot }),
    ...(description !== "" && { description }),
    ...(max_impact !== "" && { maxImpact: requireOneOf(max_impact, IMPACTS, "UNSUPPORTED", "The ceiling of the request") }),
  };
}
