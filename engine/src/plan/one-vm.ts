/*
 * The plan of one VM, for a door that has a graph and a record of its own: Terraform.
 *
 * (1) What the VM is by now is the caller's to say, by its uid: Terraform's state knows it. What is done about it, with
 *     which impact, and what is refused, is decided by what plans a spec, so that the two doors cannot differ.
 * (2) What a host can carry all together is not known to who plans one VM: too little room for this one alone is a
 *     warning, because the same apply may make room.
 */
import type { Change, Diagnostic, Impact, Observation, ObservedVm, PlanStep, VmConfig } from "@ghost/schemas";
import type { DesiredAgent, DesiredVm } from "../desired.ts";
import { completeConfig } from "../diff/defaults.ts";
import { diffVm } from "../diff/diff-vm.ts";
import { isEmpty } from "../diff/same.ts";
import { hasUnknown } from "../diff/unknown.ts";
import { checkCapacity, checkSchedulable } from "./capacity.ts";
import { checkCeilings } from "./ceiling.ts";
import type { Host } from "./fleet.ts";
import { toHost } from "./fleet.ts";
import { checkImages } from "./images.ts";
import { checkNetworks } from "./networks.ts";
import { describeOwner, ownedByOther } from "./match.ts";
import type { Draft } from "./steps.ts";
import { planVm, stepForLeftover } from "./steps.ts";

export interface OneVmInput {
  readonly agent: DesiredAgent;
  readonly observation: Observation;
  /** Who plans, as agents record it. */
  readonly owner: string;
  /** As wanted, `UNKNOWN` where a value is not known yet; absent when the VM is to go. */
  readonly vm?: DesiredVm;
  /** The VM that it is by now. */
  readonly existing?: ObservedVm;
  /** Uid of a VM that is deleted before, so that its name is free. */
  readonly replaces?: string;
  readonly newUid: () => string;
  /** Worst impact allowed. */
  readonly maxImpact: Impact;
  /** How that is set, for the hint. */
  readonly setMaxImpact: (impact: Impact) => string;
  /** Why the VM is to go, as a clause. */
  readonly why?: string;
}

export interface OneVmPlan {
  /** In their order; none when the VM is as wanted. Bodies hold `UNKNOWN` where the VM does. */
  readonly steps: readonly Omit<PlanStep, "hash">[];
  /** An error means that nothing can be done. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What makes one VM as it is wanted, or gone. */
export function planOneVm(input: OneVmInput): OneVmPlan {
  const { agent, observation, owner, vm, existing, newUid, maxImpact, setMaxImpact, why } = input;
  const host = hostOf(agent, observation);
  if (vm === undefined) {
    if (existing === undefined) return { steps: [], diagnostics: [] };
    if (existing.owner !== owner) {
      return { steps: [], diagnostics: [ownedByOther({ name: existing.name, agent: agent.name, origins: {} }, existing)] };
    }
    const draft = stepForLeftover({ host, existing, ...(why !== undefined && { why }) });
    return { steps: [draft.step], diagnostics: checkCeilings([draft], { maxImpact, setMaxImpact }) };
  }
  const taken = takenBy(host, vm, [existing?.uid, input.replaces]);
  if (taken !== undefined) return { steps: [], diagnostics: [taken] };
  if (existing !== undefined && existing.owner !== owner && !vm.adopt) {
    return { steps: [], diagnostics: isAsWanted(host, vm, existing) ? [] : [ownedByOther(vm, existing)] };
  }
  const { drafts, notes } = planVm(
    existing === undefined ? { kind: "new", vm, host } : { kind: existing.owner === owner ? "own" : "adopted", vm, host, existing },
    newUid,
  );
  return {
    steps: drafts.map(({ step }) => step),
    diagnostics: [
      ...notes,
      ...checkSchedulable(host, drafts),
      ...checkImages(
        host,
        drafts.filter(({ step }) => typeof step.body.vm?.image === "string"),
      ),
      ...checkNetworks(host, drafts),
      ...checkRoom(host, drafts),
      ...checkCeilings(drafts, { maxImpact, setMaxImpact }),
    ],
  };
}

/** Whoever plans many VMs one by one has the same answer for all of them. */
const HOSTS = new WeakMap<Observation, Host>();

function hostOf(agent: DesiredAgent, observation: Observation): Host {
  const known = HOSTS.get(observation);
  if (known !== undefined && known.agent === agent) return known;
  const host = toHost(agent, observation);
  HOSTS.set(observation, host);
  return host;
}

/** Refuses a name that another VM of the host has. */
function takenBy(host: Host, vm: DesiredVm, own: readonly (string | undefined)[]): Diagnostic | undefined {
  const other = host.byName.get(vm.name);
  if (other === undefined || own.includes(other.uid)) return undefined;
  return {
    code: "VM_EXISTS",
    severity: "error",
    detail: `Agent "${vm.agent}" has another VM named "${vm.name}", which ${describeOwner(other.owner)}.`,
    hint: "Choose another name, or rename that one first.",
    path: ["vms", vm.name, "name"],
    agent: vm.agent,
  };
}

function isAsWanted(host: Host, vm: DesiredVm, existing: ObservedVm): boolean {
  return differencesOf(completeConfig(vm.config, existing), existing, host.observation).length === 0;
}

/**
 * How a VM differs from a complete configuration. Of one that nobody applied there is nothing on record: what only a
 * record has, counts as its default.
 */
export function differencesOf(desired: VmConfig, existing: ObservedVm, { host }: Pick<Observation, "host">): Change[] {
  const live = isEmpty(existing.applied) ? completeConfig(existing.live, existing) : existing.live;
  return diffVm({ ...existing, desired, live, capabilities: host.capabilities });
}

function checkRoom(host: Host, drafts: readonly Draft[]): Diagnostic[] {
  const known = drafts.filter(
    ({ step }) => !hasUnknown([step.body.vm?.vcpu, step.body.vm?.ram_gb, step.body.vm?.disk_gb, step.body.vm?.disks]),
  );
  return checkCapacity(host, known).map((one) => ({ ...one, severity: "warning" }));
}
