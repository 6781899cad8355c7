/** The agent of a folder: over its simulated host, for as long as somebody needs it. Loads as little as it can. */
import { assemble } from "./assemble.ts";
import type { AgentLog } from "./assemble.ts";
import { embeddedSocketPath } from "./embedded-path.ts";
import { openSimulated } from "./hypervisor/open.ts";
import { untilStopped } from "./lifetime.ts";
import type { EmbeddedOptions, RunningAgent } from "./run.ts";
import { lockDataDir } from "./store/lock.ts";

const IDLE_MS = 300_000;
const EMBEDDED_DRAIN_MS = 10_000;

/**
 * Starts the agent of a folder over its simulated host, on `embeddedSocketPath(dir)`; it ends by itself when idle.
 * Undefined when the folder has an agent already: then that one answers.
 */
export async function runOverFolder(
  dir: string,
  { version, idleMs = IDLE_MS, handleSignals = true }: EmbeddedOptions,
): Promise<RunningAgent | undefined> {
  const lock = lockDataDir(dir);
  if (lock === undefined) return undefined;
  const log = plainLog();
  const agent = await assemble({
    dataDir: dir,
    lock,
    openHypervisor: (store) => openSimulated(dir, {}, store),
    identity: { name: "embedded", version, reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } },
    defaultTemplate: "debian-12",
    address: `unix:${embeddedSocketPath(dir)}`,
    drainMs: EMBEDDED_DRAIN_MS,
    log,
  });
  const { stopped, stop } = untilStopped(handleSignals, log, async () => {
    clearInterval(idle);
    await agent.stop();
  });
  const idle = setInterval(
    () => {
      if (agent.operations.activeCount === 0 && agent.server.idleMs >= idleMs) void stop();
    },
    Math.max(1, Math.min(idleMs / 4, 1_000)),
  );
  return { agentId: agent.store.agentId, address: agent.server.address, stopped, stop };
}

/** Lines on stderr, for whoever started the process; loads nothing. */
function plainLog(): AgentLog {
  const line =
    (level: string) =>
    (fields: object, message: string): void => {
      const { err, ...rest } = fields as { err?: unknown };
      const text = err === undefined ? "" : ` ${err instanceof Error ? (err.stack ?? err.message) : JSON.stringify(err)}`;
      process.stderr.write(
        `${new Date().toISOString()} ${level} ${message}${Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`}${text}\n`,
      );
    };
  return { info: line("INFO"), warn: line("WARN"), error: line("ERROR") };
}
