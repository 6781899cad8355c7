/**
 * What is known of an apply while it runs, for every view of it: one small state per step, and counts that are kept
 * instead of counted, because a plan may have thousands of steps and a view asks many times a second.
 */
import type { Diagnostic, PlanDocument, PlanStep } from "@ghost/schemas";

/** How a step ended. `already` is a success that had nothing left to do; `left` goes on without us. */
export type Outcome = "done" | "already" | "failed" | "skipped" | "cancelled" | "left";

export type StepUpdate =
  | { readonly kind: "started"; readonly id: string; readonly atMs: number }
  | {
      readonly kind: "progress";
      readonly id: string;
      readonly phase: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
      readonly atMs: number;
    }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly outcome: Outcome;
      readonly diagnostics: readonly Diagnostic[];
      readonly atMs: number;
    };

export interface StepState {
  readonly step: PlanStep;
  readonly phase: string;
  readonly bytesDone: number;
  /** Zero when it is not known. */
  readonly bytesTotal: number;
  readonly startedAtMs?: number;
  readonly phaseAtMs?: number;
  readonly endedAtMs?: number;
  readonly outcome?: Outcome;
  readonly diagnostics: readonly Diagnostic[];
}

export interface AgentProgress {
  readonly name: string;
  readonly total: number;
  ended: number;
  failed: number;
}

export class ApplyState {
  readonly agents: readonly AgentProgress[];
  /** Steps that run, in the order they began. */
  readonly running = new Map<string, StepState>();
  /** Steps that ended, in the order they did. */
  readonly ended: StepState[] = [];
  readonly total: number;
  readonly startedAtMs: number;
  /** The first Ctrl-C was pressed. */
  stopping = false;
  readonly #steps: ReadonlyMap<string, PlanStep>;
  readonly #byAgent: ReadonlyMap<string, AgentProgress>;
  readonly #outcomes: Record<Outcome, number> = { done: 0, already: 0, failed: 0, skipped: 0, cancelled: 0, left: 0 };
  readonly #endedIds = new Set<string>();

  constructor(plan: PlanDocument, startedAtMs: number) {
    this.#steps = new Map(plan.steps.map((step) => [step.id, step]));
    const agents = new Map<string, { name: string; total: number; ended: number; failed: number }>();
    for (const { agent: name } of plan.steps) {
      const agent = agents.get(name);
      if (agent === undefined) agents.set(name, { name, total: 1, ended: 0, failed: 0 });
      else agent.total += 1;
    }
    this.#byAgent = agents;
    this.agents = [...agents.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.total = plan.steps.length;
    this.startedAtMs = startedAtMs;
  }

  count(outcome: Outcome): number {
    return this.#outcomes[outcome];
  }

  /** Takes in what happened; what is about no step of the plan, or comes after its end, changes nothing. */
  update(update: StepUpdate): StepState | undefined {
    const step = this.#steps.get(update.id);
    if (step === undefined || this.#endedIds.has(update.id)) return undefined;
    const before = this.running.get(update.id) ?? { step, phase: "", bytesDone: 0, bytesTotal: 0, diagnostics: [] };
    switch (update.kind) {
      case "started": {
        const state = { ...before, startedAtMs: update.atMs, phaseAtMs: update.atMs };
        this.running.set(update.id, state);
        return state;
      }
      case "progress": {
        const { phase, bytesDone, bytesTotal, atMs } = update;
        const phaseAtMs = phase === before.phase ? (before.phaseAtMs ?? atMs) : atMs;
        const state = { ...before, phase, bytesDone, bytesTotal, startedAtMs: before.startedAtMs ?? atMs, phaseAtMs };
        this.running.set(update.id, state);
        return state;
      }
      case "ended": {
        const state = { ...before, outcome: update.outcome, diagnostics: update.diagnostics, endedAtMs: update.atMs };
        this.running.delete(update.id);
        this.#endedIds.add(update.id);
        this.ended.push(state);
        this.#outcomes[update.outcome] += 1;
        const agent = this.#byAgent.get(step.agent);
        if (agent !== undefined) {
          agent.ended += 1;
          if (update.outcome === "failed" || update.outcome === "skipped") agent.failed += 1;
        }
        return state;
      }
    }
  }
}
