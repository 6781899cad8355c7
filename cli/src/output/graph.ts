import type { PlanDocument, PlanStep } from "@ghost/schemas";
import { IMPACT_FORMAT } from "./style.ts";
import { stepLabel, stepObject } from "./plan-model.ts";

export const GRAPH_FORMATS = ["dot", "mermaid"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The steps of a plan and what waits for what, for Graphviz or for a mermaid block; ends with a newline. */
export function renderGraph(plan: PlanDocument, format: GraphFormat): string {
  const ids = new Map(plan.steps.map((step, index) => [step.id, `s${index + 1}`]));
  const edges = plan.steps.flatMap((step) =>
    step.depends_on.filter((id) => ids.has(id)).map((id) => [ids.get(id) ?? "", ids.get(step.id) ?? ""] as const),
  );
  const byAgent = Map.groupBy(plan.steps, ({ agent }) => agent);
  return format === "dot" ? dot(byAgent, ids, edges) : mermaid(byAgent, ids, edges);
}

type Edges = readonly (readonly [from: string, to: string])[];

function label(step: PlanStep): string {
  return `${stepObject(step)} (${stepLabel(step)})`;
}

function dot(byAgent: ReadonlyMap<string, readonly PlanStep[]>, ids: ReadonlyMap<string, string>, edges: Edges): string {
  const text = (value: string): string => JSON.stringify(value);
  const clusters = [...byAgent].map(([agent, steps], index) =>
    [
      `  subgraph cluster_${index + 1} {`,
      `    label = ${text(agent)};`,
      ...steps.map((step) => `    ${ids.get(step.id)} [label = ${text(label(step))}, color = ${IMPACT_FORMAT[step.impact]}];`),
      "  }",
    ].join("\n"),
  );
  return [
    `digraph plan {`,
    "  rankdir = LR;",
    "  node [shape = box];",
    ...clusters,
    ...edges.map(([from, to]) => `  ${from} -> ${to};`),
    "}",
    "",
  ].join("\n");
}

function mermaid(byAgent: ReadonlyMap<string, readonly PlanStep[]>, ids: ReadonlyMap<string, string>, edges: Edges): string {
  // Mermaid takes entities in quoted labels; a quote itself has no other way in.
  const text = (value: string): string =>
    `"${value.replaceAll("&", "#amp;").replaceAll('"', "#quot;").replaceAll("<", "#lt;").replaceAll(">", "#gt;")}"`;
  const clusters = [...byAgent].map(([agent, steps], index) =>
    [`  subgraph a${index + 1}[${text(agent)}]`, ...steps.map((step) => `    ${ids.get(step.id)}[${text(label(step))}]`), "  end"].join(
      "\n",
    ),
  );
  return ["flowchart LR", ...clusters, ...edges.map(([from, to]) => `  ${from} --> ${to}`), ""].join("\n");
}
