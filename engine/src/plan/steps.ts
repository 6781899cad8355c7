/* From a match to a step: what is done to one object, and why. Ordering, ceilings and hashes come after. */
import type { Change, Diagnostic, Impact, ObservedVm, PlanStep, Resources, StepAction, StepBody, VmConfig } from "@ghost/schemas";
import { MISSING_DOMAIN, worstImpact } from "@ghost/schemas";
import type { DesiredVm } from "../desired.ts";
import { findAwaited } from "../diff/awaited.ts";
import { completeConfig, defaultsFor } from "../diff/defaults.ts";
import { diffVm } from "../diff/diff-vm.ts";
import { isActive } from "../diff/impact.ts";
import { newerImage, notesVm, settleVm } from "../diff/ignored.ts";
import { projectVm } from "../diff/projection.ts";
import { isEmpty } from "../diff/same.ts";
import { isSettled } from "../diff/settled.ts";
import { NO_RESOURCES, observedDemand, subtractResources, vmDemand } from "./demand.ts";
import { fateOfDisks } from "./fate-of-disks.ts";
import type { Host } from "./fleet.ts";
import { at } from "./locate.ts";
import type { Leftover, Match } from "./match.ts";
import { changesSaved } from "./saved.ts";
import { settingsStep } from "./settings-step.ts";

/** A step before it is bound, with what the checks of a whole plan need to know of it. */
export interface Draft {
  readonly step: Omit<PlanStep, "hash">;
  readonly host: Host;
  /** What the step takes from its host, or gives back where it is negative. */
  readonly demand: Resources;
  /** The VM of the spec; absent for what left it and for settings. */
  readonly vm?: DesiredVm;
  readonly existing?: ObservedVm;
}

type Reachable = Extract<Match, { readonly host: Host }>;

/** What is to be done for one VM, and remarks about what is not, or cannot be. */
export interface VmPlan {
  /** None when the VM is as the spec has it; two only where a delete of it was begun. */
  readonly drafts: readonly Draft[];
  readonly notes: readonly Diagnostic[];
}

const LEFT = "it left the spec";
const NOTHING: VmPlan = { drafts: [], notes: [] };

/** What makes one VM as the spec has it. */
export function planVm(match: Reachable, newUid: () => string): VmPlan {
  const { vm, host } = match;
  if (match.kind === "new") return { drafts: [createStep(vm, host, undefined, newUid)], notes: [] };
  const { existing } = match;
  const { capabilities, images } = host.observation.host;
  if (match.kind === "own") {
    if (existing.phase === "deleting") {
      const gone = deleteStep(host, existing);
      const made = createStep(vm, host, undefined, newUid);
      return { drafts: [gone, { ...made, step: { ...made.step, depends_on: [gone.step.id] } }], notes: [] };
    }
    if (isHalfMade(existing)) return { drafts: [createStep(vm, host, existing, newUid)], notes: [] };
    const isSame = existing.phase === "ready" && !existing.isAwaited && !isMissing(existing) && isSettled(vm.config, existing);
    if (isSame && newerImage(existing, images) === undefined) return NOTHING;
  }
  const desired = completeConfig(vm.config, existing);
  const { live, imageDigest } = existing;
  const changes = diffVm({ ...existing, desired, capabilities });
  const notes = [...changesSaved(existing, changes), ...notesVm({ name: vm.name, desired, live, imageDigest, images })].map((note) => ({
    ...note,
    ...at(vm, note.path?.slice(2).map(String)),
    agent: vm.agent,
  }));
  if (match.kind === "own" && isMissing(existing)) return { drafts: [createStep(vm, host, existing, newUid, changes)], notes };
  // What runs was made to its end, also where that did not get on record: a step without changes puts it there. One
  // that was not seen ready is waited for again, so that a plan is empty only when every step was done.
  const isDone = existing.phase === "ready" && findAwaited(desired, existing) === undefined;
  if (changes.length === 0 && match.kind === "own" && isDone) return { drafts: [], notes };
  return { drafts: [changeStep(match.kind === "own" ? "update" : "adopt", vm, host, existing, desired, changes)], notes };
}

/** What becomes of a VM that left the spec, or of all when the stack is destroyed. */
export function stepForLeftover({ host, existing, vm, why }: Leftover): Draft {
  return existing.live.on_remove === "retain" && existing.phase !== "deleting" && !isHalfMade(existing)
    ? releaseStep(host, existing, vm, why)
    : deleteStep(host, existing, vm, why);
}

/** True for a VM whose create was cut off before anything of it ran. */
function isHalfMade({ phase, status }: Pick<ObservedVm, "phase" | "status">): boolean {
  return phase === "creating" && !isActive(status);
}

/** True for a VM whose record remains while the hypervisor does not have it any more. */
function isMissing(vm: Pick<ObservedVm, "status" | "statusReason">): boolean {
  return vm.status === "error" && vm.statusReason === MISSING_DOMAIN;
}

function deleteStep(host: Host, existing: ObservedVm, vm?: DesiredVm, left: string = LEFT): Draft {
  const why =
    existing.phase === "deleting"
      ? "an earlier delete did not finish"
      : isHalfMade(existing)
        ? `${left} before it was made`
        : vm === undefined
          ? left
          : "the stack is destroyed";
  return draft(host, {
    action: "delete",
    name: existing.name,
    existing,
    impact: "data-loss",
    reason: `${why}; ${isMissing(existing) && isEmpty(existing.diskIds) ? "Ghost has no disk of it any more" : fateOfDisks(existing)}`,
    demand: subtractResources(NO_RESOURCES, observedDemand(existing)),
    ...(vm && { vm }),
  });
}

function releaseStep(host: Host, existing: ObservedVm, vm?: DesiredVm, left: string = LEFT): Draft {
  return draft(host, {
    action: "release",
    name: existing.name,
    existing,
    impact: "none",
    reason: `${left} and is kept (on_remove: retain); it belongs to nobody then`,
    demand: NO_RESOURCES,
    ...(vm && { vm }),
  });
}

/**
 * Also for a VM that was begun, and for one that its hypervisor lost: made under the uid it has, over the disks that
 * are there, so that nothing is made twice and nothing is destroyed but what the spec itself changes meanwhile.
 */
function createStep(
  vm: DesiredVm,
  host: Host,
  existing: ObservedVm | undefined,
  newUid: () => string,
  changes: readonly Change[] = [],
): Draft {
  const record = existing !== undefined && !isEmpty(existing.defaults) ? existing : undefined;
  const complete = completeConfig(vm.config, record);
  const config = existing?.phase === "ready" ? settleVm(complete, existing.live) : complete;
  const reason =
    existing === undefined
      ? "new in the spec"
      : existing.phase === "creating"
        ? "an earlier create did not finish"
        : `the hypervisor does not have it any more; ${overWhatIsLeft(config, existing)}`;
  return draft(host, {
    action: "create",
    name: vm.name,
    vm,
    ...(existing && { existing }),
    uid: existing?.uid ?? newUid(),
    revision: "",
    impact: worstImpact(changes.map(({ impact }) => impact)),
    reason,
    changes,
    more: { vm: config, defaults: defaultsFor(record) },
    secrets: vm.secrets,
    demand: subtractResources(vmDemand(config), existing === undefined ? NO_RESOURCES : observedDemand(existing)),
  });
}

/** What becomes of the disks of a VM that its hypervisor lost. Where one is gone, its content was so before. */
function overWhatIsLeft(config: VmConfig, { diskIds }: ObservedVm): string {
  const wanted = [...(config.disk_gb === undefined ? [] : ["root"]), ...Object.keys(config.disks ?? {}).sort()];
  const gone = wanted.filter((name) => !Object.hasOwn(diskIds, name));
  if (gone.length === 0) return "it is defined again over its disks";
  const [disks, are] = gone.length === 1 ? ["disk", "is"] : ["disks", "are"];
  const again = `Ghost has no ${disks} ${gone.join(", ")} of it, which ${are} made anew`;
  return gone.length === wanted.length ? again : `it is defined again over the disks that are left; ${again}`;
}

function changeStep(
  action: "update" | "adopt",
  vm: DesiredVm,
  host: Host,
  existing: ObservedVm,
  desired: VmConfig,
  changes: readonly Change[],
): Draft {
  const config = settleVm(desired, existing.live);
  const worst = changes[0];
  const awaited = findAwaited(config, existing);
  const nothing = action === "adopt" ? "nothing else changes" : existing.phase === "ready" ? "" : "it was made, which is not on record yet";
  const reasons = [
    action === "adopt" ? `taken over from ${existing.owner === "" ? "nobody" : existing.owner}` : "",
    awaited === undefined ? "" : `it was not seen ready yet: waits until ${awaited} (wait_for: ${config.wait_for})`,
    worst === undefined ? nothing : `${worst.path.join(".")}: ${worst.reason}`,
  ];
  return draft(host, {
    action,
    name: vm.name,
    vm,
    existing,
    impact: worstImpact(changes.map(({ impact }) => impact)),
    reason: reasons.filter((one) => one !== "").join("; "),
    changes,
    more: {
      vm: config,
      ...(action === "adopt" && { defaults: defaultsFor(existing) }),
      ...(existing.name !== vm.name && { previous_name: existing.name }),
    },
    ...(needsSecrets(changes) && { secrets: vm.secrets }),
    demand: subtractResources(vmDemand(config), observedDemand(existing)),
  });
}

/** Makes the agent's settings as the spec has them; undefined when they are. */
export function stepForSettings(host: Host): Draft | undefined {
  const { agent, agentId, observation } = host;
  const step = settingsStep({ agent: agent.name, agentId, desired: agent.settings, live: observation.host.settings });
  return step && { step, host, demand: NO_RESOURCES };
}

interface Parts {
  readonly action: StepAction;
  readonly name: string;
  readonly vm?: DesiredVm;
  readonly existing?: ObservedVm;
  readonly uid?: string;
  readonly revision?: string;
  readonly impact: Impact;
  readonly reason: string;
  readonly changes?: readonly Change[];
  readonly more?: Pick<StepBody, "vm" | "defaults" | "previous_name">;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly demand: Resources;
}

function draft(host: Host, parts: Parts): Draft {
  const { action, name, vm, existing, impact, reason } = parts;
  const agentName = vm?.agent ?? host.agent.name;
  // A VM whose delete did not finish may have a successor of its name in the same plan.
  const id = action === "delete" && existing?.phase === "deleting" ? `${agentName}/vm/${name}/${existing.uid}` : `${agentName}/vm/${name}`;
  const body: StepBody = {
    id,
    agent_id: host.agentId,
    kind: "vm",
    action,
    name,
    uid: parts.uid ?? existing?.uid ?? "",
    revision: parts.revision ?? existing?.revision ?? "",
    impact,
    ...parts.more,
  };
  const { secrets } = parts;
  return {
    step: {
      id,
      agent: agentName,
      body,
      impact,
      reason,
      changes: parts.changes ?? [],
      depends_on: [],
      ...(secrets !== undefined && Object.keys(secrets).length > 0 && { secrets }),
      ...(body.revision !== "" && existing !== undefined && { projection: projectVm(existing) }),
      ...(action === "adopt" && { owner: existing?.owner ?? "" }),
    },
    host,
    demand: parts.demand,
    ...(vm && { vm }),
    ...(existing && { existing }),
  };
}

/** Parts whose change writes the guest's first-boot configuration again, secrets included: agents store none. */
const WRITES_GUEST_SETUP: ReadonlySet<string> = new Set([
  "name",
  "image",
  "image_url",
  "image_sha256",
  "image_path",
  "disk_gb",
  "firmware",
  "machine",
  "cloud_init",
  "ssh_keys",
]);

function needsSecrets(changes: readonly Change[]): boolean {
  return changes.some(({ path }) => WRITES_GUEST_SETUP.has(path[0]!));
}
