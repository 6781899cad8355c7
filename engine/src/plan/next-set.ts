/*
 * The stack's record once a plan is applied.
 *
 * (1) It has what is there, what is made, and what is out of sight.
 * (2) What another plan may still make on a host that answered is kept until that plan cannot be carried out any more:
 *     not being there yet is not being gone.
 * (3) What is renamed, here or by another plan, has all its names.
 */
import type { SetMember } from "@ghost/schemas";
import type { Fleet, Host } from "./fleet.ts";
import type { StackSet } from "./set-record.ts";
import { joinMember, memberKey, sortSet } from "./set-record.ts";
import type { Draft } from "./steps.ts";

export interface NextSetInput {
  readonly drafts: readonly Draft[];
  readonly fleet: Fleet;
  /** The stack's own, as agents record it. */
  readonly owner: string;
  readonly now: Date;
  /** Until when the plan may be applied. */
  readonly expiresAt: string;
}

export interface NextSet {
  /** With the serial of the newest copy. */
  readonly set: StackSet;
  /** Something that copies have already may be made for longer than they say: no digest tells that. */
  readonly isProlonged: boolean;
}

/** Clocks of planners and agents may differ by so much. */
const CLOCKS_APART_MS = 60 * 60 * 1000;

export function nextSet({ drafts, fleet, owner, now, expiresAt }: NextSetInput): NextSet {
  const steps = drafts.map(({ step }) => step.body).filter(({ kind }) => kind === "vm");
  const leaving = new Set(steps.filter(({ action }) => action === "delete" || action === "release").map(({ uid }) => uid));
  const staying = new Map(steps.filter(({ uid }) => !leaving.has(uid)).map((body) => [body.uid, body]));
  const unsettled = findUnsettled(fleet, now);
  const members = new Map<string, SetMember>();
  const add = (member: SetMember): void => {
    const key = memberKey(member);
    members.set(key, joinMember(member, unsettled.get(key)));
  };

  for (const { agentId, observation } of fleet.hosts) {
    for (const { owner: itsOwner, name, uid } of observation.vms) {
      if (itsOwner === owner && !leaving.has(uid) && !staying.has(uid)) add({ kind: "vm", name, uid, agentId });
    }
  }
  for (const { name, uid, agent_id: agentId, action, previous_name: previousName } of staying.values()) {
    const isMade = action !== "update" || previousName !== undefined;
    add({
      kind: "vm",
      name,
      uid,
      agentId,
      ...(isMade && { until: expiresAt }),
      ...(previousName !== undefined && { otherNames: [previousName] }),
    });
  }
  for (const [key, member] of unsettled) if (!members.has(key) && !leaving.has(member.uid)) members.set(key, member);
  for (const { member } of fleet.outOfSight) members.set(memberKey(member), member);

  const all = [...members.values()];
  return {
    set: sortSet({ serial: fleet.record.serial, members: all, agents: nextAgents(all, fleet) }),
    isProlonged: fleet.record.members.some((known) => (members.get(memberKey(known))?.until ?? "") > (known.until ?? "")),
  };
}

/** Members of hosts that answered which some plan may still make or rename. */
function findUnsettled({ record, hosts }: Fleet, now: Date): Map<string, SetMember> {
  const byId = new Map(hosts.map((host) => [host.agentId, host]));
  const runningOn = new Map<Host, ReadonlySet<string>>();
  const isRunning = (host: Host, uid: string): boolean => {
    const running = runningOn.get(host) ?? new Set(host.observation.operations.map((operation) => operation.uid));
    runningOn.set(host, running);
    return running.has(uid);
  };
  const unsettled = new Map<string, SetMember>();
  for (const member of record.members) {
    const host = byId.get(member.agentId);
    if (host === undefined || member.until === undefined) continue;
    const isOver = now.getTime() > Date.parse(member.until) + CLOCKS_APART_MS;
    if (!isOver || isRunning(host, member.uid)) unsettled.set(memberKey(member), member);
  }
  return unsettled;
}

function nextAgents(members: readonly SetMember[], { record, hosts, silent }: Fleet): StackSet["agents"] {
  const homes = new Set(members.map(({ agentId }) => agentId));
  const reached = hosts.map(({ agentId, agent }) => ({ agentId, name: agent.name, address: agent.address }));
  const ids = new Set(reached.map(({ agentId }) => agentId));
  const silentIds = new Set([...silent.values()].map(({ agentId }) => agentId));
  const kept = record.agents.filter(({ agentId }) => !ids.has(agentId) && (homes.has(agentId) || silentIds.has(agentId)));
  return members.length === 0 && kept.length === 0 && record.serial === 0 ? [] : [...reached, ...kept];
}
