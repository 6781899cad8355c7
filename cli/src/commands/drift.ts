import type { Change, PlanDocument, PlanStep } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, PARTIAL, SPEC, TARGETS } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { openFleet } from "../flow/fleet.ts";
import { planExit, planFor, survey } from "../flow/plan.ts";
import { specWords } from "../flow/spec.ts";
import { driftOnly, renderDrift } from "../output/drift.ts";

export const drift: Command = defineCommand({
  description: "What differs on a host from what was last applied, whatever the spec says by now: last applied, live and desired value.",
  options: {
    ...SPEC,
    "detailed-exitcode": { kind: "boolean", doc: "Exit with 2 when there is drift." },
    ...TARGETS,
    ...PARTIAL,
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost drift", does: "what was changed behind Ghost's back" },
    { run: "ghost drift --detailed-exitcode --json", does: "for a job that runs every night" },
  ],
  async run({ options }, session) {
    await using fleet = openFleet(session);
    const surveyed = await survey(options, fleet, session);
    const plan = planFor(surveyed, options, session, { targets: options.target, exclude: options.exclude });
    const found = driftOnly(plan, surveyed.observations);
    session.report(reachabilityOf(plan));
    for (const step of found.steps) for (const event of driftEvents(step)) session.emit(event);
    session.print(await renderDrift(found, session.result));
    if (found.steps.length > 0) session.say(`\nTo put it right: ghost apply${specWords(options)}\n`);
    const exit = planExit({ ...plan, diagnostics: reachabilityOf(plan) });
    return exit === EXIT.ok && options["detailed-exitcode"] && found.steps.length > 0 ? EXIT.changes : exit;
  },
});

/** Problems of a plan that keep drift from being seen; what else is wrong with it is not asked here. */
function reachabilityOf(plan: PlanDocument): PlanDocument["diagnostics"] {
  return plan.diagnostics.filter(({ code }) => code.startsWith("AGENT_") || code === "PERMISSION" || code === "USAGE");
}

function driftEvents(step: PlanStep): object[] {
  const { kind, name, uid } = step.body;
  const of = { type: "drift", agent: step.agent, kind, name, uid };
  if (step.changes.length === 0) return [{ ...of, path: [], missing: true, impact: step.impact, reason: step.reason }];
  return step.changes.map(({ path, last_applied, before, after: desired, pending, impact, reason }: Change) => ({
    ...of,
    path,
    last_applied,
    ...(pending === true ? { live: desired, next_boot: before } : { live: before }),
    desired,
    impact,
    reason,
  }));
}
