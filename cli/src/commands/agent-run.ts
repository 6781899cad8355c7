import path from "node:path";
import type { RunningAgent } from "@ghost/agent/run";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import { AGENT_CONFIG, findAgentConfig } from "../flow/agent-config.ts";
import { escapeLine } from "../output/escape.ts";
import type { Session } from "../terminal/session.ts";
import { VERSION } from "../version.ts";

const TEXT = { usage: "ghost agent run", summary: "" };

export const agentRun: Command = defineCommand({
  description:
    "Runs until SIGTERM or Ctrl-C; then running operations may end. With --embedded it serves a simulated host kept in a folder, for whoever uses the address embedded:DIR.",
  options: {
    ...AGENT_CONFIG,
    embedded: { kind: "string", value: "DIR", doc: "Serve the simulated host of this folder, on a socket in it." },
    idle: {
      kind: "duration",
      value: "TIME",
      doc: "With --embedded: end after so long without a connection and without work; 5m when not given.",
    },
    ...OUTPUT,
  },
  examples: [
    { run: "ghost agent run --config agent.yaml", does: "as a service starts it" },
    { run: "ghost agent run --embedded .ghost/desk --idle 1h", does: "a simulated host in the foreground" },
  ],
  graceful: true,
  async run({ options }, session) {
    const { config, embedded, idle } = options;
    if (embedded !== undefined && config !== undefined) throw usageProblem("--config and --embedded exclude each other.", TEXT);
    if (embedded === undefined && idle !== undefined) throw usageProblem("--idle belongs to --embedded.", TEXT);
    const agent = embedded === undefined ? await runConfigured(config, session) : await runIn(embedded, idle, session);
    if (agent === undefined) {
      session.say(`An agent serves ${escapeLine(embedded ?? "")} already.\n`);
      return EXIT.ok;
    }
    session.emit({ type: "agent", agent_id: agent.agentId, address: agent.address });
    // A configured agent says it in its log.
    if (embedded !== undefined) session.say(`A simulated host answers at ${escapeLine(agent.address)}. Ctrl-C ends its agent.\n`);
    const stop = (): void => void agent.stop();
    if (session.stop.aborted) stop();
    session.stop.addEventListener("abort", stop, { once: true });
    await Promise.race([agent.stopped, aborted(session.detach)]);
    return session.detach.aborted ? EXIT.interrupted : EXIT.ok;
  },
});

async function runConfigured(file: string | undefined, session: Session): Promise<RunningAgent> {
  const { loadAgentConfig, runAgent } = await import("@ghost/agent/run");
  const { config, warnings } = await loadAgentConfig(findAgentConfig(file, session), session.env);
  session.report(warnings);
  return runAgent({ config, version: VERSION, handleSignals: false });
}

/** Undefined when another process serves the folder. */
async function runIn(folder: string, idleMs: number | undefined, session: Session): Promise<RunningAgent | undefined> {
  const { runEmbedded } = await import("@ghost/agent/run");
  return runEmbedded(path.resolve(session.cwd, folder), {
    version: VERSION,
    handleSignals: false,
    ...(idleMs !== undefined && { idleMs }),
  });
}

/** A second signal does not wait for operations: what runs is found again at the next start. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
