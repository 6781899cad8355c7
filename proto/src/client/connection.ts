import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import type { ChannelCredentials, ClientOptions } from "@grpc/grpc-js";
import { problem } from "@ghost/schemas";
import type { PlanTls } from "@ghost/schemas";
import { isLoopbackHost, parseAddress } from "../address.ts";

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

export interface Target {
  readonly uri: string;
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** Throws for an address that is none, one that would travel in plain text, and unusable certificates. */
export function targetOf(connection: HostConnection): Target {
  const { name, address, tls } = connection;
  const host = hostOf(connection);
  if (tls !== undefined) return secureTarget(connection, host, tls);
  if (host !== undefined && !isLoopbackHost(host)) {
    throw problem(
      "PERMISSION",
      `Agent "${name}" at ${address} is on another machine and has no tls: anyone on the way could read secrets and command its VMs, so TLS is required.`,
      {
        hint: `Set tls (ca, cert, key) for agent "${name}"; or forward its unix socket over ssh and use address: unix:/path.`,
        agent: name,
      },
    );
  }
  return { uri: uriOf(address), credentials: credentials.createInsecure(), options: {} };
}

/** Undefined for a unix socket. */
function hostOf({ name, address }: HostConnection): string | undefined {
  const parsed = parseAddress(address);
  if (parsed?.kind === "unix") return undefined;
  if (parsed !== undefined && parsed.host !== "" && parsed.port > 0) return parsed.host;
  throw problem(
    "AGENT_UNREACHABLE",
    `Agent "${name}" has the address ${JSON.stringify(address)}, which is neither host:port nor unix:/path.`,
    { hint: `Correct address of agent "${name}", for example 127.0.0.1:9090.`, agent: name },
  );
}

function uriOf(address: string): string {
  return address.startsWith("unix:") ? address : `dns:${address}`;
}

function secureTarget(connection: HostConnection, host: string | undefined, tls: PlanTls): Target {
  const { name, address } = connection;
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw problem(
      "AGENT_UNREACHABLE",
      `tls of agent "${name}" has ${tls.cert === undefined ? "a key without its cert" : "a cert without its key"}; one proves nothing without the other.`,
      {
        hint: "Set both cert and key, or neither.",
        agent: name,
      },
    );
  }
  const expectedName = tls.server_name ?? host ?? "localhost";
  const read = (what: string, path: string | undefined): Buffer | null => (path === undefined ? null : readPem(name, what, path));
  const [ca, key, cert] = [read("ca", tls.ca), read("key", tls.key), read("cert", tls.cert)];
  return {
    uri: uriOf(address),
    credentials: createCredentials(name, ca, key, cert, expectedName),
    options: {
      // An IP address is no server name (RFC 6066) and Node warns of one; the certificate is checked for it all the same.
      "grpc.ssl_target_name_override": isIP(expectedName) === 0 ? expectedName : "ghost-agent",
    },
  };
}

function createCredentials(
  name: string,
  ca: Buffer | null,
  key: Buffer | null,
  cert: Buffer | null,
  expectedName: string,
): ChannelCredentials {
  try {
    return credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_, certificate) => checkServerIdentity(expectedName, certificate),
    });
  } catch (reason) {
    throw problem(
      "AGENT_UNREACHABLE",
      `The certificates in tls of agent "${name}" cannot be used: ${reasonOf(reason)}.`,
      { hint: "They must be PEM files, and key must belong to cert.", agent: name },
      { cause: reason },
    );
  }
}

function readPem(name: string, what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (reason) {
    throw problem(
      "AGENT_UNREACHABLE",
      `tls.${what} of agent "${name}" cannot be read: ${reasonOf(reason)}.`,
      { hint: `Correct tls.${what} of agent "${name}".`, agent: name },
      { cause: reason },
    );
  }
}

function reasonOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
