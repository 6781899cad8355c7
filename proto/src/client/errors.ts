/*
 * What gRPC says, as what a person can act on. grpc-js tells why a connection failed in the status text only, so
 * its texts are read here and nowhere else.
 */
import { status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { GhostError, problem } from "@ghost/schemas";
import type { Diagnostics, DiagnosticCode } from "@ghost/schemas";
import { decodeDiagnostics, DIAGNOSTICS_KEY } from "../wire/status.ts";
import type { HostConnection } from "./connection.ts";

/** What is known of a failed call beside its status. */
export interface CallFacts {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The connection was up when the call failed. */
  readonly connected: boolean;
  /** The caller stopped waiting. */
  readonly late: boolean;
  readonly timeoutMs: number;
}

/** Problems that the agent itself reported pass through, with its name. */
export function fromServiceError(error: ServiceError, connection: HostConnection, facts: CallFacts): GhostError {
  const own = reported(error, connection.name);
  return own === undefined ? translate(error, connection, facts) : new GhostError(own, { cause: error });
}

/** Reads an answer; what is wrong with it names the agent. */
export function fromAgent<T>(agent: string, read: () => T): T {
  try {
    return read();
  } catch (reason) {
    const [first, ...others] = GhostError.from(reason).diagnostics;
    throw new GhostError([{ ...first, agent }, ...others], { cause: reason });
  }
}

/** Problems that the agent told of, with its name. */
export function withAgent([first, ...others]: Diagnostics, agent: string): Diagnostics {
  return [{ ...first, agent }, ...others.map((other) => ({ ...other, agent }))];
}

function reported(error: ServiceError, agent: string): Diagnostics | undefined {
  const entry = error.metadata?.get(DIAGNOSTICS_KEY)[0];
  if (!(entry instanceof Uint8Array)) return undefined;
  const own = decodeDiagnostics(entry);
  return own && withAgent(own, agent);
}

function translate(error: ServiceError, connection: HostConnection, facts: CallFacts): GhostError {
  const { name, address } = connection;
  const say = (code: DiagnosticCode, detail: string, hint?: string): GhostError =>
    problem(code, detail, { ...(hint !== undefined && { hint }), agent: name }, { cause: error });
  const told = tidy(error.details);

  if (facts.late || error.code === status.DEADLINE_EXCEEDED) {
    return facts.connected
      ? say(
          "AGENT_TIMEOUT",
          `Agent "${name}" at ${address} did not answer ${facts.path} within ${seconds(facts.timeoutMs)}.`,
          "See its log; a slow hypervisor may need a larger timeout_s.",
        )
      : say(
          "AGENT_UNREACHABLE",
          `Agent "${name}" does not answer: no connection to ${address} within ${seconds(facts.timeoutMs)}.`,
          `Check that the host is up and that ${address} is where the agent listens; a firewall may drop the packets.`,
        );
  }
  switch (error.code) {
    case status.UNAVAILABLE:
      return unavailable(told, connection, facts, say);
    case status.CANCELLED:
      return say(
        "AGENT_UNREACHABLE",
        `The connection to agent "${name}" at ${address} broke: ${told}.`,
        "The agent goes on with what it began; run the command again to see what is left.",
      );
    case status.UNIMPLEMENTED:
    case status.UNKNOWN:
    case status.OUT_OF_RANGE:
    case status.DATA_LOSS:
      return say(
        "AGENT_PROTOCOL",
        `What answers at ${address} is not a Ghost agent that knows ${facts.path}: ${told}.`,
        `Correct address of agent "${name}", or bring it to this version of Ghost.`,
      );
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return say("PERMISSION", `Agent "${name}" at ${address} refuses: ${told}.`, `Check tls of agent "${name}".`);
    case status.NOT_FOUND:
      return say("VM_NOT_FOUND", `Agent "${name}": ${told}.`);
    case status.ALREADY_EXISTS:
      return say("VM_EXISTS", `Agent "${name}": ${told}.`);
    case status.INVALID_ARGUMENT:
      return say("VM_INVALID", `Agent "${name}": ${told}.`);
    case status.FAILED_PRECONDITION:
      return say("VM_POWER_STATE", `Agent "${name}": ${told}.`);
    case status.RESOURCE_EXHAUSTED:
      return /larger than max/.test(error.details)
        ? say("AGENT_PROTOCOL", `The answer of agent "${name}" at ${address} is too large: ${told}.`)
        : say("HOST_ERROR", `Agent "${name}": ${told}.`);
    case status.INTERNAL:
      return internal(told, connection, facts, say);
    default:
      return say("HOST_ERROR", `Agent "${name}": ${told}.`);
  }
}

type Say = (code: DiagnosticCode, detail: string, hint?: string) => GhostError;

/** Internal errors are the agent's own, or grpc-js's about an answer that makes no sense. */
function internal(told: string, { name, address }: HostConnection, { path }: CallFacts, say: Say): GhostError {
  if (/RST_STREAM with code 0|parsing error|Unimplemented|Protocol error/i.test(told)) {
    return say(
      "AGENT_PROTOCOL",
      `What answers at ${address} is not a Ghost agent that knows ${path}: ${told}.`,
      `Correct address of agent "${name}", or bring it to this version of Ghost.`,
    );
  }
  if (/RST_STREAM/.test(told)) return broken(told, { name, address }, say);
  return say("HOST_ERROR", `Agent "${name}": ${told}.`);
}

function unavailable(told: string, { name, address }: HostConnection, { connected }: CallFacts, say: Say): GhostError {
  const unreachable = (why: string, hint: string): GhostError =>
    say("AGENT_UNREACHABLE", `Agent "${name}" does not answer at ${address}: ${why}.`, hint);
  const start = `Start the agent there (\`sudo systemctl start ghost-agent\`, or \`ghost agent run\`), or correct address of agent "${name}".`;

  if (/Protocol error|NGHTTP2|HTTP2|HTTP\/2|wrong version number|packet length too long/i.test(told) && !/Connection dropped/.test(told)) {
    return /wrong version number|packet length too long/.test(told)
      ? say(
          "AGENT_PROTOCOL",
          `Agent "${name}" at ${address} answers without TLS, but tls is set for it.`,
          `Remove tls of agent "${name}", or set grpc.tls_enabled in its agent.yaml.`,
        )
      : say(
          "AGENT_PROTOCOL",
          `What answers at ${address} does not speak gRPC: ${told}.`,
          `Correct address of agent "${name}"; an agent's gRPC port is 9090 unless agent.yaml says otherwise.`,
        );
  }
  if (/ECONNREFUSED/.test(told)) return unreachable("nothing listens there (connection refused)", start);
  if (/ENOENT/.test(told)) return unreachable("there is no such socket", start);
  if (/EACCES|EPERM/.test(told))
    return unreachable("this user may not open the socket", "Run as the agent's user, or as a member of the socket's group.");
  if (/Name resolution failed|ENOTFOUND|EAI_AGAIN/.test(told))
    return unreachable("its name cannot be resolved", `Correct address of agent "${name}", or its name service.`);
  if (/EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/.test(told))
    return unreachable("there is no way to that host", "Check that the host is up and its network (VPN) is connected.");
  if (/certificate required|handshake failure|bad certificate|unknown ca|ALERT_NUMBER_116/i.test(told))
    return unreachable(
      `it refuses this client's certificate (${told})`,
      `Set tls.cert and tls.key of agent "${name}" to a certificate that its tls_ca has signed.`,
    );
  if (/certificate|ALTNAME|altnames/i.test(told))
    return unreachable(
      `its certificate is not trusted (${told})`,
      `Set tls.ca of agent "${name}" to the authority that signed the agent's certificate, and tls.server_name where its name differs.`,
    );
  if (/Failed to connect|Socket closed|Connection closed/.test(told))
    return unreachable("it closes the connection at once", `If the agent expects TLS, set tls of agent "${name}"; else see its log.`);
  return connected || /Connection dropped|ECONNRESET|ping|closed/i.test(told)
    ? broken(told, { name, address }, say)
    : unreachable(told, start);
}

function broken(told: string, { name, address }: Pick<HostConnection, "name" | "address">, say: Say): GhostError {
  return say(
    "AGENT_UNREACHABLE",
    `The connection to agent "${name}" at ${address} broke: ${told}.`,
    "The agent goes on with what it began; run the command again to see what is left.",
  );
}

/** grpc-js's text without its frame, times and OpenSSL's file names. */
function tidy(details: string): string {
  return (
    details
      .replace(/^No connection established\. Last error: /, "")
      .replace(/\s*Resolution note:.*$/s, "")
      .replace(/\s*\(\d{4}-\d\d-\d\dT[^)]*\)/g, "")
      .replace(/^Error(?: \[[A-Z_]+\])?: /, "")
      .replace(/[0-9A-F]{8,}:error:[0-9A-F]+:SSL routines:[^:]*:([^:]*):[^\n]*/g, "$1")
      .trim()
      .replace(/[.\s]+$/, "") || "no reason given"
  );
}

function seconds(timeoutMs: number): string {
  return `${timeoutMs / 1000} s`;
}
