import { existsSync } from "node:fs";
import path from "node:path";
import type { Session } from "../terminal/session.ts";

/** Where the agent of a machine has its configuration. */
export const AGENT_CONFIG_PATH = "/etc/ghost/agent.yaml";

/** Commands about the agent of this machine. */
export const AGENT_CONFIG = {
  config: {
    kind: "string",
    value: "FILE",
    doc: "The agent's configuration; /etc/ghost/agent.yaml when not given, and defaults where that is not there.",
  },
} as const;

/** The file that is meant; undefined for defaults alone. */
export function findAgentConfig(given: string | undefined, { cwd }: Pick<Session, "cwd">): string | undefined {
  if (given !== undefined) return path.resolve(cwd, given);
  return existsSync(AGENT_CONFIG_PATH) ? AGENT_CONFIG_PATH : undefined;
}
