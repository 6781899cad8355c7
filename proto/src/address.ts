import { isIP } from "node:net";

/** Where something listens: a socket's path, or a host and a port. */
export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*)):([0-9]{1,5})$/;

/** Reads `unix:/path`, `host:port` and `[v6]:port`; the host of `:port` is empty. Undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith("unix:")) return text.length > 5 ? { kind: "unix", path: text.slice(5) } : undefined;
  const parts = HOST_PORT.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  return host !== undefined && port <= 65535 ? { kind: "tcp", host, port } : undefined;
}

/** True for names and addresses that never leave this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
