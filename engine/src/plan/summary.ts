import type { PlanStep, PlanSummary, StepAction } from "@ghost/schemas";
import { worstImpact } from "@ghost/schemas";

/** Counts what the steps do. */
export function summarize(steps: readonly PlanStep[], rest: { readonly unchanged: number; readonly unknown: number }): PlanSummary {
  const count: Record<StepAction, number> = { create: 0, update: 0, delete: 0, adopt: 0, release: 0, settings: 0 };
  let drifted = 0;
  for (const { body, changes } of steps) {
    count[body.action]++;
    if (changes.some(({ cause }) => cause === "drift")) drifted++;
  }
  return { ...count, ...rest, drifted, worst_impact: worstImpact(steps.map(({ impact }) => impact)) };
}
