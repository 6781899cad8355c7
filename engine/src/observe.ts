/*
 * Asks every agent of a spec once, all at the same time.
 *
 * (1) Nothing throws but the caller's own signal: whatever goes wrong with one agent is that agent's diagnostic.
 * (2) The members of the stack's record are asked for only when a home is out of reach, from one holder of each copy:
 *     100 agents need not send the same list 100 times.
 */
import type { HostClient } from "@ghost/proto/client";
import type { Diagnostic, Observation, SetRecord } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { DesiredAgent } from "./desired.ts";
import type { AgentObservation } from "./plan/fleet.ts";
import { isMembersOmitted } from "./plan/set-record.ts";

/** What the engine asks of an agent. */
export type HostCalls = Pick<HostClient, "snapshot" | "execute" | "attachOperation" | "updateSet">;

/** Gives the client of an agent; the caller keeps it and closes it. */
export type Connect = (agent: AgentConnection) => Promise<HostCalls> | HostCalls;

/** How to reach an agent. */
export type AgentConnection = Pick<DesiredAgent, "name" | "address" | "tls" | "timeoutMs">;

export interface ObserveInput {
  readonly agents: readonly DesiredAgent[];
  readonly stack: string;
  readonly connect: Connect;
  readonly signal?: AbortSignal;
  /** Called for each agent as its answer, or the lack of it, is known. */
  readonly onAnswer?: (observation: AgentObservation) => void;
}

/** One answer, or one diagnostic, for each agent; in the order of the agents. */
export async function observe({ agents, stack, connect, signal, onAnswer }: ObserveInput): Promise<AgentObservation[]> {
  const ask = async (agent: DesiredAgent, setDigestOnly: boolean): Promise<AgentObservation> => {
    try {
      const client = await connect(agent);
      return { agent, observation: await client.snapshot(stack, { setDigestOnly, timeoutMs: agent.timeoutMs, ...(signal && { signal }) }) };
    } catch (reason) {
      signal?.throwIfAborted();
      return { agent, problem: toProblem(agent, reason) };
    }
  };
  const answers = await Promise.all(
    agents.map(async (agent) => {
      const answer = await ask(agent, true);
      onAnswer?.(answer);
      return answer;
    }),
  );
  signal?.throwIfAborted();
  return isHomeMissing(answers) ? await withMembers(answers, (agent) => ask(agent, false)) : answers;
}

/** True when a home that some copy knows is not among the agents that answered. */
function isHomeMissing(answers: readonly AgentObservation[]): boolean {
  const reached = new Set(answers.map(({ observation }) => observation?.host.agentId));
  return answers.some(({ observation }) => observation?.set?.agents.some(({ agentId }) => !reached.has(agentId)) === true);
}

/**
 * Asks one holder of each copy for its members, the next holder where one has gone silent meanwhile. A copy that
 * nobody tells any more makes its holders silent ones: without it members could be forgotten.
 */
async function withMembers(
  answers: readonly AgentObservation[],
  ask: (agent: DesiredAgent) => Promise<AgentObservation>,
): Promise<AgentObservation[]> {
  const holders = new Map<string, DesiredAgent[]>();
  for (const { agent, observation } of answers) {
    const copy = observation?.set;
    if (copy !== undefined && isMembersOmitted(copy)) holders.set(copy.digest!, [...(holders.get(copy.digest!) ?? []), agent]);
  }
  const told = new Map<string, SetRecord | Diagnostic>();
  await Promise.all(
    [...holders].map(async ([digest, agents]) => {
      for (const agent of agents) {
        const { observation, problem } = await ask(agent);
        // Written again since the first question: newer is as good.
        const copy = observation?.set;
        if (copy !== undefined && !isMembersOmitted(copy)) return void told.set(digest, copy);
        told.set(digest, problem ?? withoutMembers(agent));
      }
    }),
  );
  return answers.map(({ agent, observation, problem }) => {
    const found = observation?.set?.digest === undefined ? undefined : told.get(observation.set.digest);
    if (observation === undefined || found === undefined)
      return { agent, ...(observation && { observation }), ...(problem && { problem }) };
    return "code" in found ? { agent, problem: { ...found, agent: agent.name } } : { agent, observation: withSet(observation, found) };
  });
}

/** The answer with the members told by another holder, and its own; what this one has is still told by its digest. */
function withSet(observation: Observation, { members }: SetRecord): Observation {
  const { membersOmitted: _, members: own, ...copy } = observation.set!;
  return { ...observation, set: { ...copy, members: own.length === 0 ? members : [...members, ...own] } };
}

function withoutMembers(agent: DesiredAgent): Diagnostic {
  return {
    code: "AGENT_PROTOCOL",
    severity: "error",
    detail: `Agent "${agent.name}" keeps a record of the stack and does not tell its members.`,
    hint: `Bring agent "${agent.name}" to this version of Ghost.`,
    agent: agent.name,
  };
}

function toProblem(agent: DesiredAgent, reason: unknown): Diagnostic {
  const [first] = GhostError.from(reason).diagnostics;
  return { ...first, agent: agent.name, path: first.path ?? ["agents", agent.name], at: first.at ?? agent.at };
}
