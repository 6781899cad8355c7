/** What an apply tells while it runs: `--json` writes each as one line, views draw from them. */
import type { Diagnostic, StepAction, StepKind } from "@ghost/schemas";

interface OfStep {
  /** RFC 3339. */
  readonly time: string;
  /** Id of the step in the plan. */
  readonly step: string;
  readonly agent: string;
  readonly kind: StepKind;
  readonly action: StepAction;
  readonly name: string;
}

/** How many steps ended in which way. */
export interface ApplySummary {
  readonly done: number;
  /** Among those done: the object already was as planned. */
  readonly noop: number;
  readonly failed: number;
  /** After a failed step. */
  readonly skipped: number;
  /** Not started after a stop was asked for. */
  readonly stopped: number;
  /** Left to go on by itself. */
  readonly left: number;
}

export type ApplyEvent =
  | { readonly type: "apply_start"; readonly time: string; readonly stack: string; readonly plan_hash: string; readonly steps: number }
  | ({ readonly type: "step_start"; readonly operation_id: string } & OfStep)
  | ({ readonly type: "step_progress"; readonly phase: string; readonly bytes_done: number; readonly bytes_total: number } & OfStep)
  | ({ readonly type: "step_done"; readonly noop: boolean; readonly elapsed_ms: number } & OfStep)
  | ({ readonly type: "step_failed"; readonly diagnostics: readonly Diagnostic[]; readonly elapsed_ms: number } & OfStep)
  /** `stopped`: nothing was wrong, somebody asked to stop. */
  | ({ readonly type: "step_skipped"; readonly because: "failure" | "stopped"; readonly diagnostics: readonly Diagnostic[] } & OfStep)
  /** The operation goes on at its agent; its id attaches to it again. */
  | ({ readonly type: "step_left"; readonly operation_id: string; readonly elapsed_ms: number } & OfStep)
  | { readonly type: "warning"; readonly time: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: "apply_done"; readonly time: string; readonly summary: ApplySummary; readonly elapsed_ms: number };
