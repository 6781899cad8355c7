import type { Diagnostic, Impact } from "@ghost/schemas";
import { exceedsImpact, lowestImpact } from "@ghost/schemas";
import { at } from "./locate.ts";
import type { Draft } from "./steps.ts";

export interface Ceilings {
  /** The worst impact that any step may have. */
  readonly maxImpact: Impact;
  /** How many objects may lose the content of a disk, deleted ones included; no limit when absent. */
  readonly maxDestroy?: number;
  /** How whoever plans sets the limit of impacts, where that is not the command line: `max_impact = "live"`. */
  readonly setMaxImpact?: (impact: Impact) => string;
}

/** What the plan would do beyond what is allowed: by the VM itself (protection, disruption) or by whoever applies. */
export function checkCeilings(drafts: readonly Draft[], { maxImpact, maxDestroy, setMaxImpact }: Ceilings): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const destroyed: Draft[] = [];
  for (const draft of drafts) {
    const { impact } = draft.step;
    if (impact === "data-loss") destroyed.push(draft);
    const guard = protection(draft) ?? disruption(draft);
    if (guard !== undefined) diagnostics.push(guard);
    else if (exceedsImpact(impact, maxImpact)) {
      const [name, allow] =
        setMaxImpact === undefined ? ["--max-impact", `--max-impact ${impact}`] : ["max_impact of the provider", setMaxImpact(impact)];
      diagnostics.push(exceeded(draft, `the worst allowed is ${maxImpact} (${name})`, `Review the plan and allow it with ${allow}.`));
    }
  }
  if (maxDestroy !== undefined && destroyed.length > maxDestroy) diagnostics.push(tooManyDestroyed(destroyed, maxDestroy));
  return diagnostics;
}

/** A protected VM keeps its disks: the agent holds it to what is recorded, the plan also to what the spec asks for. */
function protection(draft: Draft): Diagnostic | undefined {
  const { step, vm, existing } = draft;
  if (step.impact !== "data-loss" || existing === undefined || (existing.live.protect !== true && step.body.vm?.protect !== true))
    return undefined;
  const isDelete = step.body.action === "delete";
  return {
    code: "VM_PROTECTED",
    severity: "error",
    detail: `VM "${existing.name}" is protected and ${isDelete ? `would be deleted: ${step.reason}` : `would lose the content of a disk: ${step.reason}`}.`,
    hint: isDelete
      ? `Keep it in the spec, or first apply it with protect: false.`
      : `First apply it with protect: false and nothing else changed.`,
    path: [step.id],
    ...at(vm, step.changes[0]?.path),
    agent: step.agent,
  };
}

/** The milder of what is recorded and what the spec asks for, as the agent holds it: to allow more is a step of its own. */
function disruption(draft: Draft): Diagnostic | undefined {
  const { step, existing } = draft;
  const allow = lowestImpact([existing?.live, step.body.vm].flatMap((config) => config?.disruption?.allow ?? []));
  if (!exceedsImpact(step.impact, allow)) return undefined;
  return exceeded(
    draft,
    `disruption.allow of the VM is ${allow}`,
    `First apply it with disruption: { allow: ${step.impact} } and ${step.body.action === "delete" ? "in the spec" : "nothing else changed"}.`,
  );
}

function exceeded({ step, vm }: Draft, limit: string, hint: string): Diagnostic {
  return {
    code: "IMPACT_EXCEEDED",
    severity: "error",
    detail: `${step.body.action} of VM "${step.body.name}" has impact ${step.impact} (${step.reason}); ${limit}.`,
    hint,
    path: [step.id],
    ...at(vm, step.changes[0]?.path),
    agent: step.agent,
  };
}

function tooManyDestroyed(destroyed: readonly Draft[], maxDestroy: number): Diagnostic {
  const names = destroyed.slice(0, 5).map(({ step }) => step.body.name);
  const more = destroyed.length > names.length ? ` and ${destroyed.length - names.length} more` : "";
  return {
    code: "DESTROY_EXCEEDED",
    severity: "error",
    detail: `The plan destroys disks of ${destroyed.length === 1 ? "1 VM" : `${destroyed.length} VMs`} (${names.join(", ")}${more}); ${maxDestroy === 0 ? "none is" : `at most ${maxDestroy} ${maxDestroy === 1 ? "is" : "are"}`} allowed.`,
    hint: `Review the plan and allow it with --max-destroy ${destroyed.length}.`,
    path: [destroyed[maxDestroy]!.step.id],
  };
}
