/*
 * Which agents of the spec could be asked, and which part of the stack is out of sight.
 *
 * (1) An agent is its agent_id. Its name in the spec and its address are ways to it.
 * (2) A member whose home did not answer is unknown, whatever the reason.
 * (3) A home is never taken for gone: it left the spec or was replaced only with an error.
 */
import type { Diagnostic, Observation, ObservedVm, SetMember } from "@ghost/schemas";
import { problem as problemOf } from "@ghost/schemas";
import type { DesiredAgent } from "../desired.ts";
import type { StackSet } from "./set-record.ts";
import { isMembersOmitted, unionSets } from "./set-record.ts";

/** What one agent of the spec answered, or why it did not. */
export interface AgentObservation {
  readonly agent: DesiredAgent;
  readonly observation?: Observation;
  readonly problem?: Diagnostic;
}

/** An agent that answered. */
export interface Host {
  /** The first entry of the spec that reaches it. */
  readonly agent: DesiredAgent;
  readonly agentId: string;
  readonly observation: Observation;
  readonly byName: ReadonlyMap<string, ObservedVm>;
}

/** A part of the stack that could not be asked. */
export interface SilentHome {
  readonly agentName: string;
  /** From the stack's record; empty when the stack never reached it. */
  readonly agentId: string;
  readonly reason: string;
}

export interface Fleet {
  readonly hosts: readonly Host[];
  /** By name in the spec. */
  readonly hostOf: ReadonlyMap<string, Host>;
  /** Agents of the spec without a host, by name. */
  readonly silent: ReadonlyMap<string, SilentHome>;
  readonly record: StackSet;
  /** Members whose home is not among the hosts, with that home. */
  readonly outOfSight: readonly { readonly member: SetMember; readonly home: SilentHome }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Sorts out who answered. With `partial`, an agent that did not answer is a warning instead of an error. */
export function surveyFleet(observations: readonly AgentObservation[], { partial = false }: { readonly partial?: boolean } = {}): Fleet {
  const copies = observations.flatMap(({ observation }) => observation?.set ?? []);
  const record = unionSets(copies);
  const diagnostics: Diagnostic[] = [];
  const byId = new Map<string, Host>();
  const hostOf = new Map<string, Host>();
  const silent = new Map<string, SilentHome>();
  const membersOf = groupByHome(record);

  for (const { agent, observation } of observations) {
    if (observation === undefined) continue;
    const first = byId.get(observation.host.agentId);
    if (first !== undefined) diagnostics.push(duplicateAgent(first.agent, agent));
    const host = first ?? toHost(agent, observation);
    byId.set(host.agentId, host);
    hostOf.set(agent.name, host);
  }

  if (record.agents.some(({ agentId }) => !byId.has(agentId)) && copies.some(isMembersOmitted)) {
    throw problemOf(
      "INTERNAL",
      "A home of the stack is out of reach and the stack's members were not asked for: nothing can be planned without forgetting some.",
    );
  }

  for (const { agent, observation, problem } of observations) {
    if (observation !== undefined) continue;
    const known = findRecorded(record, agent, byId);
    silent.set(agent.name, {
      agentName: agent.name,
      agentId: known ?? "",
      reason: problem?.detail ?? `agent "${agent.name}" did not answer`,
    });
    diagnostics.push(unreachable(agent, problem, partial));
  }

  for (const host of byId.values()) {
    const replaced = record.agents.find(
      ({ name, agentId }) => name === host.agent.name && agentId !== host.agentId && !byId.has(agentId) && membersOf.has(agentId),
    );
    if (replaced === undefined) continue;
    const members = membersOf.get(replaced.agentId)!;
    diagnostics.push(replacedAgent(host, replaced.agentId, members));
    silent.set(host.agent.name, {
      agentName: host.agent.name,
      agentId: replaced.agentId,
      reason: `a different agent answers at ${host.agent.address}`,
    });
  }
  for (const [name, host] of hostOf) {
    const home = silent.get(host.agent.name);
    if (home === undefined) continue;
    hostOf.delete(name);
    silent.set(name, home);
  }
  const hosts = [...byId.values()].filter(({ agent }) => !silent.has(agent.name));

  const homes = new Map([...silent.values()].map((home) => [home.agentId, home]));
  const outOfSight: { member: SetMember; home: SilentHome }[] = [];
  for (const [agentId, members] of membersOf) {
    if (byId.has(agentId)) continue;
    let home = homes.get(agentId);
    if (home === undefined) {
      const recorded = record.agents.find((one) => one.agentId === agentId);
      home = { agentName: recorded?.name ?? agentId, agentId, reason: "its agent left the spec" };
      diagnostics.push(missingAgent(home.agentName, recorded?.address ?? "an address that is not recorded", members));
    }
    for (const member of members) outOfSight.push({ member, home });
  }
  return { hosts, hostOf, silent, record, outOfSight, diagnostics };
}

/** An agent that answered, its VMs by name. */
export function toHost(agent: DesiredAgent, observation: Observation): Host {
  return { agent, agentId: observation.host.agentId, observation, byName: new Map(observation.vms.map((vm) => [vm.name, vm])) };
}

function groupByHome(record: StackSet): Map<string, SetMember[]> {
  const groups = new Map<string, SetMember[]>();
  for (const member of record.members) {
    const group = groups.get(member.agentId);
    if (group === undefined) groups.set(member.agentId, [member]);
    else group.push(member);
  }
  return groups;
}

/** The agent_id under which the stack knew an agent that is silent now, by its name or else by its address. */
function findRecorded(record: StackSet, agent: DesiredAgent, reached: ReadonlyMap<string, Host>): string | undefined {
  const candidates = record.agents.filter(({ agentId }) => !reached.has(agentId));
  return (candidates.find(({ name }) => name === agent.name) ?? candidates.find(({ address }) => address === agent.address))?.agentId;
}

function unreachable(agent: DesiredAgent, found: Diagnostic | undefined, partial: boolean): Diagnostic {
  const known: Diagnostic = found ?? {
    code: "AGENT_UNREACHABLE",
    severity: "error",
    detail: `Agent "${agent.name}" at ${agent.address} did not answer.`,
  };
  return {
    ...known,
    severity: partial ? "warning" : known.severity,
    hint:
      known.hint ??
      (partial
        ? "What it has stays as it is; apply again once it answers."
        : `Start the agent and check address ${agent.address}; with --partial the rest is planned without it.`),
    path: known.path ?? ["agents", agent.name],
    at: known.at ?? agent.at,
    agent: agent.name,
  };
}

function duplicateAgent(first: DesiredAgent, second: DesiredAgent): Diagnostic {
  return {
    code: "AGENT_DUPLICATE",
    severity: "error",
    detail: `Agents "${first.name}" (${first.address}) and "${second.name}" (${second.address}) are one and the same agent; its host would be counted twice.`,
    hint: `Remove one of the two entries, or correct the address of "${second.name}".`,
    path: ["agents", second.name, "address"],
    at: second.at,
    agent: second.name,
  };
}

function replacedAgent({ agent, agentId }: Host, recordedId: string, members: readonly SetMember[]): Diagnostic {
  return {
    code: "AGENT_REPLACED",
    severity: "error",
    detail: `At ${agent.address} agent ${agentId} answers; the stack knows "${agent.name}" as agent ${recordedId}, which has ${namesOf(members)}. Nothing is created or deleted there until it is clear which of them is meant.`,
    hint: `Correct the address of "${agent.name}"; if the old host is gone for good, \`ghost forget --agent ${agent.name}\` gives up what it had.`,
    path: ["agents", agent.name, "address"],
    at: agent.at,
    agent: agent.name,
  };
}

function missingAgent(name: string, address: string, members: readonly SetMember[]): Diagnostic {
  return {
    code: "AGENT_MISSING",
    severity: "error",
    detail: `Agent "${name}" (last at ${address}) left the spec while it still has ${namesOf(members)} of this stack. They are neither deleted nor made elsewhere.`,
    hint: `Put the agent back and remove its VMs first; if the host is gone for good, \`ghost forget --agent ${name}\` gives them up.`,
    path: ["agents", name],
    agent: name,
  };
}

function namesOf(members: readonly SetMember[]): string {
  const names = members.slice(0, 5).map(({ name }) => name);
  const more = members.length - names.length;
  return `${members.length === 1 ? "VM" : `${members.length} VMs:`} ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
