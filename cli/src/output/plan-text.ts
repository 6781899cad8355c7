/** A plan for people: a tree by host, the summary first and last. */
import type { PlanDocument, PlanStep } from "@ghost/schemas";
import { escapeLine } from "./escape.ts";
import {
  groupByAgent,
  groupCreations,
  hasLongText,
  showChange,
  shownChanges,
  showNames,
  showResources,
  shutdownNote,
  stepLabel,
  stepObject,
  summarySentence,
  SYMBOLS,
} from "./plan-model.ts";
import type { AgentGroup, StepGroup } from "./plan-model.ts";
import type { Paint, Style } from "./style.ts";
import type { DiffLine } from "./text-diff.ts";
import { padTo, textWidth } from "./width.ts";
import { wrap } from "./wrap.ts";

export interface PlanTextView {
  readonly style: Style;
  readonly columns: number | undefined;
}

type DiffText = (before: string, after: string) => readonly DiffLine[];

/** Lines of new text that are shown whole; of longer text the beginning. */
const NEW_TEXT_LINES = 20;
/** Wider names and values do not push the column after them. */
const COLUMN_MAX = 34;

/** The plan as text under and above a sentence, the plan's own when not given; ends with a newline. */
export async function renderPlanText(plan: PlanDocument, view: PlanTextView, sentence: string = summarySentence(plan)): Promise<string> {
  const diffText = hasLongText(plan) ? (await import("./text-diff.ts")).diffText : () => [];
  const { style, columns } = view;
  const summary = wrap(style.bold(sentence), { columns });
  const groups = groupByAgent(plan);
  if (groups.length === 0) return `${summary}\n`;
  const sections = groups.map((group) => agentSection(group, view, diffText).join("\n"));
  return `${[summary, ...sections, summary].join("\n\n")}\n`;
}

function agentSection({ agent, steps, unknown }: AgentGroup, view: PlanTextView, diffText: DiffText): string[] {
  const { style, columns } = view;
  const facts = [escapeLine(agent.address), ...(agent.reachable ? [escapeLine(agent.hypervisor)] : [])].filter((fact) => fact !== "");
  const lines = [
    wrap(`${style.bold(escapeLine(agent.name))}  ${style.dim(facts.join(" · "))}${agent.reachable ? "" : style.bad(" not reachable")}`, {
      columns,
      hanging: "  ",
    }),
  ];
  for (const group of groupCreations(steps)) lines.push(...stepLines(group, view, diffText));
  for (const object of unknown) {
    lines.push(
      wrap(
        `${style.warn("?")} ${object.kind} ${style.bold(escapeLine(object.name))}  ${style.warn("unknown")}  ${style.dim(escapeLine(firstLine(object.reason)))}`,
        { columns, indent: "  ", hanging: "      " },
      ),
    );
  }
  if (agent.available_after !== undefined && agent.total !== undefined && steps.length > 0) {
    lines.push(
      wrap(style.dim(`free afterwards: ${showResources(agent.available_after, agent.total)}`), { columns, indent: "  ", hanging: "    " }),
    );
  }
  return lines;
}

function stepLines({ step, names }: StepGroup, view: PlanTextView, diffText: DiffText): string[] {
  const { style, columns } = view;
  const object = names.length === 1 ? stepObject(step) : `${names.length} ${step.body.kind}s ${showNames(names)}`;
  const paint = stepPaint(step, style);
  const title = `${paint(SYMBOLS[step.body.action])} ${style.bold(object)}  ${paint(stepLabel(step))}`;
  const lines = [
    wrap(step.reason === "" ? title : `${title}  ${style.dim(escapeLine(step.reason))}`, { columns, indent: "  ", hanging: "      " }),
  ];
  const shown = shownChanges(step).map((change) => ({ change, ...showChange(step, change) }));
  const pathWidth = columnWidth(shown.map(({ path }) => path));
  const impactWidth = columnWidth(shown.map(({ change }) => change.impact));
  for (const { change, path, value, text } of shown) {
    const told = text === undefined ? value : textSummary(text, diffText);
    const cells = [padTo(path, pathWidth), told];
    if (step.body.action !== "create") {
      // The step's own line has said the reason of the change that decides it.
      const reason = step.reason.endsWith(change.reason) ? "" : style.dim(escapeLine(change.reason));
      cells.splice(1, 1, style.impact[change.impact](padTo(change.impact, impactWidth)), told, reason);
    }
    lines.push(wrap(cells.filter((cell) => cell !== "").join("  "), { columns, indent: "      ", hanging: "        " }));
    if (text !== undefined) lines.push(...textLines(text, style, diffText));
  }
  const note = shutdownNote(step);
  if (note !== undefined) lines.push(wrap(style.dim(note), { columns, indent: "      ", hanging: "        " }));
  return lines;
}

function stepPaint(step: PlanStep, style: Style): Paint {
  if (step.impact !== "none" || step.body.action === "update") return style.impact[step.impact];
  return step.body.action === "create" ? style.good : style.note;
}

function columnWidth(cells: readonly string[]): number {
  return Math.max(0, ...cells.map((cell) => textWidth(cell)).filter((width) => width <= COLUMN_MAX));
}

function textSummary({ before, after }: { before: string; after: string }, diffText: DiffText): string {
  if (before === "") return `text of ${lineCount(after)}`;
  if (after === "") return `text of ${lineCount(before)} → unset`;
  const lines = diffText(before, after);
  const count = (kind: DiffLine["kind"]): number => lines.filter((line) => line.kind === kind).length;
  return `text: ${count("removed")} removed, ${count("added")} added`;
}

function textLines({ before, after }: { before: string; after: string }, style: Style, diffText: DiffText): string[] {
  const indent = "        ";
  if (before === "" || after === "") {
    const [all, sign, paint]: [string[], string, Paint] = before === "" ? [split(after), "+", style.good] : [split(before), "-", style.bad];
    const lines = all.slice(0, NEW_TEXT_LINES).map((line) => indent + paint(`${sign} ${visibleLine(line)}`));
    return all.length > NEW_TEXT_LINES ? [...lines, indent + style.dim(`… ${all.length - NEW_TEXT_LINES} more lines`)] : lines;
  }
  return diffText(before, after).map(({ kind, text }) => {
    if (kind === "gap") return indent + style.dim(`… ${text}`);
    if (kind === "same") return `${indent}  ${visibleLine(text)}`;
    return indent + (kind === "added" ? style.good(`+ ${visibleLine(text)}`) : style.bad(`- ${visibleLine(text)}`));
  });
}

/** The rest is told with the problem itself. */
function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}

function split(text: string): string[] {
  return text.replace(/\n$/, "").split("\n");
}

function lineCount(text: string): string {
  const count = split(text).length;
  return `${count} ${count === 1 ? "line" : "lines"}`;
}

function visibleLine(text: string): string {
  return escapeLine(text.replaceAll("\t", "    "));
}
