import { randomBytes } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import os from "node:os";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { GRPCControllerService, GRPCStdioService } from "../../../gen/plugin.ts";
import type { GRPCControllerServer, GRPCStdioServer } from "../../../gen/plugin.ts";
import { ProviderService } from "../../../gen/tfplugin6.ts";
import { socketPath } from "../handshake.ts";
import type { Endpoint } from "../handshake.ts";
import type { Log, Provider } from "../provider.ts";
import { providerService } from "./service.ts";

/** As much as Terraform itself takes: a fleet's state in one function's argument is large. */
const MESSAGE_MAX_BYTES = 256 * 1024 * 1024;

export interface StartOptions {
  readonly load: () => Promise<Provider>;
  readonly log: Log;
  readonly credentials?: ServerCredentials;
  /** Folder of the socket. Default: that for temporary files. */
  readonly folder?: string;
  /** Default: tcp on Windows, where Go has no sockets to speak of, else unix. */
  readonly network?: Endpoint["network"];
  /** Terraform asks the process to end. */
  readonly onShutdown?: () => void;
  /** The client that opened the plugin's output stream is gone. */
  readonly onHangup?: () => void;
}

export interface Started {
  readonly endpoint: Endpoint;
  /** Aborts what runs, waits until it has answered, and closes. */
  stop(): Promise<void>;
  /** Closes at once. */
  close(): void;
}

/** Serves a provider on a socket of its own. */
export async function start(options: StartOptions): Promise<Started> {
  const server = new Server({ "grpc.max_receive_message_length": MESSAGE_MAX_BYTES, "grpc.max_send_message_length": MESSAGE_MAX_BYTES });
  const service = providerService(options.load, options.log);
  server.addService(ProviderService, service.handlers);
  const controller: GRPCControllerServer = {
    shutdown: (_call, callback) => {
      callback(null, {});
      options.onShutdown?.();
    },
  };
  server.addService(GRPCControllerService, controller);
  // Nothing is ever sent on it: what a provider prints goes to its stderr. It ends when the other side does.
  const stdio: GRPCStdioServer = { streamStdio: (call) => void call.on("cancelled", () => options.onHangup?.()) };
  server.addService(GRPCStdioService, stdio);
  const credentials = options.credentials ?? ServerCredentials.createInsecure();
  const network = options.network ?? (process.platform === "win32" ? "tcp" : "unix");
  const path = socketPath(options.folder ?? os.tmpdir(), `plugin-${process.pid}-${randomBytes(6).toString("hex")}`);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(network === "unix" ? `unix:${path}` : "127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  // Of nobody else, whatever the umask.
  if (network === "unix") chmodSync(path, 0o600);
  const close = (): void => {
    server.forceShutdown();
    if (network === "unix") rmSync(path, { force: true });
  };
  return {
    endpoint: network === "unix" ? { network, address: path } : { network, address: `127.0.0.1:${port}` },
    close,
    stop: async () => {
      service.stop();
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      close();
    },
  };
}
