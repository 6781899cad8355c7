/** The agent that `ghost vm …` is about: one, named without a spec. */
import { GhostError } from "@ghost/schemas";
import type { HostClient, HostConnection } from "@ghost/proto/client";
import { reachAddress } from "../agents/reach.ts";
import type { Option, OptionValues, Positional } from "../command/command.ts";
import type { Session } from "../terminal/session.ts";
import { ADDRESS, tlsOf } from "./one-agent.ts";

export const CONNECT_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 30_000;
const DEFAULT_ADDRESS = "localhost:9090";

export const CONNECTION = {
  ...ADDRESS,
  address: {
    ...ADDRESS.address,
    doc: "The agent: host:port, unix:/path or embedded:DIR; otherwise GHOST_AGENT_ADDRESS, otherwise localhost:9090.",
  },
  timeout: { kind: "duration", value: "TIME", doc: "How long the agent may take to answer; 30s when not given." },
} as const satisfies Record<string, Option>;
export type ConnectionOptions = OptionValues<typeof CONNECTION>;

export const VM = { name: "VM", doc: "Id or name of the VM.", required: true } as const satisfies Positional;

/** Who named no agent on the command line, and reaches none, learns where the address is from. */
export async function withAgent<T>(
  options: ConnectionOptions,
  session: Session,
  act: (connection: Omit<HostConnection, "timeoutMs">) => Promise<T>,
): Promise<T> {
  const wanted = options.address ?? session.env["GHOST_AGENT_ADDRESS"] ?? DEFAULT_ADDRESS;
  const tls = tlsOf(options);
  const address = await reachAddress(wanted, session);
  try {
    return await act({ name: wanted, address, ...(tls && { tls }) });
  } catch (reason) {
    throw wanted === options.address ? reason : withAddressHint(reason, wanted);
  }
}

/** The agent's own service. What is told for as long as it takes need only begin within the timeout. */
export async function withHost<T>(
  options: ConnectionOptions,
  session: Session,
  act: (host: HostClient, agent: string) => Promise<T>,
): Promise<T> {
  const { connectHost } = await import("@ghost/proto/client");
  return await withAgent(options, session, async (connection) => {
    await using host = connectHost({ ...connection, timeoutMs: options.timeout ?? TIMEOUT_MS });
    return await act(host, connection.name);
  });
}

function withAddressHint(reason: unknown, wanted: string): GhostError {
  const [first, ...others] = GhostError.from(reason).diagnostics;
  if (first.code !== "AGENT_UNREACHABLE") return GhostError.from(reason);
  const hint =
    wanted === DEFAULT_ADDRESS
      ? "No agent was named, so this one was tried: give --address, or set GHOST_AGENT_ADDRESS, to unix:/run/ghost/agent.sock, host:port or embedded:DIR."
      : `${first.hint === undefined ? "" : `${first.hint} `}GHOST_AGENT_ADDRESS named it; --address names another.`;
  return new GhostError([{ ...first, hint }, ...others], { cause: reason });
}
