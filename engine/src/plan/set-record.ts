import { createHash } from "node:crypto";
import type { SetAgent, SetMember, SetRecord } from "@ghost/schemas";

/** The members and agents of a stack, as far as they are known. */
export interface StackSet {
  /** Highest serial that was seen; zero when there is no copy. */
  readonly serial: number;
  readonly members: readonly SetMember[];
  readonly agents: readonly SetAgent[];
}

/** Identifies what a record says, whatever its serial: agents keep it beside the record. */
export function setDigest({ members, agents }: Pick<StackSet, "members" | "agents">): string {
  const hash = createHash("sha256");
  for (const { kind, name, uid, agentId } of members.toSorted(byName)) hash.update(`${kind}\n${name}\n${uid}\n${agentId}\n`);
  for (const { agentId, name } of agents.toSorted((a, b) => compare(a.agentId, b.agentId))) hash.update(`agent\n${agentId}\n${name}\n`);
  return `sha256:${hash.digest("hex")}`;
}

/** True for a copy that came without its members. */
export function isMembersOmitted(copy: SetRecord): boolean {
  return copy.members.length === 0 && copy.digest !== undefined && copy.digest !== setDigest({ members: [], agents: copy.agents });
}

/** Everything that any copy knows. Where copies disagree on a name or an address, the newest is right. */
export function unionSets(records: readonly SetRecord[]): StackSet {
  const members = new Map<string, SetMember>();
  const agents = new Map<string, SetAgent>();
  for (const record of records.toSorted((a, b) => a.serial - b.serial)) {
    for (const member of record.members) members.set(memberKey(member), member);
    for (const agent of record.agents) agents.set(agent.agentId, agent);
  }
  return sortSet({
    serial: records.reduce((highest, { serial }) => Math.max(highest, serial), 0),
    members: [...members.values()],
    agents: [...agents.values()],
  });
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
