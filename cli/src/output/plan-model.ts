/** What every view of a plan shows: the same groups, words and order in a terminal, in markdown and in JSON lines. */
import type { Change, Json, PlanAgent, PlanDocument, PlanStep, PlanUnknown, Resources } from "@ghost/schemas";
import { isDrift } from "@ghost/engine";
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
  restart: "~",
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

const GOES_DOWN: ReadonlySet<PlanStep["impact"]> = new Set(["restart", "stop", "replace", "data-loss"]);

/** What becomes of a guest that does not listen, where a step takes it down first; undefined for the others. */
export function shutdownNote({ body, changes }: PlanStep): string | undefined {
  // A further disk is pulled out of the running guest.
  const takesDown = body.action === "restart" || changes.some(({ impact, path }) => GOES_DOWN.has(impact) && path[0] !== "disks");
  if (!takesDown) return undefined;
  const { stop_timeout_s: timeoutS } = (body.vm ?? {}) as Readonly<Record<string, Json>>;
  return `a guest that is not down ${typeof timeoutS === "number" ? `after ${timeoutS} s` : "in its stop_timeout_s"} is powered off`;
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
    .flatMap(([name, value]) => [...leaves([name], value)])
    .map(([path, after]) => ({ path, op: "add", after, cause: "spec", impact: "none", reason: "" }));
}

/** The values of an object attribute one by one, the items of a map each as a whole. */
function* leaves(path: readonly string[], value: Json): Generator<readonly [path: readonly string[], value: Json]> {
  const kind = attributeAt("vm", path)?.kind;
  if ((kind !== "object" && kind !== "map") || typeof value !== "object" || value === null || Array.isArray(value))
    return yield [path, value];
  for (const [key, item] of Object.entries(value)) {
    if (kind === "object") yield* leaves([...path, key], item);
    else yield [[...path, key], item];
  }
}

/** New VMs that differ in nothing but their names, told once. */
export interface StepGroup {
  readonly step: PlanStep;
  /** Names of all of them; one for a step of its own. */
  readonly names: readonly string[];
}

/** Puts creations of one agent together that say the same. */
export function groupCreations(steps: readonly PlanStep[]): StepGroup[] {
  const groups: { step: PlanStep; names: string[] }[] = [];
  const known = new Map<string, { names: string[] }>();
  for (const step of steps) {
    const { action, name } = step.body;
    const key = action === "create" ? JSON.stringify([step.reason, shownChanges(step)]) : "";
    const same = action === "create" ? known.get(key) : undefined;
    if (same !== undefined) {
      same.names.push(name);
      continue;
    }
    const group = { step, names: [name] };
    groups.push(group);
    if (action === "create") known.set(key, group);
  }
  return groups;
}

/** `web-1 to web-4, web-7`: runs of three numbered names and more are told by their ends. */
export function showNames(names: readonly string[]): string {
  const numbered = names.toSorted(compareNames).map(splitNumber);
  const parts: string[] = [];
  for (let start = 0; start < numbered.length;) {
    const first = numbered[start] ?? splitNumber("");
    let end = start;
    while (numbered[end + 1]?.stem === first.stem && numbered[end + 1]?.number === first.number + end + 1 - start) end += 1;
    const shown = numbered.slice(start, end + 1).map(({ name }) => escapeLine(name));
    if (shown.length > 2) parts.push(`${shown[0]} to ${shown.at(-1)}`);
    else parts.push(...shown);
    start = end + 1;
  }
  return parts.join(", ");
}

/** By name, with a number at the end counted: `web-2` before `web-10`. */
export function compareNames(a: string, b: string): number {
  const [one, other] = [splitNumber(a), splitNumber(b)];
  return one.stem < other.stem ? -1 : one.stem > other.stem ? 1 : one.number - other.number || 0;
}

interface NumberedName {
  readonly name: string;
  readonly stem: string;
  /** NaN for a name that ends in no number: it is next to nothing. */
  readonly number: number;
}

function splitNumber(name: string): NumberedName {
  const [, stem, number] = /^(.*-)([1-9]\d{0,8})$/.exec(name) ?? [];
  return stem === undefined ? { name, stem: name, number: Number.NaN } : { name, stem, number: Number(number) };
}

export interface ShownChange {
  readonly path: string;
  /** `4 → 9`, or the values of a drift; empty when the change is long text. */
  readonly value: string;
  readonly text?: { readonly before: string; readonly after: string };
}

/** The words for one change. */
export function showChange(step: PlanStep, change: Change): ShownChange {
  const attribute = attributeAt(step.body.kind, change.path);
  const path = showPath(change.path);
  if (attribute?.sensitive !== true && (isLongText(change.before) || isLongText(change.after))) {
    const text = { before: textOf(change.before), after: textOf(change.after) };
    return { path, value: isDrift(change) ? "drift" : "", text };
  }
  const [before, after] = [
    showValue(change.before, attribute),
    change.unknown === true ? "known later" : showValue(change.after, attribute),
  ];
  if (change.pending === true) return { path, value: `live ${after} · next boot ${before} → ${after}` };
  if (isDrift(change))
    return { path, value: `last applied ${showValue(change.last_applied, attribute)} · live ${before} · desired ${after}` };
  return { path, value: step.body.action === "create" ? after : `${before} → ${after}` };
}

export function hasLongText(plan: PlanDocument): boolean {
  return plan.steps.some((step) => shownChanges(step).some(({ before, after }) => isLongText(before) || isLongText(after)));
}

export function isDrifted(step: PlanStep): boolean {
  return step.changes.some(isDrift);
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
