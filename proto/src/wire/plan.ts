import { IMPACTS, problem } from "@ghost/schemas";
import type { PlanHeader, StepAction, StepBody, StepKind } from "@ghost/schemas";
import type { PlanHeader as PlanHeaderMessage, Step as StepMessage } from "../../gen/ghost/host/v1/host.ts";
import {
  settingsFromWire,
  settingsToWire,
  templateConfigFromWire,
  templateConfigToWire,
  vmConfigFromWire,
  vmConfigToWire,
} from "./config.ts";
import { requireOneOf, requirePart } from "./require.ts";
import { toSeconds } from "./seconds.ts";

/** Sibling hashes from a step up to the root that the header binds. */
export interface StepProof {
  readonly index: number;
  readonly siblings: readonly string[];
}

export function stepToWire(body: StepBody): StepMessage {
  return {
    id: body.id,
    agent_id: body.agent_id,
    kind: body.kind,
    action: body.action,
    name: body.name,
    uid: body.uid,
    revision: body.revision,
    impact: body.impact,
    vm: body.vm && vmConfigToWire(body.vm),
    defaults: body.defaults && vmConfigToWire(body.defaults),
    settings: body.settings && settingsToWire(body.settings),
    previous_name: body.previous_name ?? "",
    template: body.template && templateConfigToWire(body.template),
  };
}

/** Throws PLAN_UNREADABLE for a kind, action or impact that this version does not know. */
export function stepFromWire(message: StepMessage): StepBody {
  return {
    id: message.id,
    agent_id: message.agent_id,
    kind: requireOneOf(message.kind, KINDS, "PLAN_UNREADABLE", `The kind of step ${message.id}`),
    action: requireOneOf(message.action, ACTIONS, "PLAN_UNREADABLE", `The action of step ${message.id}`),
    name: message.name,
    uid: message.uid,
    revision: message.revision,
    impact: requireOneOf(message.impact, IMPACTS, "PLAN_UNREADABLE", `The impact of step ${message.id}`),
    ...(message.vm !== undefined && { vm: vmConfigFromWire(message.vm) }),
    ...(message.defaults !== undefined && { defaults: vmConfigFromWire(message.defaults) }),
    ...(message.settings !== undefined && { settings: settingsFromWire(message.settings) }),
    ...(message.template !== undefined && { template: templateConfigFromWire(message.template) }),
    ...(message.previous_name !== "" && { previous_name: message.previous_name }),
  };
}

/** Throws PLAN_UNREADABLE when `expires_at` is not in the one form that comes back as it was: the hash covers it. */
export function headerToWire(header: PlanHeader): PlanHeaderMessage {
  const expiresAt = new Date(header.expires_at);
  if (Number.isNaN(expiresAt.getTime()) || toSeconds(expiresAt) !== header.expires_at) {
    throw problem(
      "PLAN_UNREADABLE",
      `The plan's expires_at is ${JSON.stringify(header.expires_at)}; it must be an instant in UTC of whole seconds, like 2030-01-31T12:00:00Z.`,
      {
        hint: "Make the plan again with ghost plan.",
      },
    );
  }
  return {
    format: header.format,
    owner: header.owner,
    spec_hash: header.spec_hash,
    steps_root: header.steps_root,
    document_hash: header.document_hash,
    step_count: header.step_count,
    max_impact: header.max_impact,
    expires_at: expiresAt,
    git_commit: header.git_commit,
  };
}

/** Throws PLAN_UNREADABLE for a missing instant and an impact that this version does not know. */
export function headerFromWire(message: PlanHeaderMessage): PlanHeader {
  const expiresAt = requirePart(message.expires_at, "PLAN_UNREADABLE", "expires_at in the plan's header");
  if (Number.isNaN(expiresAt.getTime())) throw problem("PLAN_UNREADABLE", "expires_at in the plan's header is no instant.");
  return {
    format: message.format,
    owner: message.owner,
    spec_hash: message.spec_hash,
    steps_root: message.steps_root,
    document_hash: message.document_hash,
    step_count: message.step_count,
    max_impact: requireOneOf(message.max_impact, IMPACTS, "PLAN_UNREADABLE", "max_impact in the plan's header"),
    expires_at: toSeconds(expiresAt),
    git_commit: message.git_commit,
  };
}

const KINDS = ["vm", "template", "agent"] as const satisfies readonly StepKind[];
const ACTIONS = ["create", "update", "delete", "adopt", "release", "settings", "restart"] as const satisfies readonly StepAction[];
