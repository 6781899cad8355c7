/** Servers for the clients' tests: real gRPC on loopback or a unix socket, certificates made on the spot. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ServerOptions, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { host } from "../../server.ts";

export type HostHandlers = Partial<host.HostServiceServer>;

export interface Running extends AsyncDisposable {
  readonly address: string;
  /** Cuts every connection. */
  readonly kill: () => void;
}

/** Serves a part of HostService; what is not given is UNIMPLEMENTED. */
export function serveHost(handlers: HostHandlers, options: { at?: string; credentials?: ServerCredentials } = {}): Promise<Running> {
  return serve(host.HostServiceService, handlers, options);
}

export async function serve(
  service: ServiceDefinition,
  handlers: object,
  { at = "127.0.0.1:0", credentials = ServerCredentials.createInsecure(), options = {} }: { at?: string; credentials?: ServerCredentials; options?: ServerOptions } = {},
): Promise<Running> {
  const server = new Server({ "grpc.max_receive_message_length": -1, ...options });
  server.addService(service, handlers as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => server.bindAsync(at, credentials, (error, bound) => (error ? reject(error) : resolve(bound))));
  const kill = (): void => server.forceShutdown();
  return { address: at.startsWith("unix:") ? at : `127.0.0.1:${port}`, kill, [Symbol.asyncDispose]: async () => kill() };
}

/** Listens with something that is no gRPC server. */
export async function listen(server: NetServer): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kill = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, kill, [Symbol.asyncDispose]: async () => kill() };
}

/** A port that refuses: one that was free a moment ago. */
export async function closedPort(server: NetServer): Promise<string> {
  const { address, kill } = await listen(server);
  kill();
  return address;
}

export interface Folder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "ghost-proto-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** `ca.crt`, and `agent.crt`, `client.crt`, `other.crt` (of another authority) with their keys. */
export function makeCertificates(folder: string): (name: string) => Buffer {
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const create = (name: string, ...more: string[]): void =>
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${name}`, ...more);
  create("ca");
  create("other");
  create("agent", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:agent.example,IP:127.0.0.1");
  create("client", "-CA", "ca.crt", "-CAkey", "ca.key");
  return (name) => readFileSync(join(folder, name));
}


export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export interface Occasion {
  readonly happened: Promise<void>;
  readonly happen: () => void;
}

/** Something a test waits for. */
export function occasion(): Occasion {
  let happen = (): void => {};
  const happened = new Promise<void>((resolve) => (happen = resolve));
  return { happened, happen };
}
