import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Calls } from "../../gen/types.ts";
import { FakeLibvirtd } from "./fake-libvirtd.ts";
import type { Received } from "./fake-libvirtd.ts";

/** Answers by the name of the call; the others are not answered. */
export type Answers = { readonly [K in keyof Calls]?: (call: Received) => Calls[K]["ret"] };

/** What a client asks before it is open. */
export const HANDSHAKE: Answers = {
  REMOTE_PROC_AUTH_LIST: () => ({ types: [0] }),
  REMOTE_PROC_CONNECT_SUPPORTS_FEATURE: () => ({ supported: 1 }),
  REMOTE_PROC_CONNECT_OPEN: () => undefined,
  REMOTE_PROC_CONNECT_CLOSE: () => undefined,
};

export interface ListeningLibvirtd extends AsyncDisposable {
  readonly socketPath: string;
  /** One per connection so far, oldest first. */
  readonly connections: readonly FakeLibvirtd[];
  /** Ends all connections and listens no more, as a daemon that was stopped. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A daemon on a socket of its own that gives these answers. */
export async function listeningLibvirtd(answers: Answers): Promise<ListeningLibvirtd> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-libvirt-"));
  const socketPath = path.join(folder, "sock");
  const connections: FakeLibvirtd[] = [];
  const sockets = new Set<net.Socket>();
  let server: net.Server | undefined;
  const start = async (): Promise<void> => {
    const starting = net.createServer((socket) => {
      sockets.add(socket.on("close", () => sockets.delete(socket)));
      const connection = new FakeLibvirtd(socket);
      connections.push(connection);
      connection.onReceived = (call) => {
        const answer = call.name === undefined ? undefined : answers[call.name];
        if (call.name === undefined || answer === undefined) return;
        connection.received.splice(connection.received.indexOf(call), 1);
        connection.reply(call, call.name, answer(call));
      };
    });
    await new Promise<void>((resolve) => starting.listen(socketPath, resolve));
    server = starting;
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (stopping !== undefined) await new Promise((resolve) => stopping.close(resolve));
  };
  await start();
  return {
    socketPath,
    connections,
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
