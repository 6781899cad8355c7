import type { Operation, OperationState } from "@ghost/schemas";
import type { Operation as OperationMessage } from "../../gen/ghost/host/v1/host.ts";
import { diagnosticFromWire, diagnosticToWire } from "./diagnostic.ts";
import { observedTemplateFromWire, observedTemplateToWire } from "./observed-template.ts";
import { observedVmFromWire, observedVmToWire } from "./observed-vm.ts";
import { requireOneOf } from "./require.ts";

export function operationToWire(operation: Operation): OperationMessage {
  return {
    id: operation.id,
    step_id: operation.stepId,
    kind: operation.kind,
    action: operation.action,
    name: operation.name,
    uid: operation.uid,
    plan_hash: operation.planHash,
    state: operation.state,
    phase: operation.phase,
    bytes_done: operation.bytesDone,
    bytes_total: operation.bytesTotal,
    diagnostics: operation.diagnostics.map(diagnosticToWire),
    vm: operation.vm && observedVmToWire(operation.vm),
    template: operation.template && observedTemplateToWire(operation.template),
    created_at: operation.createdAt,
    ended_at: operation.endedAt,
    noop: operation.noop,
    attempt: operation.attempt,
    owner: operation.owner,
  };
}

export function operationFromWire(message: OperationMessage): Operation {
  return {
    id: message.id,
    stepId: message.step_id,
    kind: message.kind,
    action: message.action,
    name: message.name,
    uid: message.uid,
    planHash: message.plan_hash,
    owner: message.owner,
    state: requireOneOf(message.state, STATES, "AGENT_VERSION", `The state of operation ${message.id}`),
    phase: message.phase,
    bytesDone: message.bytes_done,
    bytesTotal: message.bytes_total,
    diagnostics: message.diagnostics.map(diagnosticFromWire),
    ...(message.vm !== undefined && { vm: observedVmFromWire(message.vm) }),
    ...(message.template !== undefined && { template: observedTemplateFromWire(message.template) }),
    ...(message.created_at !== undefined && { createdAt: message.created_at }),
    ...(message.ended_at !== undefined && { endedAt: message.ended_at }),
    noop: message.noop,
    attempt: message.attempt,
  };
}

const STATES = ["pending", "running", "succeeded", "failed", "cancelled", "interrupted"] as const satisfies readonly OperationState[];
