import { readFileSync } from "node:fs";
import { problem } from "@ghost/schemas";
import type { GhostError, PlanTls } from "@ghost/schemas";
import { isLoopbackHost, parseAddress } from "../address.ts";
import { createChannel } from "./channel.ts";
import type { Channel } from "./channel.ts";
import { fromServiceError } from "./errors.ts";
import { plainTarget, secureTarget } from "./target.ts";
import type { Identity, Target } from "./target.ts";

/** How to reach one agent. */
export interface HostConnection {
  /** Name of the agent, for messages. */
  readonly name: string;
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly tls?: PlanTls;
  /** How long the agent may take to connect, and to answer a question. */
  readonly timeoutMs: number;
}

/** Throws for an address that is none, one that would travel in plain text, and unusable certificates. */
export function openChannel(connection: HostConnection): Channel {
  return createChannel({
    target: targetOf(connection),
    timeoutMs: connection.timeoutMs,
    toError: (error, facts) => fromServiceError(error, connection, facts),
  });
}

function targetOf(connection: HostConnection): Target {
  const { name, address, tls } = connection;
  const host = hostOf(connection);
  if (tls !== undefined) return tlsTarget(connection, tls, host ?? "localhost");
  if (host === undefined || isLoopbackHost(host)) return plainTarget(address);
  throw problem(
    "PERMISSION",
    `Agent "${name}" at ${address} is on another machine and has no tls: anyone on the way could read secrets and command its VMs, so TLS is required.`,
    {
      hint: `Set tls (ca, cert, key) for agent "${name}"; or forward its unix socket over ssh and use address: unix:/path.`,
      agent: name,
    },
  );
}

/** Undefined for a unix socket. */
function hostOf({ name, address }: HostConnection): string | undefined {
  const parsed = parseAddress(address);
  if (parsed?.kind === "unix") return undefined;
  if (parsed !== undefined && parsed.host !== "" && parsed.port > 0) return parsed.host;
  throw unusable(
    name,
    `Agent "${name}" has the address ${JSON.stringify(address)}, which is neither host:port nor unix:/path.`,
    `Correct address of agent "${name}", for example 127.0.0.1:9090.`,
  );
}

function tlsTarget({ name, address }: HostConnection, tls: PlanTls, host: string): Target {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const half = tls.cert === undefined ? "a key without its cert" : "a cert without its key";
    throw unusable(name, `tls of agent "${name}" has ${half}; one proves nothing without the other.`, "Set both cert and key, or neither.");
  }
  const identity: Identity = { ca: readPem(name, tls, "ca"), cert: readPem(name, tls, "cert"), key: readPem(name, tls, "key") };
  try {
    return secureTarget(address, identity, tls.server_name ?? host);
  } catch (reason) {
    const detail = `The certificates in tls of agent "${name}" cannot be used: ${messageOf(reason)}.`;
    throw unusable(name, detail, "They must be PEM files, and key must belong to cert.", reason);
  }
}

function readPem(name: string, tls: PlanTls, what: "ca" | "cert" | "key"): Buffer | undefined {
  const path = tls[what];
  try {
    return path === undefined ? undefined : readFileSync(path);
  } catch (reason) {
    const detail = `tls.${what} of agent "${name}" cannot be read: ${messageOf(reason)}.`;
    throw unusable(name, detail, `Correct tls.${what} of agent "${name}".`, reason);
  }
}

function unusable(agent: string, detail: string, hint: string, cause?: unknown): GhostError {
  return problem("AGENT_UNREACHABLE", detail, { hint, agent }, { cause });
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
