import { exportSpec, observe } from "@ghost/engine";
import type { AgentObservation, Desired, DesiredAgent } from "@ghost/engine";
import { NAME_DOC, NAME_PATTERN } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";
import type { Fleet } from "../flow/fleet.ts";
import { openFleet } from "../flow/fleet.ts";
import { survey } from "../flow/plan.ts";
import type { Session } from "../terminal/session.ts";

const TEXT = { usage: "ghost export", summary: "" };
const TIMEOUT_MS = 10_000;

export const exportCommand: Command = defineCommand({
  description:
    "The spec that is printed plans empty. Agents and stack come from the spec at hand, or from --agent and --stack where there is none yet.",
  options: {
    ...SPEC,
    agent: { kind: "strings", value: "NAME=ADDRESS", doc: "Ask this agent, and read no spec." },
    stack: { kind: "string", value: "NAME", doc: "With --agent: the stack whose VMs are wanted." },
    adopt: { kind: "boolean", doc: "Also the VMs of nobody and of others, with adopt: true." },
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost export > ghost.yaml.live", does: "what is live of the stack" },
    {
      run: "ghost export --agent desk=unix:/run/ghost/agent.sock --stack home --adopt > ghost.yaml",
      does: "a first spec of machines that are there already",
    },
  ],
  async run({ options }, session) {
    await using fleet = openFleet(session, { reading: true });
    const { stack, observations } =
      options.agent.length === 0 ? await fromSpec(options, fleet, session) : await fromOptions(options, fleet, session);
    const problems = observations.flatMap(({ problem }) => problem ?? []);
    const agents = observations.flatMap(({ agent: { name, address, tls }, observation }) =>
      observation === undefined ? [] : [{ name, address, observation, ...(tls && { tls }) }],
    );
    session.report(problems);
    if (problems.length > 0) return EXIT.error;
    const text = exportSpec({ stack, agents, adopt: options.adopt });
    session.emit({ type: "spec", text });
    if (!session.json) session.printRaw(text);
    return EXIT.ok;
  },
});

interface Exported {
  readonly stack: string;
  readonly observations: readonly AgentObservation[];
}

async function fromSpec(
  options: Parameters<typeof survey>[0] & { readonly stack: string | undefined },
  fleet: Fleet,
  session: Session,
): Promise<Exported> {
  const { desired, observations } = await survey(options, fleet, session);
  return { stack: options.stack ?? desired.stack, observations };
}

async function fromOptions(
  options: { readonly agent: readonly string[]; readonly stack: string | undefined; readonly timeout: number | undefined },
  fleet: Fleet,
  session: Session,
): Promise<Exported> {
  const { stack } = options;
  if (stack === undefined) throw usageProblem("--agent needs --stack: whose VMs are wanted.", TEXT);
  if (!new RegExp(NAME_PATTERN, "u").test(stack)) throw usageProblem(`--stack is "${stack}"; it must be ${NAME_DOC}.`, TEXT);
  const agents = options.agent.map((word) => parseAgent(word, options.timeout ?? TIMEOUT_MS));
  const desired: Pick<Desired, "agents" | "stack"> = { agents, stack };
  return { stack, observations: await observe({ ...desired, connect: fleet.connect, signal: session.stop }) };
}

function parseAgent(word: string, timeoutMs: number): DesiredAgent {
  const at = word.indexOf("=");
  const [name, address] = [word.slice(0, Math.max(0, at)), word.slice(at + 1)];
  if (!new RegExp(NAME_PATTERN, "u").test(name) || address === "")
    throw usageProblem(`--agent is "${word}"; it must be NAME=ADDRESS.`, TEXT);
  return { name, address, timeoutMs, settings: {}, at: { file: "--agent", line: 1, column: 1 } };
}
