/** Carries out a plan and shows how it goes, on a terminal, in lines and as events. */
import type { ApplyEvent, ApplyResult } from "@ghost/engine";
import { applyPlan, resolveSecret } from "@ghost/engine";
import type { Diagnostic, Diagnostics, PlanAgent, PlanDocument } from "@ghost/schemas";
import { GhostError, problem } from "@ghost/schemas";
import { namesEmbedded } from "../agents/reach.ts";
import { formatDuration } from "../command/duration.ts";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { escapeLine } from "../output/escape.ts";
import { plural } from "../output/plan-model.ts";
import { createProgressLines } from "../progress/lines.ts";
import { ApplyState } from "../progress/state.ts";
import type { StepUpdate } from "../progress/state.ts";
import type { Session } from "../terminal/session.ts";
import type { Fleet } from "./fleet.ts";
import { quote } from "./spec.ts";

export interface ApplyInput {
  readonly plan: PlanDocument;
  readonly fleet: Fleet;
  readonly session: Session;
  /** Of readSecrets. */
  readonly secrets: SecretValues;
  readonly parallel?: number | undefined;
  /** Options by which a later command finds the same agents: ` -f shop`; absent for a saved plan. */
  readonly specWords?: string;
  /** Told when all is done, instead of how many steps there were. */
  readonly sentence?: string;
}

/** How often steps that say nothing are looked for, in plain lines. */
const TICK_MS = 1_000;
/** Commands to attach that are printed after a second Ctrl-C. */
const ATTACH_MAX = 10;

/** Values by where they come from: `env:X`, `file:PATH`. */
export type SecretValues = ReadonlyMap<string, string>;

/**
 * Reads every secret that the plan's steps send, each once. A missing one must not be found in the middle of an apply:
 * throws SECRET_NOT_FOUND for all that are missing, before anything is begun.
 */
export async function readSecrets({ steps }: PlanDocument, { env }: Pick<Session, "env">): Promise<SecretValues> {
  const sources = [...new Set(steps.flatMap(({ secrets }) => Object.values(secrets ?? {})))];
  const answers = await Promise.allSettled(sources.map((source) => resolveSecret(source, env)));
  const values = new Map<string, string>();
  const missing: Diagnostic[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.status === "fulfilled") values.set(sources[index] ?? "", answer.value);
    else missing.push(...GhostError.from(answer.reason).diagnostics);
  }
  if (missing.length > 0) throw new GhostError(missing as readonly Diagnostic[] as Diagnostics);
  return values;
}

function secretValue(secrets: SecretValues, source: string): string {
  const value = secrets.get(source);
  if (value === undefined) throw problem("SECRET_NOT_FOUND", `${source} was not read before the apply began.`);
  return value;
}

/** Applies the plan and tells the outcome. */
export async function runApply({ plan, fleet, session, secrets, parallel, specWords, sentence }: ApplyInput): Promise<ExitCode> {
  const state = new ApplyState(plan, Date.now());
  const left: string[] = [];
  const show = await openProgress(state, session);
  const asWritten = namesEmbedded(plan.agents, session.cwd);
  let result: ApplyResult;
  try {
    result = await applyPlan({
      plan,
      connect: fleet.connect,
      resolveSecret: (source) => secretValue(secrets, source),
      options: { signal: session.stop, detachSignal: session.detach, ...(parallel !== undefined && { parallel }) },
      onEvent(told) {
        const event = "diagnostics" in told ? { ...told, diagnostics: asWritten(told.diagnostics) } : told;
        if (event.type === "step_left") left.push(`${event.agent}/${event.operation_id}`);
        if ("diagnostics" in event) for (const diagnostic of event.diagnostics) session.emit({ type: "diagnostic", ...diagnostic });
        session.emit(event);
        const update = toUpdate(event);
        if (update !== undefined) show.update(update);
      },
    });
  } finally {
    await show.close();
  }
  session.tell(asWritten(result.diagnostics));
  if (left.length > 0) session.say(attachHelp(left, plan.agents, specWords));
  session.print(`${result.ok && sentence !== undefined ? sentence : outcomeSentence(plan, result)}\n`);
  if (!result.ok) return result.summary.failed > 0 || result.summary.skipped > 0 ? EXIT.error : EXIT.interrupted;
  return plan.agents.some(({ reachable }) => !reachable) ? EXIT.partial : EXIT.ok;
}

interface Progress {
  update(update: StepUpdate): void;
  close(): Promise<void>;
}

async function openProgress(state: ApplyState, session: Session): Promise<Progress> {
  const stopListener = (say: () => void): (() => void) => {
    session.stop.addEventListener("abort", say, { once: true });
    return () => session.stop.removeEventListener("abort", say);
  };
  if (session.facts.live && state.total > 0) {
    const { showApply } = await import("../views/apply.tsx");
    const view = showApply(state, process.stderr, Date.now);
    const unlisten = stopListener(() => (state.stopping = true));
    return {
      update: (update) => void state.update(update),
      async close() {
        unlisten();
        await view.close();
      },
    };
  }
  const lines = createProgressLines(state);
  const timer = setInterval(() => session.say(lines.tick(Date.now()).join("")), TICK_MS);
  const unlisten = stopListener(() => {
    session.say(
      `Stopping: nothing new is started, ${plural(state.running.size, "running step")} may finish. Ctrl-C again leaves what runs to itself.\n`,
    );
  });
  return {
    update(update) {
      const line = lines.update(update);
      if (line !== undefined) session.say(line);
    },
    async close() {
      unlisten();
      clearInterval(timer);
    },
  };
}

/** What an event means for the views; nothing for events of the whole apply. */
function toUpdate(event: ApplyEvent): StepUpdate | undefined {
  if (!("step" in event)) return undefined;
  const { step: id } = event;
  const atMs = Date.parse(event.time);
  switch (event.type) {
    case "step_start":
      return { kind: "started", id, atMs };
    case "step_progress":
      return { kind: "progress", id, phase: event.phase, bytesDone: event.bytes_done, bytesTotal: event.bytes_total, atMs };
    case "step_done":
      return { kind: "ended", id, outcome: event.noop ? "already" : "done", diagnostics: [], atMs };
    case "step_failed":
      return { kind: "ended", id, outcome: "failed", diagnostics: event.diagnostics, atMs };
    case "step_skipped":
      return { kind: "ended", id, outcome: event.because === "stopped" ? "cancelled" : "skipped", diagnostics: event.diagnostics, atMs };
    case "step_left":
      return { kind: "ended", id, outcome: "left", diagnostics: [], atMs };
  }
}

/** The end of an apply in a sentence. */
export function outcomeSentence(plan: PlanDocument, { summary, elapsedMs, ok }: Pick<ApplyResult, "summary" | "elapsedMs" | "ok">): string {
  const stack = `Stack ${escapeLine(plan.stack)}`;
  const total = plan.steps.length;
  const time = formatDuration(elapsedMs);
  if (ok)
    return total === 0
      ? `${stack}: nothing to do.`
      : `${stack}: ${plural(total, "step")} done in ${time}${summary.noop > 0 ? ` (${summary.noop} had nothing left to do)` : ""}.`;
  const rest = [
    [summary.failed, "failed"],
    [summary.skipped, "skipped after a failure"],
    [summary.stopped, "not started"],
    [summary.left, "left to go on"],
  ] as const;
  const told = rest.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return `${stack}: ${summary.done} of ${plural(total, "step")} done, ${told.join(", ")}, after ${time}. Apply again to go on.`;
}

/** How to see the end of operations that were left. */
export function attachHelp(left: readonly string[], agents: readonly PlanAgent[], words: string | undefined): string {
  const where = (operation: string): string => words ?? addressWords(agents.find(({ name }) => operation.startsWith(`${name}/`)));
  const commands = left.slice(0, ATTACH_MAX).map((operation) => `  ghost op attach ${operation}${where(operation)}\n`);
  const more = left.length > ATTACH_MAX ? `  … and ${left.length - ATTACH_MAX} more\n` : "";
  return `${plural(left.length, "operation")} ${left.length === 1 ? "goes" : "go"} on by ${left.length === 1 ? "itself" : "themselves"}. To follow:\n${commands.join("")}${more}`;
}

/** The options that lead to an agent without a spec. */
function addressWords(agent: PlanAgent | undefined): string {
  if (agent === undefined) return "";
  const { ca, cert, key } = agent.tls ?? {};
  const words = [
    ["--address", agent.address],
    ["--ca", ca],
    ["--cert", cert],
    ["--key", key],
  ] as const;
  return words.flatMap(([option, value]) => (value === undefined ? [] : [` ${option} ${quote(value)}`])).join("");
}
