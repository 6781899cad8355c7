/** One agent that a command line names: by its address, or by its name in the spec. */
import type { AgentConnection } from "@ghost/engine";
import type { HostClient } from "@ghost/proto/client";
import type { PlanTls } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Session } from "../terminal/session.ts";
import type { Fleet } from "./fleet.ts";
import type { SpecOptions } from "./spec.ts";
import { readSpec } from "./spec.ts";

export interface AgentFlags extends SpecOptions {
  readonly address: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly timeout: number | undefined;
}

/** How to reach an agent where no spec says it. */
export const ADDRESS = {
  address: { kind: "string", value: "ADDRESS", doc: "The agent's address, instead of a spec: host:port, unix:/path or embedded:DIR." },
  ca: { kind: "string", value: "FILE", doc: "Certificate authority of the agent; turns TLS on." },
  cert: { kind: "string", value: "FILE", doc: "Certificate shown to the agent." },
  key: { kind: "string", value: "FILE", doc: "Private key of that certificate." },
} as const;

const TIMEOUT_MS = 10_000;

/** TLS of the options; undefined where none is given. */
export function tlsOf({ ca, cert, key }: Pick<AgentFlags, "ca" | "cert" | "key">): PlanTls | undefined {
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

/** The agents of the spec, or the one at `--address`. */
export async function agentsOf(flags: AgentFlags, session: Session): Promise<readonly AgentConnection[]> {
  const { address, timeout } = flags;
  const tls = tlsOf(flags);
  if (address !== undefined) return [{ name: address, address, timeoutMs: timeout ?? TIMEOUT_MS, ...(tls && { tls }) }];
  const { desired } = await readSpec(flags, session);
  return timeout === undefined ? desired.agents : desired.agents.map((agent) => ({ ...agent, timeoutMs: timeout }));
}

export interface NamedOperation {
  readonly client: HostClient;
  readonly agent: string;
  readonly id: string;
}

/** The operation that `AGENT/ID` names, or `ID` where only one agent is meant. */
export async function findOperation(word: string, flags: AgentFlags, fleet: Fleet, session: Session): Promise<NamedOperation> {
  const agents = await agentsOf(flags, session);
  const at = word.lastIndexOf("/");
  const [name, id] = [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
  const agent = agents.length === 1 && (flags.address !== undefined || name === "") ? agents[0] : agents.find((each) => each.name === name);
  if (agent === undefined) {
    throw problem(
      "OPERATION_NOT_FOUND",
      name === "" ? `"${word}" does not say which agent has the operation.` : `The spec has no agent "${name}".`,
      {
        hint: `Give AGENT/ID as ghost op list prints it; agents are ${agents.map((each) => each.name).join(", ")}.`,
      },
    );
  }
  return { client: await fleet.connect(agent), agent: agent.name, id };
}
