import { after } from "node:test";
import { ghostProvider } from "../../../provider/src/ghost/provider.ts";
import { reattachVariable } from "../../../provider/src/protocol6/handshake.ts";
import type { Log } from "../../../provider/src/protocol6/provider.ts";
import { start } from "../../../provider/src/protocol6/server/start.ts";
import type { Started } from "../../../provider/src/protocol6/server/start.ts";
import { PROVIDER_ADDRESS } from "@ghost/schemas";

const log: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (message, fields) => void process.stderr.write(`${message} ${JSON.stringify(fields ?? {})}\n`),
};

let started: Promise<Started> | undefined;
after(async () => (await started)?.close());

/** Surroundings in which terraform talks to a provider that runs in this process, one for all its commands. */
export async function reattachEnvironment(): Promise<NodeJS.ProcessEnv> {
  const { endpoint } = await (started ??= start({ load: async () => ghostProvider("0.1.0"), log }));
  const [name = "", value = ""] = reattachVariable(PROVIDER_ADDRESS, endpoint, process.pid).split(/=(.*)/);
  return { [name]: value.slice(1, -1) };
}
