/** The words for steps that run and steps that ended, the same in the live view and in plain lines. */
import type { PlanStep, StepAction } from "@ghost/schemas";
import { formatDuration } from "../command/duration.ts";
import { escapeLine } from "../output/escape.ts";
import { plural, stepObject } from "../output/plan-model.ts";
import type { ApplyState, Outcome, StepState } from "./state.ts";

const DONE: Readonly<Record<StepAction, string>> = {
  create: "created",
  update: "changed",
  delete: "deleted",
  adopt: "adopted",
  release: "released",
  settings: "set up",
  restart: "restarted",
};
const DOING: Readonly<Record<StepAction, string>> = {
  create: "creating",
  update: "changing",
  delete: "deleting",
  adopt: "adopting",
  release: "releasing",
  settings: "setting up",
  restart: "restarting",
};
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export const OUTCOME_SIGNS: Readonly<Record<Outcome, string>> = {
  done: "✓",
  already: "✓",
  failed: "✗",
  skipped: "∅",
  cancelled: "∅",
  left: "…",
};

/** `desk vm web-1`. */
export function stepName({ step }: StepState): string {
  return `${escapeLine(step.agent)} ${stepObject(step)}`;
}

/** `created`, `already as planned`, `failed`. */
export function outcomeWords({ step, outcome }: StepState): string {
  switch (outcome) {
    case "done":
      return isWait(step) ? "seen ready" : DONE[step.body.action];
    case "already":
      return "already as planned";
    case "left":
      return "goes on by itself";
    case "cancelled":
      return "not started";
    default:
      return outcome ?? "";
  }
}

/** True for a step that changes nothing: it waits until its VM is seen ready. */
function isWait({ body, changes }: PlanStep): boolean {
  return body.action === "update" && changes.length === 0;
}

/** `creating`, and what of it: `creating: image, 1.2 of 2.0 GiB (60%)`. */
export function doingWords(state: StepState): string {
  const { step, phase, bytesDone, bytesTotal } = state;
  if (isWait(step)) return "waiting";
  const doing = DOING[step.body.action];
  if (phase === "") return doing;
  const bytes = bytesTotal > 0 ? `, ${formatBytes(bytesDone, bytesTotal)}` : "";
  return `${doing}: ${escapeLine(phase)}${bytes}`;
}

/** `1.2 of 2.0 GiB (60%)`. */
export function formatBytes(done: number, total: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, total)) / 10));
  const scaled = (bytes: number): string => (bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1);
  return `${scaled(done)} of ${scaled(total)} ${UNITS[power]} (${Math.floor((100 * Math.min(done, total)) / total)}%)`;
}

/** `2.0 GiB`. */
export function formatSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** How long the step took, or has run. */
export function stepTime({ startedAtMs, endedAtMs }: StepState, nowMs: number): string {
  return startedAtMs === undefined ? "" : formatDuration((endedAtMs ?? nowMs) - startedAtMs);
}

/** `34 of 50 steps done, 1 failed, 4 running, 2 min 05 s`. */
export function progressSentence(state: ApplyState, nowMs: number): string {
  const good = state.count("done") + state.count("already");
  const parts = [
    `${good} of ${plural(state.total, "step")} done`,
    ...[
      [state.count("failed"), "failed"],
      [state.count("skipped"), "skipped"],
      [state.count("cancelled"), "not started"],
      [state.running.size, "running"],
    ]
      .filter(([count]) => Number(count) > 0)
      .map(([count, word]) => `${count} ${word}`),
    formatDuration(nowMs - state.startedAtMs),
  ];
  return parts.join(", ");
}
