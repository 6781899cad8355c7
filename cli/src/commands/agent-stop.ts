import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { embeddedSocketPath } from "@ghost/agent/embedded-path";
import { problem } from "@ghost/schemas";
import { answers } from "../agents/embedded.ts";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { embeddedAgent, embeddedAgents } from "../flow/embedded-agents.ts";
import type { EmbeddedAgent } from "../flow/embedded-agents.ts";
import { escapeLine } from "../output/escape.ts";
import type { Session } from "../terminal/session.ts";

const DEADLINE_MS = 30_000;
const POLL_MS = 20;

export const agentStop: Command = defineCommand({
  description:
    "Stops the agents behind the spec's embedded:DIR addresses; running operations may end first. Their simulated hosts keep everything, and the next command starts them again.",
  positionals: [{ name: "AGENT", doc: "Only this one." }],
  options: { dir: { kind: "string", value: "DIR", doc: "The agent of this folder, instead of the spec's." }, ...SPEC, ...OUTPUT },
  examples: [
    { run: "ghost agent stop", does: "all embedded agents of the spec" },
    { run: "ghost agent stop desk -f shop", does: "one of them" },
  ],
  async run({ options, positionals: [name] }, session) {
    for (const agent of await chosen(options.dir, name, options, session)) {
      const stopped = await stopAgent(agent, session);
      session.emit({ type: "agent_stopped", agent: agent.name, dir: agent.dir, was_running: stopped });
      session.print(`Agent ${escapeLine(agent.name)} ${stopped ? "is stopped" : "was not running"}.\n`);
    }
    return EXIT.ok;
  },
});

async function chosen(
  dir: string | undefined,
  name: string | undefined,
  flags: Parameters<typeof embeddedAgents>[0],
  session: Session,
): Promise<readonly EmbeddedAgent[]> {
  if (dir !== undefined) return [{ name: name ?? dir, dir: path.resolve(session.cwd, dir) }];
  return name === undefined ? embeddedAgents(flags, session) : [await embeddedAgent(name, flags, session)];
}

/** Ends the process that answers for the folder; false where none does. */
async function stopAgent({ name, dir }: EmbeddedAgent, session: Session): Promise<boolean> {
  if (!(await answers(embeddedSocketPath(dir)))) return false;
  const pid = holderOf(dir);
  if (pid === undefined) return false;
  process.kill(pid, "SIGTERM");
  const until = performance.now() + DEADLINE_MS;
  // A process that has ended may stay listed until its parent looks; what it held is given up before.
  while (holderOf(dir) === pid && isAlive(pid)) {
    if (performance.now() > until) {
      throw problem("AGENT_STOPPING", `Agent "${name}" (process ${pid}) still runs after ${DEADLINE_MS / 1000} s.`, {
        hint: "See ghost op list for what it is doing.",
      });
    }
    await pause(POLL_MS, undefined, { signal: session.stop });
  }
  return true;
}

/** The process that holds the folder; see the agent's lock. */
function holderOf(dir: string): number | undefined {
  try {
    return Number(readFileSync(path.join(dir, "agent.pid"), "utf8").trim());
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
