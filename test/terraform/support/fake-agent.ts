import { createServer } from "node:net";
import { host, serviceError } from "@ghost/proto/server";
import { problem } from "@ghost/schemas";
import { listen, serveHost } from "../../../proto/src/client/testdata/server.ts";
import type { HostHandlers, Running } from "../../../proto/src/client/testdata/server.ts";

/** What an agent of another version may answer to the question for everything. */
export type Answer = "unimplemented" | "unknown status" | "no host" | "error of a later version";

/** Something that answers as an agent of another version would. */
export function startFakeAgent(answer: Answer): Promise<Running> {
  return serveHost(HANDLERS[answer]);
}

/** Something that speaks, but not gRPC. */
export function startStranger(): Promise<Running> {
  return listen(createServer((connection) => void connection.write("220 mail.example ESMTP\r\n")));
}

const HANDLERS: Readonly<Record<Answer, HostHandlers>> = {
  unimplemented: {},
  "error of a later version": {
    snapshot: (_call, callback) => callback(serviceError(problem("INTERNAL", "The moon is in the wrong phase."))),
  },
  "no host": { snapshot: (_call, callback) => callback(null, host.SnapshotResponse.fromPartial({})) },
  "unknown status": {
    snapshot: (_call, callback) =>
      callback(
        null,
        host.SnapshotResponse.fromPartial({
          host: { agent_id: "6a1f7c1e-8c3c-4a53-9a59-000000000001", name: "desk", version: "99.0.0", hypervisor: "simulated" },
          vms: [
            {
              uid: "6a1f7c1e-8c3c-4a53-9a59-000000000002",
              name: "web",
              owner: "terraform:shop",
              status: "levitating",
              phase: "ready",
            },
          ],
        }),
      ),
  },
};
