/** Operations: what agents do, did, and go on doing after whoever asked has left. */
import type { Operation } from "@ghost/schemas";
import { GhostError, problem } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { openFleet } from "../flow/fleet.ts";
import { ADDRESS, agentsOf, findOperation } from "../flow/one-agent.ts";
import { escapeLine } from "../output/escape.ts";
import { OPERATION_HEADING, operationCells, operationWords } from "../output/operations.ts";
import { toSnakeCase } from "../output/snake-case.ts";
import { renderTable } from "../output/table.ts";
import type { Session } from "../terminal/session.ts";

const OPTIONS = { ...SPEC, ...ADDRESS, ...CALLS, ...OUTPUT } as const;
const OPERATION = { name: "AGENT/ID", doc: "The operation, as `ghost op list` prints it.", required: true } as const;

export const opList: Command = defineCommand({
  description: "Newest first. Agents keep ended operations for some days.",
  options: {
    active: { kind: "boolean", doc: "Only those that have not ended." },
    limit: { kind: "integer", min: 1, value: "N", doc: "At most so many per agent; 20 when not given." },
    ...OPTIONS,
  },
  examples: [
    { run: "ghost op list --active", does: "what is running on the agents of the spec" },
    { run: "ghost op list --address unix:/run/ghost/agent.sock", does: "of one agent, without a spec" },
  ],
  async run({ options }, session) {
    await using fleet = openFleet(session, { reading: true });
    const agents = await agentsOf(options, session);
    const answers = await Promise.allSettled(
      agents.map(async (agent) => {
        const client = await fleet.connect(agent);
        const operations = await client.listOperations({
          activeOnly: options.active,
          limit: options.limit ?? 20,
          timeoutMs: agent.timeoutMs,
          signal: session.stop,
        });
        return operations.map((operation) => ({ agent: agent.name, operation }));
      }),
    );
    const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    for (const { agent, operation } of found) session.emit({ type: "operation", agent, ...toSnakeCase(operation) });
    const cells = found.map(({ agent, operation }) => operationCells(agent, operation, session.result.style));
    session.print(cells.length === 0 ? "No operations.\n" : renderTable(OPERATION_HEADING, cells, session.result));
    const problems = answers.flatMap((answer) => (answer.status === "rejected" ? GhostError.from(answer.reason).diagnostics : []));
    session.report(problems);
    return problems.length > 0 ? EXIT.error : EXIT.ok;
  },
});

export const opAttach: Command = defineCommand({
  description: "Shows an operation from its present state to its end; Ctrl-C leaves it to itself.",
  positionals: [OPERATION],
  options: OPTIONS,
  examples: [{ run: "ghost op attach desk/0b8e4c1e-0000-4000-8000-000000000003", does: "follow an operation to its end" }],
  async run({ options, positionals: [word = ""] }, session) {
    await using fleet = openFleet(session, { reading: true });
    const { client, agent, id } = await findOperation(word, options, fleet, session);
    let last: Operation | undefined;
    for await (const operation of client.attachOperation(id, { signal: session.stop })) {
      session.emit({ type: "operation", agent, ...toSnakeCase(operation) });
      const isNews = operation.endedAt === undefined && (operation.state !== last?.state || operation.phase !== last.phase);
      last = operation;
      if (isNews) session.say(`${escapeLine(agent)}: ${operationWords(operation)}\n`);
    }
    return endOf(last, agent, session);
  },
});

export const opCancel: Command = defineCommand({
  description: "The operation stops at its next safe point; what it has done stays, and the next plan shows what is left.",
  positionals: [OPERATION],
  options: OPTIONS,
  examples: [{ run: "ghost op cancel desk/0b8e4c1e-0000-4000-8000-000000000003", does: "stop an operation" }],
  async run({ options, positionals: [word = ""] }, session) {
    await using fleet = openFleet(session, { reading: true });
    const { client, agent, id } = await findOperation(word, options, fleet, session);
    const operation = await client.cancelOperation(id, { signal: session.stop });
    session.emit({ type: "operation", agent, ...toSnakeCase(operation) });
    session.print(`${escapeLine(agent)}: ${operationWords(operation)}\n`);
    return EXIT.ok;
  },
});

function endOf(operation: Operation | undefined, agent: string, session: Session): ExitCode {
  if (operation === undefined) throw problem("OPERATION_NOT_FOUND", "The agent told nothing of the operation.", { agent });
  session.print(`${escapeLine(agent)}: ${operationWords(operation)}\n`);
  session.report(operation.diagnostics.map((diagnostic) => ({ ...diagnostic, agent })));
  return operation.state === "succeeded" ? EXIT.ok : EXIT.error;
}
