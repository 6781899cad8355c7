/*
 * Steps of one object, carried out one after the other.
 *
 * (1) Each has an operation of its own with an id that nobody else has: a broken connection is taken up again under
 *     that id, and nothing is done twice.
 * (2) When Terraform is to stop, what runs is followed to its end and what has not begun does not begin.
 * (3) What is given up after a timeout goes on at its agent; the message names the operation.
 */
import { randomUUID } from "node:crypto";
import { bindStep, RETRY_DELAYS_MS, runStep } from "@ghost/engine";
import type { Diagnostic, Operation, PlanStep } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Context } from "../../protocol6/provider.ts";
import type { FleetAgent } from "./fleet-agent.ts";
import type { Walk } from "./session.ts";

export interface RunInput {
  readonly walk: Walk;
  readonly agent: FleetAgent;
  readonly steps: readonly Omit<PlanStep, "hash">[];
  /** The value of a secret by attribute path; throws a GhostError where there is none. */
  readonly secretAt: (path: string) => string;
  /** How long to wait for all steps; no limit when absent. */
  readonly timeoutMs?: number;
  readonly context: Context;
  readonly onProgress?: (operation: Operation) => void;
}

export interface RunResult {
  readonly ok: boolean;
  /** True when an agent was asked to do something, whatever became of it. */
  readonly begun: boolean;
  /** The last operation that ended well. */
  readonly operation?: Operation;
  readonly diagnostics: readonly Diagnostic[];
}

/** How long a step may still be begun; it is begun at once. */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Never rejects. */
export async function runSteps({ walk, agent, steps, secretAt, timeoutMs, context, onProgress }: RunInput): Promise<RunResult> {
  const detachSignal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  let begun = false;
  let operation: Operation | undefined;
  for (const step of steps) {
    const result = await agent.limit(async (): Promise<readonly Diagnostic[] | Operation> => {
      if (context.signal.aborted) return [stopped(step, agent.name)];
      const operationId = randomUUID();
      try {
        const secrets = Object.fromEntries(Object.keys(step.secrets ?? {}).map((path) => [path, secretAt(path)]));
        const bound = bindStep(
          { owner: walk.owner ?? "", max_impact: walk.settings.maxImpact, expires_at: inOneDay(), git_commit: "" },
          step,
        );
        const client = await agent.client();
        context.log.info("step begins", { step: step.id, action: step.body.action, operation_id: operationId });
        begun = true;
        const { projection } = step;
        const done = await runStep({
          client,
          input: { operationId, ...bound, body: step.body, secrets, ...(projection !== undefined && { projection }) },
          retryDelaysMs: RETRY_DELAYS_MS,
          detachSignal,
          onProgress(moved) {
            const { phase, bytesDone, bytesTotal } = moved;
            context.log.debug("step goes on", {
              step: step.id,
              operation_id: operationId,
              phase,
              bytes_done: bytesDone,
              bytes_total: bytesTotal,
            });
            onProgress?.(moved);
          },
        });
        if (done.kind === "done") return done.operation;
        if (done.kind === "left") return [left(step, agent.name, operationId, timeoutMs ?? 0)];
        return done.lost ? done.diagnostics.map((one) => withOperation(one, agent.name, operationId)) : done.diagnostics;
      } catch (reason) {
        return GhostError.from(reason).diagnostics;
      }
    });
    if ("id" in result) operation = result;
    else return { ok: false, begun, ...(operation && { operation }), diagnostics: result };
  }
  return { ok: true, begun, ...(operation && { operation }), diagnostics: [] };
}

/** RFC 3339, UTC, whole seconds. */
function inOneDay(): string {
  return new Date(Date.now() + LIFETIME_MS).toISOString().replace(/\.[0-9]+Z$/, "Z");
}

function stopped({ id }: Pick<PlanStep, "id">, agent: string): Diagnostic {
  return {
    code: "OPERATION_CANCELLED",
    severity: "error",
    detail: `Step ${id} was not begun: Terraform is stopping.`,
    hint: "Apply again to carry it out.",
    agent,
  };
}

function left({ id }: Pick<PlanStep, "id">, agent: string, operationId: string, timeoutMs: number): Diagnostic {
  return {
    code: "AGENT_TIMEOUT",
    severity: "error",
    detail: `Step ${id} did not end within ${timeoutMs / 1000} s. Operation ${operationId} goes on at agent "${agent}".`,
    hint: `Follow it with \`ghost op attach ${agent}/${operationId}\` and apply again, or give it more time with timeouts.`,
    agent,
  };
}

function withOperation(problem: Diagnostic, agent: string, operationId: string): Diagnostic {
  return {
    ...problem,
    detail: `${problem.detail} Operation ${operationId} may have begun at agent "${agent}" and goes on there by itself.`,
  };
}
