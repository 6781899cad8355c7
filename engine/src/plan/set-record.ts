import { createHash } from "node:crypto";
import type { ObservedVm, SetAgent, SetMember, SetRecord, SetVersion } from "@ghost/schemas";

/** The members and agents of a stack, as far as they are known. */
export interface StackSet {
  /** Highest serial that was seen; zero when there is no copy. */
  readonly serial: number;
  readonly members: readonly SetMember[];
  readonly agents: readonly SetAgent[];
}

/** Identifies what a record says, whatever its serial: agents keep it beside the record. Until when a member may be made is not in it. */
export function setDigest({ members, agents }: Pick<StackSet, "members" | "agents">): string {
  const hash = createHash("sha256");
  for (const { kind, name, uid, agentId, otherNames } of members.toSorted(byName)) {
    hash.update(`${kind}\n${name}\n${uid}\n${agentId}\n`);
    if (otherNames !== undefined) hash.update(`also\n${otherNames.toSorted().join("\n")}\n`);
  }
  for (const { agentId, name } of agents.toSorted((a, b) => compare(a.agentId, b.agentId))) hash.update(`agent\n${agentId}\n${name}\n`);
  return `sha256:${hash.digest("hex")}`;
}

/**
 * The record without the members that no plan needs to be told while every home is in reach: those of other hosts, those
 * that are here as they are recorded, and those that are not here and nobody makes any more.
 */
export function omitSettled(set: SetRecord, agentId: string, vms: readonly ObservedVm[]): SetRecord {
  if (set.digest === undefined) return set;
  const byUid = new Map(vms.map((vm) => [vm.uid, vm]));
  const isSettled = (member: SetMember): boolean => {
    const vm = byUid.get(member.uid);
    if (vm === undefined) return member.until === undefined;
    return vm.name === member.name && vm.phase === "ready" && vm.owner.endsWith(`:${set.stack}`) && member.otherNames === undefined;
  };
  const members = set.members.filter((member) => member.agentId === agentId && !isSettled(member));
  return members.length === set.members.length ? set : { ...set, members, membersOmitted: true };
}

/** True for a copy that came without some of its members. */
export function isMembersOmitted(copy: SetRecord): boolean {
  return copy.membersOmitted === true;
}

/** What a copy must still be when it is replaced. */
export function versionOf(copy: Pick<SetRecord, "serial" | "digest"> | undefined): SetVersion {
  return { serial: copy?.serial ?? 0, digest: copy?.digest ?? "" };
}

/** Everything that any copy knows. Where copies disagree on a name or an address, the newest is right. */
export function unionSets(records: readonly StackSet[]): StackSet {
  const members = new Map<string, SetMember>();
  const agents = new Map<string, SetAgent>();
  for (const record of records.toSorted((a, b) => a.serial - b.serial)) {
    for (const member of record.members) {
      const key = memberKey(member);
      members.set(key, joinMember(member, members.get(key)));
    }
    for (const agent of record.agents) agents.set(agent.agentId, agent);
  }
  return sortSet({
    serial: records.reduce((highest, { serial }) => Math.max(highest, serial), 0),
    members: [...members.values()],
    agents: [...agents.values()],
  });
}

/** The newer member, with what an older copy still expects of it: no name is forgotten that it may come to have. */
export function joinMember(newer: SetMember, older: SetMember | undefined): SetMember {
  const until = latest(newer.until, older?.until);
  if (older === undefined || until === undefined) return newer;
  const { kind, name, uid, agentId } = newer;
  const others = new Set([...(newer.otherNames ?? []), older.name, ...(older.otherNames ?? [])]);
  others.delete(name);
  return { kind, name, uid, agentId, until, ...(others.size > 0 && { otherNames: [...others].sort() }) };
}

/** Of instants that are written alike. */
function latest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

/** Every name that it may have. */
export function namesOf({ name, otherNames = [] }: SetMember): readonly string[] {
  return [name, ...otherNames];
}

/** What identifies a member: a name may change, a home and a uid do not. */
export function memberKey(member: Pick<SetMember, "agentId" | "kind" | "uid">): string {
  return `${member.agentId}/${member.kind}/${member.uid}`;
}

/** In the one order that copies are written in. */
export function sortSet(set: StackSet): StackSet {
  return {
    serial: set.serial,
    members: set.members.toSorted(byName),
    agents: set.agents.toSorted((a, b) => compare(a.name, b.name) || compare(a.agentId, b.agentId)),
  };
}

/**
 * Tells of stored copies whether they say the same as the set. An address alone is no difference: one agent may be reached in
 * several ways, and they would overwrite each other for ever.
 */
export function sameSetAs(set: StackSet): (copy: SetRecord | undefined) => boolean {
  let digest: string | undefined;
  return (copy) => {
    if (copy === undefined) return set.members.length === 0;
    if (copy.digest === undefined && (copy.members.length !== set.members.length || copy.agents.length !== set.agents.length)) return false;
    digest ??= setDigest(set);
    return (copy.digest ?? setDigest(copy)) === digest;
  };
}

function byName(a: SetMember, b: SetMember): number {
  return compare(a.name, b.name) || compare(a.uid, b.uid);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
