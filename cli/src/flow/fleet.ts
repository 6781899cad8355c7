/** The agents of a spec: one connection each, shared by all that a command asks of them. */
import type { AgentConnection, AgentObservation, Desired } from "@ghost/engine";
import { observe } from "@ghost/engine";
import type { HostClient } from "@ghost/proto/client";
import type { ReachOptions } from "../agents/reach.ts";
import { reachAddress } from "../agents/reach.ts";
import type { Session } from "../terminal/session.ts";

export interface Fleet extends AsyncDisposable {
  /** The client of an agent; an embedded one is started first. */
  readonly connect: (agent: AgentConnection) => Promise<HostClient>;
}

export function openFleet(session: Session, options: ReachOptions = {}): Fleet {
  const clients = new Map<string, Promise<HostClient>>();
  const open = async (agent: AgentConnection): Promise<HostClient> => {
    const [{ connectHost }, address] = await Promise.all([import("@ghost/proto/client"), reachAddress(agent.address, session, options)]);
    return connectHost({ name: agent.name, address, timeoutMs: agent.timeoutMs, ...(agent.tls && { tls: agent.tls }) });
  };
  return {
    connect(agent) {
      const key = `${agent.name}\n${agent.address}`;
      const known = clients.get(key);
      if (known !== undefined) return known;
      const client = open(agent);
      clients.set(key, client);
      // What failed may be tried again; an embedded agent may have needed a moment.
      client.catch(() => clients.delete(key));
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of await Promise.allSettled(clients.values())) if (client.status === "fulfilled") client.value.close();
    },
  };
}

/** Asks every agent once. */
export function observeFleet(desired: Desired, fleet: Fleet, session: Session): Promise<AgentObservation[]> {
  return observe({ agents: desired.agents, stack: desired.stack, connect: fleet.connect, signal: session.stop });
}

/** The spec with another answer to how long an agent may take. */
export function withTimeout(desired: Desired, timeoutMs: number | undefined): Desired {
  return timeoutMs === undefined ? desired : { ...desired, agents: desired.agents.map((agent) => ({ ...agent, timeoutMs })) };
}
