/**
 * A plan as a comment on a pull request: worst impact first, details folded, and never longer than a comment may be.
 * What does not fit is cut by rank: the mildest steps lose their details first, then their lines, and are counted.
 */
import { isDrift } from "@ghost/engine";
import type { Change, Diagnostic, Impact, PlanDocument, PlanStep } from "@ghost/schemas";
import { codes, IMPACTS } from "@ghost/schemas";
import { escapeLine, escapeText } from "./escape.ts";
import {
  byImpact,
  hasLongText,
  plural,
  showChange,
  shownChanges,
  shutdownNote,
  stepLabel,
  stepObject,
  summarySentence,
} from "./plan-model.ts";
import type { DiffLine } from "./text-diff.ts";

/** GitHub takes 65,536 characters; GitLab and others more. */
const LIMIT = 60_000;
/** Kept free for the closing lines. */
const CLOSING = 1_000;
const DIAGNOSTICS_SHARE = LIMIT / 4;

type DiffText = (before: string, after: string) => readonly DiffLine[];

const MARKS: Readonly<Record<Impact, string>> = {
  none: "⚪",
  "next-boot": "🔵",
  live: "🟢",
  guest: "🟢",
  restart: "🟡",
  stop: "🟠",
  replace: "🟣",
  "data-loss": "🔴",
};

/** The plan as markdown; ends with a newline. */
export async function renderPlanMarkdown(plan: PlanDocument, limit: number = LIMIT): Promise<string> {
  const diffText = hasLongText(plan) ? (await import("./text-diff.ts")).diffText : () => [];
  const parts = [`### Ghost plan: ${code(plan.stack)}\n\n${prose(summarySentence(plan))}\n`];
  let room = limit - CLOSING - (parts[0]?.length ?? 0);
  const add = (part: string): boolean => {
    if (part.length > room) return false;
    parts.push(part);
    room -= part.length;
    return true;
  };

  const problems = plan.diagnostics.toSorted((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
  const problemRoom = room - Math.min(DIAGNOSTICS_SHARE, room / 4);
  let toldProblems = 0;
  for (const problem of problems) {
    if (room < problemRoom || !add(problemText(problem))) break;
    toldProblems += 1;
  }
  if (toldProblems < problems.length) parts.push(`- … and ${plural(problems.length - toldProblems, "more problem")}\n`);

  const steps = byImpact(plan.steps);
  const details = fitDetails(
    steps.map((step) => stepText(step, diffText)),
    room,
  );
  parts.push(...details);
  const cut = steps.slice(details.length);
  if (cut.length > 0) parts.push(`\n… and ${plural(cut.length, "more step")} that did not fit: ${countByImpact(cut)}.\n`);
  if (plan.unknown.length > 0) parts.push(unknownText(plan, CLOSING / 2));
  parts.push(
    `\n<sub>plan ${code(plan.plan_hash.replace("sha256:", "").slice(0, 12))} · ghost ${prose(plan.ghost_version)} · expires ${prose(plan.header.expires_at)}</sub>\n`,
  );
  return parts.join("");
}

interface StepText {
  /** One line, always shown when there is any room. */
  readonly line: string;
  readonly details: string;
}

/** As many whole steps as fit, from the worst on; the last ones without their details. */
function fitDetails(texts: readonly StepText[], room: number): string[] {
  const shown: string[] = [];
  const folded = ({ line, details }: StepText): string =>
    details === "" ? `\n- ${line}\n` : `\n<details><summary>${line}</summary>\n\n${details}\n</details>\n`;
  const lines = texts.map(({ line }) => `\n- ${line}\n`.length);
  // What the lines of the steps after this one take at least.
  let after = lines.reduce((sum, length) => sum + length, 0);
  for (const [index, text] of texts.entries()) {
    after -= lines[index] ?? 0;
    const whole = folded(text);
    const chosen = whole.length + Math.min(after, room / 4) <= room ? whole : `\n- ${text.line}\n`;
    if (chosen.length > room) break;
    shown.push(chosen);
    room -= chosen.length;
  }
  return shown;
}

function stepText(step: PlanStep, diffText: DiffText): StepText {
  const line = `${MARKS[step.impact]} <b>${prose(stepLabel(step))}</b> ${code(stepObject(step))}${step.body.kind === "agent" ? "" : ` on ${code(step.agent)}`}${step.reason === "" ? "" : `: ${prose(step.reason)}`}`;
  const changes = shownChanges(step);
  if (changes.length === 0) return { line, details: "" };
  const isCreate = step.body.action === "create";
  const head = isCreate ? "| attribute | value |\n| --- | --- |" : "| attribute | change | impact | why |\n| --- | --- | --- | --- |";
  const rows = changes.map((change) => row(step, change, isCreate));
  const texts = changes
    .map((change) => showChange(step, change))
    .flatMap(({ path, text }) => (text === undefined ? [] : [textBlock(path, text, diffText)]));
  const note = shutdownNote(step);
  const closing = note === undefined ? [] : [prose(note)];
  return { line, details: [`${head}\n${rows.join("\n")}`, ...texts, ...closing].join("\n\n") };
}

function row(step: PlanStep, change: Change, isCreate: boolean): string {
  const { path, value, text } = showChange(step, change);
  const shown = text === undefined ? cell(code(value)) : "text, below";
  if (isCreate) return `| ${cell(code(path))} | ${shown} |`;
  return `| ${cell(code(path))} | ${shown}${text !== undefined && isDrift(change) ? " (drift)" : ""} | ${MARKS[change.impact]} ${change.impact} | ${cell(prose(change.reason))} |`;
}

function textBlock(path: string, { before, after }: { before: string; after: string }, diffText: DiffText): string {
  const signs = { same: " ", added: "+", removed: "-", gap: "@" } as const;
  const all = (text: string, sign: string): string[] =>
    text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${sign}${line}`);
  const lines =
    before === ""
      ? all(after, "+")
      : after === ""
        ? all(before, "-")
        : diffText(before, after).map(({ kind, text }) => `${signs[kind]}${kind === "gap" ? `@ ${text} @@` : text}`);
  const body = escapeText(lines.join("\n"));
  const fence = "`".repeat(Math.max(3, ...[...body.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${code(path)}\n\n${fence}diff\n${body}\n${fence}`;
}

function problemText({ code: name, severity, detail, hint, at }: Diagnostic): string {
  const where = at === undefined ? "" : ` (${prose(`${at.file}:${at.line}`)})`;
  return `\n> ${severity === "error" ? "❌" : "⚠️"} <b>${codes[name].summary}</b>${where}: ${prose(detail)}${hint === undefined ? "" : ` <i>${prose(hint)}</i>`}\n`;
}

function unknownText(plan: PlanDocument, room: number): string {
  const names: string[] = [];
  let used = 0;
  for (const { agent, name } of plan.unknown) {
    const shown = code(`${agent}/${name}`);
    used += shown.length + 2;
    if (used > room) break;
    names.push(shown);
  }
  const more = plan.unknown.length - names.length;
  return `\n❔ ${plural(plan.unknown.length, "object")} unknown, and left alone: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}.\n`;
}

function countByImpact(steps: readonly PlanStep[]): string {
  return IMPACTS.toReversed()
    .map((impact) => [impact, steps.filter((step) => step.impact === impact).length] as const)
    .filter(([, count]) => count > 0)
    .map(([impact, count]) => `${count} ${impact}`)
    .join(", ");
}

/** Text among markdown: nothing in it is markup, a mention or a link. */
function prose(text: string): string {
  return escapeLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_{}[\]|#~]/g, "\\$&")
    .replaceAll("@", "&#64;");
}

/** A value as code; HTML's element, because it also works in a summary and takes any content. */
function code(text: string): string {
  const safe = escapeLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_[\]~|@#]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<code>${safe}</code>`;
}

function cell(text: string): string {
  return text.replaceAll("|", "&#124;");
}
