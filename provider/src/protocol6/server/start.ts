import { Server, ServerCredentials } from "@grpc/grpc-js";
import { GRPCControllerService, GRPCStdioService } from "../../../gen/plugin.ts";
import type { GRPCControllerServer, GRPCStdioServer } from "../../../gen/plugin.ts";
import { ProviderService } from "../../../gen/tfplugin6.ts";
import type { Endpoint } from "../handshake.ts";
import { listen } from "../listen.ts";
import type { Listener } from "../listen.ts";
import type { Log, Provider } from "../provider.ts";
import { providerService } from "./service.ts";

/** As much as Terraform itself takes: a fleet's state in one function's argument is large. */
const MESSAGE_MAX_BYTES = 256 * 1024 * 1024;

export interface StartOptions {
  readonly load: () => Promise<Provider>;
  readonly log: Log;
  readonly credentials?: ServerCredentials;
  /** Where to serve. Default: a socket of its own. */
  readonly listener?: Listener;
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

/** Serves a provider. */
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
  const listener = options.listener ?? (await listen());
  const injector = server.createConnectionInjector(credentials);
  listener.serve((socket) => {
    // Whoever is gone before the handshake is nobody's problem.
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
  });
  const close = (): void => {
    void listener.close();
    server.forceShutdown();
  };
  return {
    endpoint: listener.endpoint,
    close,
    stop: async () => {
      service.stop();
      const ended = listener.close();
      // Every connection ends with its last call; gRPC's own callback does not wait for connections that it was given.
      server.tryShutdown(() => {});
      await ended;
      close();
    },
  };
}
