import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { host, serviceError } from "@ghost/proto/server";
import { problem } from "@ghost/schemas";

/** What an agent of another version may answer to the question for everything. */
export type Answer = "unimplemented" | "unknown status" | "no host" | "error of a later version";

/** Something that answers on a unix socket as an agent of another version would. */
export async function startFakeAgent(socket: string, answer: Answer): Promise<AsyncDisposable> {
  const server = new Server();
  if (answer !== "unimplemented") server.addService(host.HostServiceService, handlers(answer));
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))),
  );
  return {
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await rm(socket, { force: true });
    },
  };
}

/** Something that speaks, but not gRPC. */
export async function startStranger(socket: string): Promise<AsyncDisposable> {
  const server = createServer((connection) => {
    connection.on("error", () => {});
    connection.end("220 mail.example ESMTP\r\n", () => connection.destroy());
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

function handlers(answer: Exclude<Answer, "unimplemented">): ConstructorParameters<typeof Object>[0] {
  const other = (_call: unknown, callback: (error: object) => void): void => callback({ code: 12, details: "not in this version" });
  const names = Object.keys(host.HostServiceService);
  return {
    ...Object.fromEntries(names.map((name) => [name, other])),
    snapshot(_call: unknown, callback: (error: object | null, response?: unknown) => void): void {
      switch (answer) {
        case "error of a later version":
          return callback(serviceError(problem("INTERNAL", "The moon is in the wrong phase.")));
        case "no host":
          return callback(null, host.SnapshotResponse.fromPartial({}));
        case "unknown status":
          return callback(
            null,
            host.SnapshotResponse.fromPartial({
              host: { agent_id: "6a1f7c1e-8c3c-4a53-9a59-000000000001", name: "desk", version: "99.0.0", hypervisor: "simulated" },
              vms: [
                { uid: "6a1f7c1e-8c3c-4a53-9a59-000000000002", name: "web", owner: "terraform:shop", status: "levitating", phase: "ready" },
              ],
            }),
          );
      }
    },
  };
}
