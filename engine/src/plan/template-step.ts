/* From a template that is wanted, or not any more, to the step on its agent. A spec has none of these: its templates are values that VMs inherit. */
import type { AgentTemplateConfig, Diagnostic, ObservedTemplate, PlanStep, StepAction, StepBody } from "@ghost/schemas";
import { checkTemplate, diffTemplate, projectTemplate } from "../diff/diff-template.ts";

export interface TemplatePlanInput {
  /** Name of the agent where the template is wanted, and its id. */
  readonly agent: string;
  readonly agentId: string;
  /** Who plans, as agents record it. */
  readonly owner: string;
  /** Complete; absent when the template is to go. */
  readonly desired?: AgentTemplateConfig;
  /** The template as the agent has it. */
  readonly existing?: ObservedTemplate;
  /** Take over what belongs to nobody or to someone else. */
  readonly adopt: boolean;
  /** Let go of it instead of deleting it; only without `desired`. Defaults to false. */
  readonly retain?: boolean;
  readonly newUid: () => string;
}

export interface TemplatePlan {
  /** None when the template is as it is wanted, and when an error says why nothing can be done. */
  readonly step?: Omit<PlanStep, "hash">;
  readonly diagnostics: readonly Diagnostic[];
}

/** What makes one template on an agent as it is wanted. Its impact is none, whatever is done. */
export function planTemplate(input: TemplatePlanInput): TemplatePlan {
  const { desired, existing, owner, adopt, agent, retain = false } = input;
  if (desired === undefined) {
    if (existing === undefined || (retain && existing.owner === "")) return { diagnostics: [] };
    if (existing.owner !== owner) return { diagnostics: [ownedByOther(existing, agent)] };
    const [action, reason] = retain
      ? (["release", "it is kept and belongs to nobody"] as const)
      : (["delete", "it is not wanted any more; VMs made from it keep their disks"] as const);
    return { step: step(input, action, existing.name, reason), diagnostics: [] };
  }
  const problems = checkTemplate(desired);
  if (problems.length > 0) return { diagnostics: problems };
  const name = desired.name ?? "";
  if (existing === undefined) return { step: step(input, "create", name, "it is not there yet"), diagnostics: [] };
  const changes = diffTemplate(desired, existing.config);
  const isAsWanted = changes.length === 0 && existing.phase === "ready";
  // Whoever only looks at it, imported as it is, changes nothing.
  if (existing.owner !== owner && !adopt) return { diagnostics: isAsWanted ? [] : [ownedByOther(existing, agent)] };
  if (existing.phase === "creating") return { step: step(input, "create", name, "it was not made to its end"), diagnostics: [] };
  const why = changes[0] === undefined ? "nothing else changes" : `${changes[0].path.join(".")}: ${changes[0].reason}`;
  if (existing.owner !== owner)
    return {
      step: step(input, "adopt", name, `taken over from ${existing.owner === "" ? "nobody" : existing.owner}; ${why}`),
      diagnostics: [],
    };
  return changes.length === 0 ? { diagnostics: [] } : { step: step(input, "update", name, why), diagnostics: [] };
}

function step(
  { agent, agentId, desired, existing, newUid }: TemplatePlanInput,
  action: StepAction,
  name: string,
  reason: string,
): Omit<PlanStep, "hash"> {
  const id = `${agent}/template/${name}`;
  const isNew = action === "create";
  const body: StepBody = {
    id,
    agent_id: agentId,
    kind: "template",
    action,
    name,
    uid: existing?.uid ?? newUid(),
    revision: isNew ? "" : (existing?.revision ?? ""),
    impact: "none",
    ...(desired !== undefined && { template: desired }),
    ...(!isNew && existing !== undefined && existing.name !== name && { previous_name: existing.name }),
  };
  return {
    id,
    agent,
    body,
    impact: "none",
    reason,
    changes: desired === undefined || existing === undefined || isNew ? [] : diffTemplate(desired, existing.config),
    depends_on: [],
    ...(body.revision !== "" && existing !== undefined && { projection: projectTemplate(existing) }),
    ...(action === "adopt" && { owner: existing?.owner ?? "" }),
  };
}

function ownedByOther({ name, owner, appliedAt, createdAt }: ObservedTemplate, agent: string): Diagnostic {
  const since = appliedAt ?? createdAt;
  const when = since === undefined ? "" : ` since ${since.toISOString().slice(0, 10)}`;
  const whose = owner === "" ? "belongs to nobody" : `belongs to ${owner}`;
  return {
    code: "OWNED_BY_OTHER",
    severity: "error",
    detail: `Template "${name}" on agent "${agent}" ${whose}${when}; it is not changed.`,
    hint: "Give the template another name, or take that one over with adopt = true.",
    path: ["templates", name],
    agent,
  };
}
