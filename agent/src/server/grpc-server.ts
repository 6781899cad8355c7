import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server as NetServer, Socket } from "node:net";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { GhostError, problem } from "@ghost/schemas";
import type { TlsFiles } from "../config/agent-config.ts";

/** A set record of ten thousand members fits. */
const MESSAGE_MAX_BYTES = 64 * 1024 * 1024;

export interface GrpcServerOptions {
  /** `unix:/path` or `host:port`. */
  readonly address: string;
  /** Group that may use the unix socket too. */
  readonly socketGroup?: string;
  readonly tls?: TlsFiles;
  readonly services: readonly (readonly [ServiceDefinition, UntypedServiceImplementation])[];
}

export interface GrpcServer {
  /** As it is bound: with the port that the system gave. */
  readonly address: string;
  /** Connections that are open. */
  readonly connections: number;
  /** Takes no more connections, lets running calls end within the time, then closes. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Serves gRPC at one address. A unix socket is for its owner alone (0600) from its first moment, then for its group where
 * there is one. AGENT_START when the address is taken or cannot be used.
 */
export async function startGrpcServer({ address, socketGroup, tls, services }: GrpcServerOptions): Promise<GrpcServer> {
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : readCredentials(tls);
  const grpc = new Server({ "grpc.max_receive_message_length": MESSAGE_MAX_BYTES, "grpc.enable_channelz": 0 });
  for (const [definition, implementation] of services) grpc.addService(definition, implementation);
  // The listening socket is ours: so are its permissions, and the count of connections.
  const injector = grpc.createConnectionInjector(credentials);
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
  });
  await listen(listener, address);
  try {
    if (socketGroup !== undefined && address.startsWith("unix:")) shareSocket(address.slice("unix:".length), socketGroup);
  } catch (reason) {
    listener.close();
    throw reason;
  }
  return {
    address: boundAddress(listener, address),
    get connections() {
      return sockets.size;
    },
    async close(timeoutMs) {
      // Resolves when every connection has ended: each does when its last call has.
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      grpc.tryShutdown(() => undefined);
      const timer = setTimeout(() => {
        grpc.forceShutdown();
        for (const socket of sockets) socket.destroy();
      }, timeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function readCredentials(tls: TlsFiles): ServerCredentials {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (reason) {
      throw problem(
        "AGENT_START",
        `The TLS file ${file} cannot be read: ${textOf(reason)}.`,
        { hint: "Correct the path or the file's permissions in agent.yaml." },
        { cause: reason },
      );
    }
  };
  const [ca, key, cert] = [read(tls.ca), read(tls.key), read(tls.cert)];
  try {
    // gRPC would only find out later that they do not fit.
    createSecureContext({ ca, key, cert });
    return ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true);
  } catch (reason) {
    throw problem(
      "AGENT_START",
      `The TLS files ${tls.cert} and ${tls.key} are refused: ${textOf(reason)}.`,
      { hint: "They must be PEM files that belong together." },
      { cause: reason },
    );
  }
}

async function listen(listener: NetServer, address: string): Promise<void> {
  const path = address.startsWith("unix:") ? address.slice("unix:".length) : undefined;
  if (path !== undefined) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await removeStale(path);
  }
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (reason) => reject(startError(address, reason)));
    listener.once("listening", resolve);
    if (path === undefined) {
      const { host, port } = splitAddress(address);
      listener.listen(port, host);
      return;
    }
    // Bound within this call: nobody sees the socket with other permissions.
    const before = process.umask(0o177);
    try {
      listener.listen(path);
    } finally {
      process.umask(before);
    }
  });
}

function shareSocket(path: string, group: string): void {
  const gid = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((line) => line.startsWith(`${group}:`))
    ?.split(":")[2];
  try {
    if (gid === undefined) throw new Error("there is no such group");
    chownSync(path, -1, Number(gid));
    chmodSync(path, 0o660);
  } catch (reason) {
    throw problem(
      "AGENT_START",
      `The socket ${path} cannot be given to the group ${group}: ${textOf(reason)}.`,
      { hint: "Set grpc.socket_group to a group of this machine that the agent may give files to, or remove it." },
      { cause: reason },
    );
  }
}

/** A socket that nobody listens at any more, as a killed agent leaves it. */
async function removeStale(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const isAnswered = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isAnswered) throw startError(`unix:${path}`, new Error("another process listens there"));
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true });
}

function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)) };
}

function boundAddress(listener: NetServer, address: string): string {
  const bound = listener.address();
  if (bound === null || typeof bound === "string") return address;
  return `${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function startError(address: string, reason: unknown): GhostError {
  return problem(
    "AGENT_START",
    `The agent cannot listen at ${address}: ${textOf(reason)}.`,
    { hint: "Stop what listens there, or set grpc.listen_addr in agent.yaml." },
    { cause: reason },
  );
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
