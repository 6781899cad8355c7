import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, PARTIAL, SPEC } from "../command/common-options.ts";
import { openFleet } from "../flow/fleet.ts";
import { planExit, planFor, survey } from "../flow/plan.ts";
import { plural } from "../output/plan-model.ts";
import { STATUS_HEADING, statusCells, statusNotes, statusRows } from "../output/status.ts";
import { renderTable } from "../output/table.ts";

export const status: Command = defineCommand({
  description:
    "Every VM on the agents of the spec, and how it stands to the spec: as it says, drifted, to be made or changed, unknown, or somebody else's.",
  options: { ...SPEC, ...PARTIAL, ...CALLS, ...OUTPUT },
  examples: [
    { run: "ghost status", does: "a table of all VMs" },
    { run: "ghost status --json | jq 'select(.mark == \"drift\") | .name'", does: "names of those that drifted" },
  ],
  async run({ options }, session) {
    await using fleet = openFleet(session);
    const surveyed = await survey(options, fleet, session);
    const plan = planFor(surveyed, options, session);
    const unreachable = plan.diagnostics.filter(({ code }) => code.startsWith("AGENT_") || code === "PERMISSION");
    const rows = statusRows(plan, surveyed.observations);
    for (const row of rows) session.emit({ type: "vm", ...row });
    if (rows.length === 0) session.print(`No VMs on ${plural(surveyed.desired.agents.length, "agent")}.\n`);
    else
      session.print(
        renderTable(
          STATUS_HEADING,
          rows.map((row) => statusCells(row, session.result.style)),
          session.result,
        ) + statusNotes(rows),
      );
    session.report(unreachable);
    return planExit({ ...plan, diagnostics: unreachable });
  },
});
