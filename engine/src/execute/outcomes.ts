import type { Diagnostic, ObservedVm, Operation, PlanDocument, PlanStep } from "@ghost/schemas";
import type { ApplyEvent, ApplySummary } from "./events.ts";
import type { SkipReason } from "./graph.ts";

/** `noop`: the object already was as planned. `left`: it goes on by itself. */
export type StepOutcome = "done" | "noop" | "failed" | "skipped" | "stopped" | "left";

/** What became of an apply, told while it happens and kept for its end. */
export interface Outcomes {
  /** By step id. */
  readonly ofSteps: ReadonlyMap<string, StepOutcome>;
  /** The VMs as their steps left them, by step id. */
  readonly vms: ReadonlyMap<string, ObservedVm>;
  readonly diagnostics: readonly Diagnostic[];
  readonly isDone: (stepId: string) => boolean;
  warn(found: readonly Diagnostic[]): void;
  /** Gives what tells of one step from here on. */
  begin(step: PlanStep): StepReport;
  skip(step: PlanStep, reason: SkipReason): void;
  /** Tells the end of all. */
  end(): { readonly summary: ApplySummary; readonly elapsedMs: number };
}

/** The ends give whether the step succeeded. */
export interface StepReport {
  readonly start: (operationId: string) => void;
  readonly progress: (operation: Operation) => void;
  readonly done: (operation: Operation) => true;
  readonly failed: (found: readonly Diagnostic[]) => false;
  readonly left: (operationId: string) => false;
}

type WithoutTime<E> = E extends unknown ? Omit<E, "time"> : never;

/** Tells the beginning at once. */
export function createOutcomes(plan: PlanDocument, now: () => Date, onEvent: ((event: ApplyEvent) => void) | undefined): Outcomes {
  const ofSteps = new Map<string, StepOutcome>();
  const vms = new Map<string, ObservedVm>();
  const diagnostics: Diagnostic[] = [];
  const startedAtMs = now().getTime();
  const emit = (event: WithoutTime<ApplyEvent>): void => onEvent?.({ ...event, time: now().toISOString() } as ApplyEvent);
  const elapsedSince = (sinceMs: number): number => now().getTime() - sinceMs;

  emit({ type: "apply_start", stack: plan.stack, plan_hash: plan.plan_hash, steps: plan.steps.length });
  return {
    ofSteps,
    vms,
    diagnostics,
    isDone: (stepId) => ofSteps.get(stepId) === "done" || ofSteps.get(stepId) === "noop",
    warn(found) {
      diagnostics.push(...found);
      emit({ type: "warning", diagnostics: found });
    },
    begin(step) {
      const of = factsOf(step);
      const sinceMs = now().getTime();
      return {
        start: (operationId) => emit({ type: "step_start", ...of, operation_id: operationId }),
        progress: ({ phase, bytesDone, bytesTotal }) =>
          emit({ type: "step_progress", ...of, phase, bytes_done: bytesDone, bytes_total: bytesTotal }),
        done({ noop, vm }) {
          ofSteps.set(step.id, noop ? "noop" : "done");
          if (vm !== undefined) vms.set(step.id, vm);
          emit({ type: "step_done", ...of, noop, elapsed_ms: elapsedSince(sinceMs) });
          return true;
        },
        failed(found) {
          const named = found.map((one) => ({ ...one, agent: one.agent ?? step.agent }));
          ofSteps.set(step.id, "failed");
          diagnostics.push(...named);
          emit({ type: "step_failed", ...of, diagnostics: named, elapsed_ms: elapsedSince(sinceMs) });
          return false;
        },
        left(operationId) {
          ofSteps.set(step.id, "left");
          emit({ type: "step_left", ...of, operation_id: operationId, elapsed_ms: elapsedSince(sinceMs) });
          return false;
        },
      };
    },
    skip(step, reason) {
      const isStop = reason.kind === "stopped" || ofSteps.get(reason.failed) === "left";
      const why = isStop ? [] : [skippedAfter(step, reason.kind, reason.failed)];
      ofSteps.set(step.id, isStop ? "stopped" : "skipped");
      diagnostics.push(...why);
      emit({ type: "step_skipped", ...factsOf(step), because: isStop ? "stopped" : "failure", diagnostics: why });
    },
    end() {
      const count: Record<StepOutcome, number> = { done: 0, noop: 0, failed: 0, skipped: 0, stopped: 0, left: 0 };
      for (const outcome of ofSteps.values()) count[outcome]++;
      const summary = { ...count, done: count.done + count.noop };
      const elapsedMs = elapsedSince(startedAtMs);
      emit({ type: "apply_done", summary, elapsed_ms: elapsedMs });
      return { summary, elapsedMs };
    },
  };
}

function factsOf({
  id,
  agent,
  body,
}: PlanStep): Pick<Extract<ApplyEvent, { type: "step_start" }>, "step" | "agent" | "kind" | "action" | "name"> {
  return { step: id, agent, kind: body.kind, action: body.action, name: body.name };
}

function skippedAfter(step: PlanStep, kind: "dependency" | "failure", failed: string): Diagnostic {
  return {
    code: "DEPENDENCY_FAILED",
    severity: "error",
    detail:
      kind === "dependency"
        ? `Step ${step.id} was not started: it needs ${failed}, which did not succeed.`
        : `Step ${step.id} was not started: nothing is deleted after a failed step (${failed}).`,
    hint: "Apply again once the cause is removed; what is done stays done.",
    path: [step.id],
    agent: step.agent,
  };
}
