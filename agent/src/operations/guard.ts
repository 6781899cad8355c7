/** What an operation must not do, decided from what is live under the object's lock. Each throws, or does nothing. */
import { describeDifference, projectVm } from "@ghost/engine";
import type { Change, GhostError, Impact, ObservedVm } from "@ghost/schemas";
import { exceedsImpact, lowestImpact, problem, worstImpact } from "@ghost/schemas";
import type { Underway, VmRecord } from "../store/records.ts";
import type { Intent } from "./intent.ts";

/** OWNED_BY_OTHER unless the object belongs to who asks. */
export function refuseForeign(intent: Intent, vm: ObservedVm, record: VmRecord | undefined): void {
  if (vm.owner === intent.owner) return;
  const whose =
    vm.owner === ""
      ? "belongs to nobody"
      : `belongs to ${vm.owner}${record === undefined ? "" : ` since ${record.ownedSince.toISOString()}`}`;
  const hint =
    intent.owner === "agent"
      ? vm.owner === ""
        ? `Write it into a spec and take it over: ghost export --adopt, ghost adopt ${vm.name}.`
        : "Let its owner change it, or release it there first."
      : `Run "ghost adopt ${vm.name}" to take it over, or choose another name.`;
  throw problem("OWNED_BY_OTHER", `VM "${vm.name}" ${whose}; ${intent.owner} must not ${VERBS[intent.action]} it.`, {
    hint,
    path: ["vms", vm.name],
  });
}

/**
 * PLAN_STALE when the object is not the one that the plan was made for. An earlier attempt of this same plan is taken
 * up again where it left the object, to do what that attempt was to do and nothing else.
 */
export function refuseStale(intent: Intent, vm: ObservedVm, record: VmRecord | undefined, task: Underway): void {
  const { promise } = intent;
  if (promise === undefined || promise.revision === vm.revision || isTakenUp(intent, vm, record, task)) return;
  throw stale(intent, vm);
}

/**
 * True when the intent's plan left the VM as it is and, where an attempt did not get to its end, all that is to be done
 * now was to be done then.
 */
export function isTakenUp(intent: Intent, vm: ObservedVm, record: VmRecord | undefined, task: Underway): boolean {
  if (record === undefined || intent.planHash === "" || record.planHash !== intent.planHash) return false;
  if (record.underway === undefined) return record.revision === vm.revision;
  if (record.revision !== "" && record.revision !== vm.revision) return false;
  const { changes, drops } = record.underway;
  return task.changes.every((path) => changes.includes(path)) && task.drops.every((id) => drops.includes(id));
}

/** The paths of changes as they are put on record. */
export function pathsOf(changes: readonly Change[]): readonly string[] {
  return [...new Set(changes.map(({ path }) => path.slice(0, 2).join(".")))];
}

/** PLAN_STALE, with what moved where that is known. */
export function stale(intent: Intent, vm: ObservedVm): GhostError {
  const { promise } = intent;
  const moved = promise?.projection === undefined ? [] : describeDifference(promise.projection, projectVm(vm));
  return problem(
    "PLAN_STALE",
    `VM "${vm.name}" is not as it was when the plan was made${moved.length === 0 ? "" : `: ${moved.join("; ")}`}. The step was not started.`,
    { hint: "Plan again and look at what the new plan says.", path: ["vms", vm.name] },
  );
}

/** IMPACT_EXCEEDED when doing it now would be worse than the plan said, or than the VM allows. */
export function refuseImpact(intent: Intent, vm: ObservedVm, changes: readonly Change[]): void {
  const impact = worstImpact(changes.map((change) => change.impact));
  const worst = changes.find((change) => change.impact === impact);
  const why = worst === undefined ? "" : ` (${worst.path.join(".")}: ${worst.reason})`;
  refuseImpactOf(intent, vm, impact, why);
}

export function refuseImpactOf(intent: Intent, vm: ObservedVm, impact: Impact, why: string): void {
  const { promise } = intent;
  const path = ["vms", vm.name];
  if (promise !== undefined && exceedsImpact(impact, promise.impact)) {
    throw problem(
      "IMPACT_EXCEEDED",
      `The plan promised at most ${promise.impact} for VM "${vm.name}", and now it would be ${impact}${why}. The step was not started.`,
      { hint: "Plan again and look at what the new plan says.", path },
    );
  }
  if (promise !== undefined && exceedsImpact(impact, promise.maxImpact)) {
    throw problem(
      "IMPACT_EXCEEDED",
      `The step on VM "${vm.name}" has impact ${impact}${why}; the plan allows at most ${promise.maxImpact}.`,
      { hint: `Apply with --max-impact ${impact} if that is what you want.`, path },
    );
  }
  if (intent.maxImpact !== undefined && exceedsImpact(impact, intent.maxImpact)) {
    throw problem("IMPACT_EXCEEDED", `This would be ${impact} for VM "${vm.name}"${why}, and at most ${intent.maxImpact} is wanted.`, {
      hint: `Ask with --max-impact ${impact} if that is what you want.`,
      path,
    });
  }
  // The milder of the recorded word and the step's, as in the plan: a step does not allow itself more.
  const allowed = lowestImpact([vm.live, intent.vm].flatMap((config) => config?.disruption?.allow ?? []));
  if (exceedsImpact(impact, allowed)) {
    throw problem("IMPACT_EXCEEDED", `VM "${vm.name}" allows at most ${allowed} (disruption.allow), and this would be ${impact}${why}.`, {
      hint: `Apply disruption: { allow: ${impact} } to the VM first, as a step of its own.`,
      path: [...path, "disruption", "allow"],
    });
  }
}

/** VM_PROTECTED when content would be destroyed and the agent's record forbids it. */
export function refuseProtected(intent: Intent, vm: ObservedVm, impact: Impact): void {
  if (impact !== "data-loss" || vm.live.protect !== true) return;
  const what = intent.action === "delete" ? "It is not deleted." : "The content of its disks is not destroyed.";
  throw problem("VM_PROTECTED", `VM "${vm.name}" is protected. ${what}`, {
    hint: `Apply protect: false to VM "${vm.name}" first, as a step of its own.`,
    path: ["vms", vm.name, "protect"],
  });
}

const VERBS: Readonly<Record<Intent["action"], string>> = {
  create: "create",
  update: "change",
  delete: "delete",
  adopt: "adopt",
  release: "release",
  settings: "set",
  restart: "restart",
  start: "start",
  stop: "stop",
  suspend: "suspend",
  resume: "resume",
  "snapshot-create": "take a snapshot of",
  "snapshot-revert": "take back",
  "snapshot-delete": "delete a snapshot of",
};
