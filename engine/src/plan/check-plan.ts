import type { Attribute, Diagnostic, PlanDocument } from "@ghost/schemas";
import { vm } from "@ghost/schemas";
import { buildTree, documentHash, planHash, stepHash } from "./bind.ts";

/**
 * What keeps a plan from being applied: errors found when it was made, a hash that does not fit what it says, its
 * age, an order that cannot be kept. None for a plan as `makePlan` gives it, until it expires.
 */
export function checkPlan(plan: PlanDocument, now: Date): Diagnostic[] {
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) return errors;
  const broken = plan.steps.find(({ id, body, hash, impact }) => stepHash(body) !== hash || body.id !== id || body.impact !== impact);
  if (broken !== undefined) return [mismatch(`Step ${broken.id} is not what its hash says`)];
  const { root } = buildTree(plan.steps.map(({ hash }) => hash));
  if (root !== plan.header.steps_root || plan.steps.length !== plan.header.step_count)
    return [mismatch("The steps are not those of the plan's header")];
  if (planHash(plan.header) !== plan.plan_hash) return [mismatch("The header is not what the plan's hash says")];
  if (documentHash(plan) !== plan.header.document_hash) return [mismatch("The plan is not what the hash in its header says")];
  const leak = findLeak(plan);
  if (leak !== undefined) return [mismatch(leak)];
  if (!hasOrder(plan))
    return [
      {
        code: "PLAN_UNREADABLE",
        severity: "error",
        detail: "The steps of the plan wait for each other, or for steps that it does not have.",
        hint: "Make the plan again with ghost plan.",
      },
    ];
  if (now.getTime() >= Date.parse(plan.header.expires_at)) {
    return [
      {
        code: "PLAN_EXPIRED",
        severity: "error",
        detail: `The plan of ${plan.created_at} expired at ${plan.header.expires_at}; what it was made for may have changed.`,
        hint: "Make the plan again with ghost plan.",
      },
    ];
  }
  return [];
}

function mismatch(what: string): Diagnostic {
  return {
    code: "PLAN_MISMATCH",
    severity: "error",
    detail: `${what}: the plan was changed after it was made.`,
    hint: "Make the plan again with ghost plan.",
  };
}

const ATTRIBUTES: Readonly<Record<string, Attribute>> = vm.attributes;

/** The value of a secret goes only where the definition has one: anywhere else it would be stored and shown. */
function findLeak({ steps }: PlanDocument): string | undefined {
  for (const { id, secrets } of steps) {
    const path = Object.keys(secrets ?? {}).find((one) => !isSecret(one.split(".")));
    if (path !== undefined) return `Step ${id} has a value for ${path}, which is no secret`;
  }
  return undefined;
}

function isSecret([name = "", ...rest]: readonly string[]): boolean {
  let attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined;
  for (const key of rest) {
    if (attribute?.kind !== "object" || !Object.hasOwn(attribute.attributes, key)) return false;
    attribute = attribute.attributes[key];
  }
  return attribute?.sensitive === true;
}

/** True when every step can run some time: ids are unique, dependencies exist and form no circle. */
function hasOrder({ steps }: PlanDocument): boolean {
  const waiting = new Map(steps.map(({ id, depends_on }) => [id, depends_on.length]));
  if (waiting.size !== steps.length) return false;
  const dependents = new Map<string, string[]>();
  for (const { id, depends_on } of steps) {
    for (const dependency of depends_on) {
      if (!waiting.has(dependency)) return false;
      const known = dependents.get(dependency);
      if (known === undefined) dependents.set(dependency, [id]);
      else known.push(id);
    }
  }
  const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of ready) {
    for (const dependent of dependents.get(id) ?? []) {
      const left = waiting.get(dependent)! - 1;
      waiting.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  return ready.length === steps.length;
}
