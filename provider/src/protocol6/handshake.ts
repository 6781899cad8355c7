/*
 * How Terraform and a plugin find each other: a cookie in the environment says that it is Terraform who starts, one line
 * on stdout says where to connect and whom to trust there.
 *
 * Source: github.com/hashicorp/go-plugin, server.go and docs/internals.md.
 */
import path from "node:path";

const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
const CORE_PROTOCOL = 1;
const PLUGIN_PROTOCOL = 6;

export function startedByTerraform(env: NodeJS.ProcessEnv): boolean {
  return env["TF_PLUGIN_MAGIC_COOKIE"] === COOKIE;
}

/** True when the client names no versions, as the oldest do. */
export function speaksOurs(env: NodeJS.ProcessEnv): boolean {
  const versions = env["PLUGIN_PROTOCOL_VERSIONS"];
  return versions === undefined || versions === "" || versions.split(",").includes(String(PLUGIN_PROTOCOL));
}

export interface Endpoint {
  readonly network: "unix" | "tcp";
  /** Path of a socket, or host:port. */
  readonly address: string;
}

/** `certificate` is empty without TLS. */
export function handshakeLine({ network, address }: Endpoint, certificate: Buffer): string {
  const trusted = certificate.toString("base64").replaceAll("=", "");
  return `${[CORE_PROTOCOL, PLUGIN_PROTOCOL, network, address, "grpc", trusted].join("|")}\n`;
}

/** What a person exports so that Terraform uses a provider that already runs. */
export function reattachVariable(source: string, { network, address }: Endpoint, pid: number): string {
  const entry = { Protocol: "grpc", ProtocolVersion: PLUGIN_PROTOCOL, Pid: pid, Test: true, Addr: { Network: network, String: address } };
  return `TF_REATTACH_PROVIDERS='${JSON.stringify({ [source]: entry })}'`;
}

/** Room for a socket's path: 104 bytes on the BSDs, with the zero at the end. */
const PATH_MAX_BYTES = 103;

/** A name in the folder, or in /tmp when that would be too long for a socket. */
export function socketPath(folder: string, name: string): string {
  const wanted = path.join(folder, name);
  return Buffer.byteLength(wanted) <= PATH_MAX_BYTES ? wanted : path.join("/tmp", name);
}
