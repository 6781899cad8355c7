import { isDrift } from "@ghost/engine";
import type { AgentObservation } from "@ghost/engine";
import type { ObservedVm, PlanAgent, PlanDocument, PlanStep } from "@ghost/schemas";
import { MISSING_DOMAIN, worstImpact } from "@ghost/schemas";
import { escapeLine } from "./escape.ts";
import { plural } from "./plan-model.ts";
import type { PlanTextView } from "./plan-text.ts";
import { renderPlanText } from "./plan-text.ts";

/** The part of a plan that puts drift right: steps with their drifted changes alone, and machines that are gone. */
export function driftOnly(plan: PlanDocument, observations: readonly AgentObservation[]): PlanDocument {
  const gone = new Set(
    observations
      .flatMap(({ observation }) => observation?.vms ?? [])
      .filter(isGone)
      .map(({ uid }) => uid),
  );
  const steps = plan.steps.flatMap((step): PlanStep[] => {
    if (step.body.action === "create" && gone.has(step.body.uid)) return [step];
    const changes = step.changes.filter(isDrift);
    return changes.length === 0 ? [] : [{ ...step, changes, impact: worstImpact(changes.map(({ impact }) => impact)), reason: "" }];
  });
  return { ...plan, steps, agents: plan.agents.map(withoutForecast) };
}

/** Drift for people, under one sentence. */
export async function renderDrift(found: PlanDocument, view: PlanTextView): Promise<string> {
  const stack = escapeLine(found.stack);
  const unknown = found.unknown.length > 0 ? ` ${plural(found.unknown.length, "object")} unknown.` : "";
  if (found.steps.length === 0) return `No drift in stack ${stack}.${unknown}\n`;
  const sentence = `Stack ${stack}: ${plural(found.steps.length, "object")} drifted.${unknown}`;
  return renderPlanText(found, view, sentence);
}

/** A machine that was made and that its hypervisor does not have any more. */
function isGone({ status, statusReason }: ObservedVm): boolean {
  return status === "error" && statusReason === MISSING_DOMAIN;
}

/** Drift takes nothing from a host. */
function withoutForecast(agent: PlanAgent): PlanAgent {
  const { available_after, ...rest } = agent;
  return available_after === undefined ? agent : rest;
}
