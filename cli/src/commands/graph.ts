import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, OUTPUT, PARTIAL, SPEC, TARGETS } from "../command/common-options.ts";
import { openFleet } from "../flow/fleet.ts";
import { readPlan } from "../flow/files.ts";
import { planExit, planFor, survey } from "../flow/plan.ts";
import { escapeLine } from "../output/escape.ts";
import { GRAPH_FORMATS, renderGraph } from "../output/graph.ts";

export const graph: Command = defineCommand({
  description: "An arrow goes from a step to those that wait for it. Deletions also wait for everything else, without arrows.",
  positionals: [{ name: "FILE", doc: "A saved plan; without it a plan is made." }],
  options: {
    format: { kind: "string", value: "FORMAT", oneOf: GRAPH_FORMATS, doc: "For Graphviz, or for a mermaid block; dot when not given." },
    ...SPEC,
    ...TARGETS,
    ...PARTIAL,
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost graph | dot -Tsvg > plan.svg", does: "draw what a plan would do, and in which order" },
    { run: "ghost graph plan.json --format mermaid", does: "a saved plan, for a page that draws mermaid" },
  ],
  async run({ options, positionals: [file] }, session) {
    await using fleet = openFleet(session);
    const plan =
      file === undefined
        ? planFor(await survey(options, fleet, session), options, session, { targets: options.target, exclude: options.exclude })
        : await readPlan(file, session);
    session.report(plan.diagnostics);
    // A picture of nothing helps nobody.
    const text = plan.steps.length === 0 ? "" : renderGraph(plan, options.format ?? "dot");
    if (text === "") session.say(`The plan of stack ${escapeLine(plan.stack)} has no steps, so there is nothing to draw.\n`);
    session.emit({ type: "graph", format: options.format ?? "dot", text });
    if (!session.json) session.printRaw(text);
    return planExit(plan);
  },
});
