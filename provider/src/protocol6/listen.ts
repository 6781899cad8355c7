import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import net from "node:net";
import type { Socket } from "node:net";
import os from "node:os";
import { socketPath } from "./handshake.ts";
import type { Endpoint } from "./handshake.ts";

export interface ListenOptions {
  /** Folder of the socket. Default: that for temporary files. */
  readonly folder?: string;
  /** Default: tcp on Windows, where Go has no sockets to speak of, else unix. */
  readonly network?: Endpoint["network"];
}

export interface Listener {
  readonly endpoint: Endpoint;
  /** Gives every connection to the listener's server, those first that came before there was one. */
  serve(connect: (socket: Socket) => void): void;
  /** Takes no more connections. Resolves when all that there are have ended. */
  close(): Promise<void>;
}

/** Listens before there is anything to answer with: Terraform may connect while gRPC is loaded. */
export async function listen({
  folder = os.tmpdir(),
  network = process.platform === "win32" ? "tcp" : "unix",
}: ListenOptions = {}): Promise<Listener> {
  const early: Socket[] = [];
  let connect = (socket: Socket): void => void early.push(socket);
  const server = net.createServer({ noDelay: true }, (socket) => connect(socket));
  const path = socketPath(folder, `plugin-${process.pid}-${randomBytes(6).toString("hex")}`);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    // Of nobody else from its first moment: it is bound within this call.
    const before = process.umask(0o177);
    try {
      if (network === "unix") server.listen(path);
      else server.listen(0, "127.0.0.1");
    } finally {
      process.umask(before);
    }
  });
  return {
    endpoint: { network, address: network === "unix" ? path : `127.0.0.1:${(server.address() as net.AddressInfo).port}` },
    serve(next) {
      connect = next;
      for (const socket of early.splice(0)) next(socket);
    },
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of early.splice(0)) socket.destroy();
      if (network === "unix") rmSync(path, { force: true });
      await ended;
    },
  };
}
