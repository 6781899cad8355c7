import { createHash } from "node:crypto";
import { canonicalJson } from "@ghost/engine";
import type { ExecuteInput, VmAct, VmAction } from "@ghost/proto";
import type { AgentSettings, AgentTemplateConfig, Impact, Json, ObservedVm, StepAction, StepKind, VmConfig } from "@ghost/schemas";
import type { Binding } from "./binding.ts";

/** What a plan promised about a step; the agent holds it under the object's lock. */
export interface PlanPromise {
  /** Empty for a create. */
  readonly revision: string;
  readonly impact: Impact;
  readonly maxImpact: Impact;
  /** The projection behind the revision, so that a refusal can name what moved. */
  readonly projection?: Json;
}

/** One thing to be done to one object, whichever service asked for it. */
export interface Intent {
  readonly operationId: string;
  readonly stepId: string;
  /** Tells a repeated request from another one under the same operation id. */
  readonly stepHash: string;
  readonly kind: StepKind;
  readonly action: StepAction | "start" | "stop" | Exclude<VmAction, "restart">;
  readonly name: string;
  readonly uid: string;
  readonly previousName?: string;
  /** Who asks, and who owns what is made. */
  readonly owner: string;
  /** Empty without a plan. */
  readonly planHash: string;
  readonly gitCommit: string;
  /** Absent when a person asked directly. */
  readonly promise?: PlanPromise;
  /** The worst that a person who asked directly allows. */
  readonly maxImpact?: Impact;
  /** Complete desired configuration of a VM. */
  readonly vm?: VmConfig;
  readonly defaults?: VmConfig;
  readonly settings?: AgentSettings;
  /** Complete desired state of a template. */
  readonly template?: AgentTemplateConfig;
  /** By attribute path; only ever in memory. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Power off at once. */
  readonly force?: boolean;
  /** The snapshot that is made, gone back to or deleted; the description is of one that is made. */
  readonly snapshot?: { readonly name: string; readonly description: string };
}

/** Owner of what a person asks for directly. */
export const PERSON = "agent";

/** What a person asks for directly of a VM that was found. */
export function intentOfAct({ operationId, vm: _idOrName, ...act }: VmAct, { uid, name }: Pick<ObservedVm, "uid" | "name">): Intent {
  const { action, snapshot, description = "", maxImpact } = act;
  return {
    operationId,
    stepId: `${PERSON}/vm/${name}`,
    stepHash: `sha256:${createHash("sha256")
      .update(canonicalJson({ ...act, uid }))
      .digest("hex")}`,
    kind: "vm",
    action,
    name,
    uid,
    owner: PERSON,
    planHash: "",
    gitCommit: "",
    ...(maxImpact !== undefined && { maxImpact }),
    ...(snapshot !== undefined && { snapshot: { name: snapshot, description } }),
    secrets: {},
  };
}

/** A step of a plan whose binding was checked. */
export function intentOf({ operationId, header, body, secrets, projection }: ExecuteInput, binding: Binding): Intent {
  return {
    operationId,
    stepId: body.id,
    stepHash: binding.stepHash,
    kind: body.kind,
    action: body.action,
    name: body.name,
    uid: body.uid,
    ...(body.previous_name !== undefined && body.previous_name !== "" && { previousName: body.previous_name }),
    owner: header.owner,
    planHash: binding.planHash,
    gitCommit: header.git_commit,
    promise: {
      revision: body.revision,
      impact: body.impact,
      maxImpact: header.max_impact,
      ...(projection !== undefined && { projection }),
    },
    ...(body.vm !== undefined && { vm: body.vm }),
    ...(body.defaults !== undefined && { defaults: body.defaults }),
    ...(body.settings !== undefined && { settings: body.settings }),
    ...(body.template !== undefined && { template: body.template }),
    secrets,
  };
}
