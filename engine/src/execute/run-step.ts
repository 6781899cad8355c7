/*
 * One step at its agent, from Execute to its end.
 *
 * (1) The operation's id comes from plan and step, so that asking again never does anything twice.
 * (2) A broken stream says nothing of the operation, which goes on: attach to it again. Only when attaching is not
 *     possible for a while does the step count as failed.
 * (3) An operation that the agent does not know never began, one that was interrupted did not end: both are executed
 *     again, under the same id.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecuteInput } from "@ghost/proto/client";
import type { Diagnostic, DiagnosticCode, Operation } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { HostCalls } from "../observe.ts";

export type StepResult =
  | { readonly kind: "done"; readonly operation: Operation }
  /** `lost`: the agent cannot be reached any more, so that its other steps need not be tried. */
  | { readonly kind: "failed"; readonly diagnostics: readonly Diagnostic[]; readonly lost: boolean }
  | { readonly kind: "left" };

export interface RunStepInput {
  readonly client: Pick<HostCalls, "execute" | "attachOperation">;
  readonly input: ExecuteInput;
  /** Pauses before each attempt to attach again. */
  readonly retryDelaysMs: readonly number[];
  /** Leaves the operation alone. */
  readonly detachSignal?: AbortSignal | undefined;
  readonly onProgress: (operation: Operation) => void;
}

/** Pauses before attaching to an operation again whose stream broke: about three seconds in all. */
export const RETRY_DELAYS_MS: readonly number[] = [50, 100, 200, 400, 800, 1600];

/** How often an operation that was interrupted is begun, the first time included. */
const EXECUTIONS = 3;

/** Agents that answer this may answer again soon. */
const BROKEN: ReadonlySet<DiagnosticCode> = new Set(["AGENT_UNREACHABLE", "AGENT_TIMEOUT", "AGENT_STOPPING"]);

/** Never rejects. */
export async function runStep({ client, input, retryDelaysMs, detachSignal, onProgress }: RunStepInput): Promise<StepResult> {
  const options = detachSignal === undefined ? {} : { signal: detachSignal };
  let begin: "execute" | "attach" = "execute";
  let attempt = 0;
  let executions = 0;
  for (;;) {
    let problem: GhostError;
    if (begin === "execute") executions++;
    try {
      const last = await follow(
        begin === "execute" ? client.execute(input, options) : client.attachOperation(input.operationId, options),
        (operation) => {
          attempt = 0;
          onProgress(operation);
        },
      );
      if (last?.state === "succeeded") return { kind: "done", operation: last };
      if (last?.state !== "interrupted" || executions >= EXECUTIONS)
        return { kind: "failed", diagnostics: failureOf(last, input), lost: false };
      problem = new GhostError([interrupted(input)]);
      begin = "execute";
    } catch (reason) {
      if (detachSignal?.aborted === true) return { kind: "left" };
      problem = GhostError.from(reason);
      const [{ code }] = problem.diagnostics;
      if (code === "OPERATION_NOT_FOUND" && begin === "attach") begin = "execute";
      else if (BROKEN.has(code)) begin = "attach";
      else return { kind: "failed", diagnostics: problem.diagnostics, lost: false };
    }
    const delayMs = retryDelaysMs[attempt++];
    if (delayMs === undefined) return { kind: "failed", diagnostics: problem.diagnostics, lost: true };
    await sleep(delayMs, undefined, options).catch(() => undefined);
    if (detachSignal?.aborted === true) return { kind: "left" };
  }
}

async function follow(stream: AsyncIterable<Operation>, onProgress: (operation: Operation) => void): Promise<Operation | undefined> {
  let last: Operation | undefined;
  for await (const operation of stream) {
    last = operation;
    if (operation.state === "pending" || operation.state === "running") onProgress(operation);
  }
  return last;
}

function failureOf(last: Operation | undefined, input: ExecuteInput): readonly Diagnostic[] {
  if (last !== undefined && last.diagnostics.length > 0) return last.diagnostics;
  if (last?.state === "cancelled")
    return [
      {
        code: "OPERATION_CANCELLED",
        severity: "error",
        detail: `The operation of step ${input.body.id} was cancelled at its agent.`,
        hint: "Apply again to carry it out.",
      },
    ];
  return [interrupted(input)];
}

function interrupted({ body, operationId }: ExecuteInput): Diagnostic {
  return {
    code: "OPERATION_INTERRUPTED",
    severity: "error",
    detail: `The operation of step ${body.id} (${operationId}) did not end: its agent stopped meanwhile.`,
    hint: "Apply again: it goes on where it was.",
  };
}
