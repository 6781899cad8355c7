/*
 * A VM that is there already and comes into Terraform's state because of `adopt = true`.
 *
 * (1) Terraform has read nothing of it, so nothing binds a saved plan to the machine as it was: it is only taken over
 *     when the machine does not notice. What is to be changed is imported first, which reads it.
 * (2) Whose it was is planned: when it is another's by the time of the apply, Terraform itself refuses.
 */
import type { Change, Diagnostic, ObservedVm } from "@ghost/schemas";
import { compareImpact } from "@ghost/schemas";
import type { OneVmPlan } from "@ghost/engine";
import type { Value, Values } from "../../protocol6/value.ts";
import { importBlock } from "./vm-exists.ts";
import { describeChange } from "./vm-warnings.ts";

/** Why a VM cannot be taken over and changed in one. What is not known yet is decided when it is. */
export function notAsItIs(agent: string, vm: ObservedVm, { steps }: OneVmPlan): Diagnostic | undefined {
  const felt = steps
    .flatMap(({ changes }) => changes)
    .filter(({ impact, unknown }: Change) => compareImpact(impact, "none") > 0 && unknown !== true);
  if (felt.length === 0) return undefined;
  const what = felt.map((change) => `${change.path.join(".")} (${describeChange(change)}): ${change.impact}`).join("; ");
  return {
    code: "IMPACT_EXCEEDED",
    severity: "error",
    detail: `VM "${vm.name}" on agent "${agent}" would be taken over and changed in one, and Terraform has not read it: ${what}.`,
    hint: `Import it first; then the change is bound to the machine as it was read. Or configure it as it is.

${importBlock(agent, vm.name)}`,
    path: ["adopt"],
    agent,
  };
}

/** Whose a VM was when it came to this stack: null for one that Terraform made. */
export function adoptedFrom(prior: Values | null, existing: ObservedVm | undefined, steps: OneVmPlan["steps"]): Value {
  const actions = steps.map(({ body }) => body.action);
  const isTaken = existing !== undefined && (actions.includes("adopt") || (prior === null && !actions.includes("create")));
  return isTaken ? existing.owner : (prior?.["adopted_from"] ?? null);
}
