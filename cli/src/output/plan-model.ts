/** What every view of a plan shows: the same groups, words and order in a terminal, in markdown and in JSON lines. */
import type { Change, Json, PlanAgent, PlanDocument, PlanStep, PlanUnknown, Resources } from "@ghost/schemas";
import { compareImpact, IMPACT_MEANING } from "@ghost/schemas";
import { escapeLine } from "./escape.ts";
import { attributeAt, isLongText, showPath, showValue } from "./value.ts";

export interface AgentGroup {
  readonly agent: PlanAgent;
  /** Worst impact first, then in the plan's order. */
  readonly steps: readonly PlanStep[];
  readonly unknown: readonly PlanUnknown[];
}

export const SYMBOLS: Readonly<Record<PlanStep["body"]["action"], string>> = {
  create: "+",
  update: "~",
  delete: "-",
  adopt: ">",
  release: "<",
  settings: "~",
};

/** What a reader wants to know of every new VM, defaults or not. */
const SIZES: ReadonlySet<string> = new Set(["vcpu", "ram_gb", "disk_gb"]);

/** Agents that have something to show, by name. */
export function groupByAgent(plan: PlanDocument): AgentGroup[] {
  const groups = new Map(plan.agents.map((agent) => [agent.name, { agent, steps: [] as PlanStep[], unknown: [] as PlanUnknown[] }]));
  for (const step of plan.steps) groups.get(step.agent)?.steps.push(step);
  for (const unknown of plan.unknown) groups.get(unknown.agent)?.unknown.push(unknown);
  const shown = [...groups.values()].filter(({ agent, steps, unknown }) => steps.length > 0 || unknown.length > 0 || !agent.reachable);
  return shown.map((group) => ({ ...group, steps: byImpact(group.steps) })).toSorted((a, b) => (a.agent.name < b.agent.name ? -1 : 1));
}

/** Worst impact first; where it is the same, deletions first, then the plan's order. */
export function byImpact(steps: readonly PlanStep[]): PlanStep[] {
  const deletes = (step: PlanStep): number => (step.body.action === "delete" ? 0 : 1);
  return steps.toSorted((a, b) => compareImpact(b.impact, a.impact) || deletes(a) - deletes(b));
}

/** `create`, `restart`, `delete · data-loss`: what the step is called beside its name. */
export function stepLabel(step: PlanStep): string {
  const { action } = step.body;
  if (action === "update") return step.impact;
  return step.impact === "none" ? action : `${action} · ${step.impact}`;
}

/** `vm web-1`; the settings of an agent are named after it. */
export function stepObject(step: PlanStep): string {
  const { kind, name, previous_name } = step.body;
  if (kind === "agent") return `agent ${escapeLine(step.agent)}`;
  return previous_name === undefined || previous_name === ""
    ? `${kind} ${escapeLine(name)}`
    : `${kind} ${escapeLine(previous_name)} → ${escapeLine(name)}`;
}

/** What a step changes; for a new VM, what it will have beside the built-in defaults. */
export function shownChanges(step: PlanStep): readonly Change[] {
  const { action, vm, defaults } = step.body;
  if (step.changes.length > 0 || vm === undefined || action !== "create") return step.changes;
  const plain = (defaults ?? {}) as Readonly<Record<string, Json>>;
  return Object.entries(vm as Readonly<Record<string, Json>>)
    .filter(([name, value]) => SIZES.has(name) || (name !== "name" && !isSame(value, plain[name])))
    .map(([name, after]) => ({ path: [name], op: "add", after, cause: "spec", impact: "none", reason: "" }));
}

export interface ShownChange {
  readonly path: string;
  /** `4 → 9`, or the three values of a drift; empty when the change is long text. */
  readonly value: string;
  readonly text?: { readonly before: string; readonly after: string };
}

/** The words for one change. */
export function showChange(step: PlanStep, change: Change): ShownChange {
  const attribute = attributeAt(step.body.kind, change.path);
  const path = showPath(change.path);
  if (attribute?.sensitive !== true && (isLongText(change.before) || isLongText(change.after))) {
    const text = { before: textOf(change.before), after: textOf(change.after) };
    return { path, value: change.cause === "drift" ? "drift" : "", text };
  }
  const [before, after] = [
    showValue(change.before, attribute),
    change.unknown === true ? "known later" : showValue(change.after, attribute),
  ];
  const drifted = change.cause === "drift" || change.last_applied !== undefined;
  if (drifted) return { path, value: `last applied ${showValue(change.last_applied, attribute)} · live ${before} · desired ${after}` };
  return { path, value: step.body.action === "create" ? after : `${before} → ${after}` };
}

export function hasLongText(plan: PlanDocument): boolean {
  return plan.steps.some((step) => shownChanges(step).some(({ before, after }) => isLongText(before) || isLongText(after)));
}

export function isDrifted(step: PlanStep): boolean {
  return step.changes.some(({ cause }) => cause === "drift");
}

export function errorCount(plan: PlanDocument): number {
  return plan.diagnostics.filter(({ severity }) => severity === "error").length;
}

export function hasChanges(plan: PlanDocument): boolean {
  return plan.steps.length > 0;
}

/** The plan in one sentence or two: what a person must know when they read nothing else. */
export function summarySentence(plan: PlanDocument): string {
  const { summary } = plan;
  const stack = escapeLine(plan.stack);
  const rest = counted([
    [summary.unchanged, "unchanged"],
    [summary.unknown, "unknown"],
  ]);
  const errors = errorCount(plan);
  const refused = errors > 0 ? ` It cannot be applied: ${plural(errors, "error")}.` : "";
  if (!hasChanges(plan) && errors > 0)
    return `Stack ${stack} cannot be planned: ${plural(errors, "error")}.${rest === "" ? "" : ` ${rest}.`}`;
  if (!hasChanges(plan)) {
    if (summary.unknown > 0) return `No changes to what can be reached of stack ${stack}: ${rest}.`;
    return summary.unchanged === 0
      ? `No changes: stack ${stack} has no objects.`
      : `No changes: ${plural(summary.unchanged, "object")} of stack ${stack} as the spec says.`;
  }
  const doing = counted([
    [summary.create, "to create"],
    [summary.update, "to change"],
    [summary.delete, "to delete"],
    [summary.adopt, "to adopt"],
    [summary.release, "to release"],
    [summary.settings, summary.settings === 1 ? "agent to set up" : "agents to set up"],
  ]);
  const drifted = summary.drifted > 0 ? ` ${summary.drifted} drifted.` : "";
  const impact =
    summary.worst_impact === "none"
      ? "Nothing happens to running machines."
      : `Worst impact: ${summary.worst_impact} (${IMPACT_MEANING[summary.worst_impact]}).`;
  return `Stack ${stack}: ${doing}${rest === "" ? "" : `; ${rest}`}.${drifted} ${impact}${refused}`;
}

/** `4 of 16 processors, 12 of 64 GiB memory, 200 of 500 GiB disk`. */
export function showResources(part: Resources, whole: Resources): string {
  const round = (value: number): number => Math.round(value * 10) / 10;
  return `${round(part.vcpu)} of ${round(whole.vcpu)} processors, ${round(part.ram_gb)} of ${round(whole.ram_gb)} GiB memory, ${round(part.disk_gb)} of ${round(whole.disk_gb)} GiB disk`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function counted(parts: readonly (readonly [count: number, words: string])[]): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(", ");
}

function isSame(a: Json, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
