import type { PlanHeader, PlanStep } from "@ghost/schemas";
import { buildTree, planHash, stepHash } from "./bind.ts";

/** Version of the binding rules in bind.ts. */
const HEADER_FORMAT = 1;

export interface BoundPlan {
  readonly header: PlanHeader;
  readonly plan_hash: string;
  readonly steps: readonly PlanStep[];
}

/** Fills the hashes: of every step, of their tree, and of the whole plan. */
export function bindPlan(
  facts: Omit<PlanHeader, "format" | "steps_root" | "step_count">,
  drafts: readonly Omit<PlanStep, "hash">[],
): BoundPlan {
  const steps = drafts.map((step): PlanStep => ({ ...step, hash: stepHash(step.body) }));
  const { root } = buildTree(steps.map(({ hash }) => hash));
  const header: PlanHeader = { format: HEADER_FORMAT, ...facts, steps_root: root, step_count: steps.length };
  return { header, plan_hash: planHash(header), steps };
}
