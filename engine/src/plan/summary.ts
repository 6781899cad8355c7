import type { Change, PlanStep, PlanSummary, StepAction } from "@ghost/schemas";
import { worstImpact } from "@ghost/schemas";

/** True when the live value is not what was last applied, whether or not the spec has yet another one by now. */
export function isDrift({ cause, last_applied }: Pick<Change, "cause" | "last_applied">): boolean {
  return cause === "drift" || last_applied !== undefined;
}

/** Counts what the steps do. */
export function summarize(steps: readonly PlanStep[], rest: { readonly unchanged: number; readonly unknown: number }): PlanSummary {
  const count: Record<StepAction, number> = { create: 0, update: 0, delete: 0, adopt: 0, release: 0, settings: 0, restart: 0 };
  let drifted = 0;
  for (const { body, changes } of steps) {
    count[body.action]++;
    if (changes.some(isDrift)) drifted++;
  }
  // No plan document has one, and its format no place to count it.
  const { restart: _none, ...counted } = count;
  return { ...counted, ...rest, drifted, worst_impact: worstImpact(steps.map(({ impact }) => impact)) };
}
