/** A session whose agents answer what a test says. */
import type { HostCalls } from "@ghost/engine";
import type { Observation } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { Session } from "../../fleet/session.ts";

/** By the agent's name its answer; none for an agent that is down. */
export function fleetOf(answers: Readonly<Record<string, Observation | undefined>>): Session {
  const session = new Session("0.1.0", ({ name }) => ({
    ...NOTHING,
    snapshot: () => {
      const answer = answers[name];
      return answer === undefined
        ? Promise.reject(problem("AGENT_UNREACHABLE", `Agent "${name}" does not answer.`, { agent: name }))
        : Promise.resolve(answer);
    },
  }));
  session.begin({
    stack: "shop",
    agents: Object.keys(answers).map((name) => ({
      name,
      address: `${name}.example:9090`,
      timeoutMs: 1000,
      settings: {},
      at: { file: "", line: 0, column: 0 },
    })),
    unknownAgents: new Set(),
    maxImpact: "data-loss",
  });
  return session;
}

const NOTHING = {} as HostCalls;
