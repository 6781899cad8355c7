/** Progress where nothing can be redrawn: a line when a step ends, and few while it runs. */
import type { ApplyState, StepState, StepUpdate } from "./state.ts";
import { doingWords, OUTCOME_SIGNS, outcomeWords, stepName, stepTime } from "./words.ts";

/** A step that is over sooner says only that it is. */
const QUIET_MS = 1_000;
/** A step that stays in one phase says how far it is this often. */
const REPEAT_MS = 10_000;

interface Told {
  readonly phase: string;
  readonly atMs: number;
}

export interface ProgressLines {
  /** Feeds the state, and gives the line that the update is worth, if any. */
  update(update: StepUpdate): string | undefined;
  /** Lines of steps that have said nothing for long; for a timer. */
  tick(nowMs: number): string[];
}

export function createProgressLines(state: ApplyState): ProgressLines {
  const told = new Map<string, Told>();
  /** The line of a running step, when it is time for one. */
  const runningLine = (step: StepState, nowMs: number): string | undefined => {
    const { startedAtMs = nowMs, phase } = step;
    const last = told.get(step.step.id) ?? { phase: "", atMs: startedAtMs };
    const isDue = phase === last.phase ? nowMs - last.atMs >= REPEAT_MS : nowMs - startedAtMs >= QUIET_MS;
    if (!isDue) return undefined;
    told.set(step.step.id, { phase, atMs: nowMs });
    return `… ${stepName(step)}: ${doingWords(step)}, ${stepTime(step, nowMs)}\n`;
  };
  return {
    update(update) {
      const after = state.update(update);
      if (after === undefined) return undefined;
      if (update.kind !== "ended") return runningLine(after, update.atMs);
      told.delete(update.id);
      return endedLine(after, update.atMs);
    },
    tick: (nowMs) => [...state.running.values()].flatMap((step) => runningLine(step, nowMs) ?? []),
  };
}

/** `✓ desk vm web-1: created in 3 s`. */
function endedLine(step: StepState, nowMs: number): string {
  const time = stepTime(step, nowMs);
  return `${OUTCOME_SIGNS[step.outcome ?? "done"]} ${stepName(step)}: ${outcomeWords(step)}${time === "" ? "" : ` in ${time}`}\n`;
}
