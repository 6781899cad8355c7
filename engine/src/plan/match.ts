/*
 * Which live VM is meant by each VM of the spec.
 *
 * (1) Names find a VM, its uid is it from then on.
 * (2) A name that the spec still uses is never taken for another VM's former name.
 * (3) A VM that was renamed behind Ghost is known by the stack's record.
 * (4) What belongs to the stack and is not meant by any VM of the spec is left over. What belongs to anybody else is
 *     never left over.
 */
import type { Diagnostic, ObservedVm } from "@ghost/schemas";
import type { Desired, DesiredVm } from "../desired.ts";
import type { Fleet, Host, SilentHome } from "./fleet.ts";
import { at } from "./locate.ts";
import { namesOf } from "./set-record.ts";

export type Match =
  /** Not there yet. */
  | { readonly kind: "new"; readonly vm: DesiredVm; readonly host: Host }
  /** The stack's own, under its name or a former one. */
  | { readonly kind: "own"; readonly vm: DesiredVm; readonly host: Host; readonly existing: ObservedVm }
  /** Somebody else's or nobody's, and the spec takes it over. */
  | { readonly kind: "adopted"; readonly vm: DesiredVm; readonly host: Host; readonly existing: ObservedVm }
  /** Its agent could not be asked. */
  | { readonly kind: "unknown"; readonly vm: DesiredVm; readonly home: SilentHome }
  /** A diagnostic says why nothing is done. */
  | { readonly kind: "refused"; readonly vm: DesiredVm };

export interface Leftover {
  readonly host: Host;
  readonly existing: ObservedVm;
  /** Its VM in the spec, where the whole stack is destroyed. */
  readonly vm?: DesiredVm;
  /** Why it is not wanted any more, as a clause; that it left the spec unless said otherwise. */
  readonly why?: string;
}

export interface Matches {
  readonly matches: readonly Match[];
  readonly leftovers: readonly Leftover[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `owner` is the stack's own, as agents record it. */
export function matchVms(desired: Desired, fleet: Fleet, owner: string): Matches {
  const diagnostics: Diagnostic[] = [];
  const claimed = new Set<ObservedVm>();
  // Most VMs are found under their name: what finds the others is made when the first of them comes.
  const wanted = once(() => indexWanted(desired, fleet));
  const owned = once(() => indexOwned(fleet, owner));
  const hidden = new Map(fleet.outOfSight.flatMap(({ member, home }) => namesOf(member).map((name) => [name, home])));
  const recorded = once(() => indexRecorded(fleet, owner));
  const former = once(() => new Set(desired.vms.flatMap(({ previousNames }) => previousNames)));

  /** The stack's VMs under a VM's name or a former one, where the spec uses that name for no other. */
  const candidates = (vm: DesiredVm): Leftover[] =>
    [vm.name, ...vm.previousNames].flatMap((name) => (owned().get(name) ?? []).filter((one) => wanted().get(one.host)?.has(name) !== true));
  const refuse = (vm: DesiredVm, diagnostic: Diagnostic): Match => {
    diagnostics.push(diagnostic);
    // What may be this VM must not be deleted as left over while that is not settled.
    for (const { existing } of candidates(vm)) claimed.add(existing);
    return { kind: "refused", vm };
  };

  const matchOne = (vm: DesiredVm): Match => {
    const host = fleet.hostOf.get(vm.agent);
    const same = host?.byName.get(vm.name);
    if (host !== undefined && same !== undefined) {
      if (same.owner === owner) return { kind: "own", vm, host, existing: same };
      return vm.adopt ? { kind: "adopted", vm, host, existing: same } : refuse(vm, ownedByOther(vm, same));
    }
    const found = candidates(vm);
    const renamed = found.find((one) => one.host === host && one.existing.phase === "ready" && !claimed.has(one.existing));
    if (host !== undefined && renamed !== undefined) return { kind: "own", vm, host, existing: renamed.existing };
    const elsewhere = found.find((one) => one.host !== host);
    if (elsewhere !== undefined) return refuse(vm, agentChanged(vm, elsewhere.existing.name, elsewhere.host.agent.name));
    const hiddenName = [vm.name, ...vm.previousNames].find((name) => (hidden.get(name)?.agentName ?? vm.agent) !== vm.agent);
    if (hiddenName !== undefined) return refuse(vm, agentChanged(vm, hiddenName, hidden.get(hiddenName)!.agentName));
    if (host !== undefined) {
      const known = recorded().get(host)?.get(vm.name);
      const isFree =
        known !== undefined && !claimed.has(known) && !former().has(known.name) && wanted().get(host)?.has(known.name) !== true;
      return isFree ? { kind: "own", vm, host, existing: known } : { kind: "new", vm, host };
    }
    return {
      kind: "unknown",
      vm,
      home: fleet.silent.get(vm.agent) ?? { agentName: vm.agent, agentId: "", reason: "its agent is not in the spec" },
    };
  };

  const matches = desired.vms.map((vm) => {
    const match = matchOne(vm);
    if (match.kind === "own" || match.kind === "adopted") claimed.add(match.existing);
    return match;
  });
  const leftovers: Leftover[] = [];
  for (const host of fleet.hosts) {
    for (const existing of host.observation.vms) if (existing.owner === owner && !claimed.has(existing)) leftovers.push({ host, existing });
  }
  const refused = replicasChanged(desired, matches, leftovers, diagnostics);
  return {
    matches:
      refused.size === 0
        ? matches
        : matches.map((match) => (match.kind === "new" && refused.has(match.vm.key) ? { kind: "refused", vm: match.vm } : match)),
    leftovers: leftovers.filter(({ existing }) => !refused.has(blockOf(existing.name, refused))),
    diagnostics,
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Names that the spec wants on each host. */
function indexWanted(desired: Desired, fleet: Fleet): Map<Host, Set<string>> {
  const wanted = new Map(fleet.hosts.map((host) => [host, new Set<string>()]));
  for (const vm of desired.vms) {
    const host = fleet.hostOf.get(vm.agent);
    if (host !== undefined) wanted.get(host)?.add(vm.name);
  }
  return wanted;
}

/** The stack's VMs by the names under which its record has them, where they have other ones now: somebody renamed them behind Ghost. */
function indexRecorded(fleet: Fleet, owner: string): Map<Host, Map<string, ObservedVm>> {
  const recorded = new Map<Host, Map<string, ObservedVm>>();
  const members = new Map(fleet.record.members.map((member) => [`${member.agentId}/${member.uid}`, member]));
  if (members.size === 0) return recorded;
  for (const host of fleet.hosts) {
    const byName = new Map<string, ObservedVm>();
    for (const vm of host.observation.vms) {
      const member = vm.owner === owner && vm.phase === "ready" ? members.get(`${host.agentId}/${vm.uid}`) : undefined;
      if (member !== undefined && member.name !== vm.name) byName.set(member.name, vm);
    }
    recorded.set(host, byName);
  }
  return recorded;
}

function indexOwned(fleet: Fleet, owner: string): Map<string, Leftover[]> {
  const owned = new Map<string, Leftover[]>();
  for (const host of fleet.hosts) {
    for (const existing of host.observation.vms) {
      if (existing.owner !== owner) continue;
      const same = owned.get(existing.name);
      if (same === undefined) owned.set(existing.name, [{ host, existing }]);
      else same.push({ host, existing });
    }
  }
  return owned;
}

/**
 * Adding `replicas` to a block turns VM `web` into `web-1`, and taking it away the reverse: without a former name that
 * would delete one VM and make another. Gives the keys of the blocks for which it is refused.
 */
function replicasChanged(
  desired: Desired,
  matches: readonly Match[],
  leftovers: readonly Leftover[],
  diagnostics: Diagnostic[],
): ReadonlySet<string> {
  const refused = new Set<string>();
  if (leftovers.length === 0) return refused;
  const replicated = new Map<string, DesiredVm>();
  const single = new Map<string, DesiredVm>();
  for (const match of matches) {
    if (match.vm.index !== undefined) replicated.set(match.vm.key, replicated.get(match.vm.key) ?? match.vm);
    else if (match.kind === "new") single.set(match.vm.key, match.vm);
  }
  for (const { existing } of leftovers) {
    const added = replicated.get(existing.name);
    const removed = added === undefined ? single.get(existing.name.replace(/-[0-9]+$/, "")) : undefined;
    const vm = added ?? removed;
    if (vm === undefined || refused.has(vm.key)) continue;
    refused.add(vm.key);
    const [verb, becomes] = added === undefined ? ["lost", vm.name] : ["got", `${vm.key}-1`];
    diagnostics.push({
      code: "REPLICAS_CHANGED",
      severity: "error",
      detail: `Block "${vm.key}" ${verb} its replicas key while VM "${existing.name}" exists: that would delete "${existing.name}" with its disks and make "${becomes}" anew.`,
      hint: `Set previous_names: [${existing.name}] on the block to keep the VM as "${becomes}"; to really delete it, remove the block, apply, and add it again.`,
      path: ["vms", vm.key, "replicas"],
      ...at(vm, ["replicas"]),
    });
  }
  return refused;
}

function blockOf(name: string, refused: ReadonlySet<string>): string {
  return refused.has(name) ? name : name.replace(/-[0-9]+$/, "");
}

/** Refuses a change of what belongs to somebody else. */
export function ownedByOther(vm: Pick<DesiredVm, "name" | "agent" | "origins">, existing: ObservedVm): Diagnostic {
  const since = existing.appliedAt ?? existing.createdAt;
  const when = since === undefined ? "" : ` since ${since.toISOString().slice(0, 10)}`;
  return {
    code: "OWNED_BY_OTHER",
    severity: "error",
    detail: `VM "${vm.name}" on agent "${vm.agent}" ${describeOwner(existing.owner)}${when}; it is not changed.`,
    hint: `Give the VM another name in the spec, or take that one over with \`ghost adopt ${vm.name}\` (or adopt: true).`,
    path: ["vms", vm.name],
    ...at(vm),
    agent: vm.agent,
  };
}

/** "belongs to spec:shop", as a part of a sentence about a VM. */
export function describeOwner(owner: string): string {
  if (owner === "") return "was not made by Ghost and belongs to nobody";
  if (owner === "agent") return "was made through the agent's own API and belongs to no stack";
  return `belongs to ${owner}`;
}

function agentChanged(vm: DesiredVm, name: string, home: string): Diagnostic {
  return {
    code: "AGENT_CHANGED",
    severity: "error",
    detail: `VM "${name}" is on agent "${home}" and the spec puts ${vm.name === name ? "it" : `"${vm.name}"`} on "${vm.agent}". Ghost cannot move a VM between hosts yet, and making it anew would destroy its disks.`,
    hint: `Set agent: ${home} again; to give the old VM up, remove the block, apply, and add it again.`,
    path: ["vms", vm.name, "agent"],
    ...at(vm, ["agent"]),
    agent: vm.agent,
  };
}
