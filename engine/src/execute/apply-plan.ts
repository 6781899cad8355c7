/*
 * Carries out a plan.
 *
 * (1) Nothing is done that is not a step of the plan; a plan without steps on a stack that is in order makes no call.
 * (2) The stack's record is widened before the first effect, and narrowed and confirmed after the last.
 * (3) Deletes come last, and none of them after a failed step.
 * (4) An agent that is lost fails its own steps; the others go on.
 * (5) Applying the same plan again goes on where it was: operations have the ids of plan and step.
 */
import type { Diagnostic, ObservedVm, PlanDocument, PlanStep } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Connect, HostCalls } from "../observe.ts";
import { buildTree, operationIds } from "../plan/bind.ts";
import { checkPlan } from "../plan/check-plan.ts";
import type { ApplyEvent, ApplySummary } from "./events.ts";
import type { Task } from "./graph.ts";
import { runGraph } from "./graph.ts";
import type { StepOutcome } from "./outcomes.ts";
import { createOutcomes } from "./outcomes.ts";
import { RETRY_DELAYS_MS, runStep } from "./run-step.ts";
import { createStackRecord } from "./stack-record.ts";

export interface ApplyOptions {
  /** How many steps run at once; 32 unless said otherwise. */
  readonly parallel?: number;
  /** How many steps run at once on one agent; 4 unless said otherwise. */
  readonly parallelPerAgent?: number;
  /** Aborted: no step starts any more, running ones are waited for. */
  readonly signal?: AbortSignal;
  /** Aborted: running operations are left to go on by themselves. */
  readonly detachSignal?: AbortSignal;
  /** Pauses before attaching to an operation again whose stream broke; about three seconds in all unless said otherwise. */
  readonly retryDelaysMs?: readonly number[];
  readonly now?: () => Date;
}

export interface ApplyInput {
  readonly plan: PlanDocument;
  readonly connect: Connect;
  /** Gives the value behind `env:X` or `file:PATH`; throws a GhostError where there is none. */
  readonly resolveSecret: (source: string) => Promise<string> | string;
  readonly options?: ApplyOptions;
  readonly onEvent?: (event: ApplyEvent) => void;
}

export interface ApplyResult {
  /** Everything that was planned is done. */
  readonly ok: boolean;
  readonly summary: ApplySummary;
  /** By step id. */
  readonly outcomes: ReadonlyMap<string, StepOutcome>;
  /** The VMs as their steps left them, by step id. */
  readonly vms: ReadonlyMap<string, ObservedVm>;
  /** Errors of failed steps, warnings of the rest. */
  readonly diagnostics: readonly Diagnostic[];
  readonly elapsedMs: number;
}

interface StepTask extends Task {
  readonly index: number;
  readonly step: PlanStep;
}

/** Applies a plan. Throws a GhostError, before anything is done, for a plan that cannot be applied. */
export async function applyPlan({ plan, connect, resolveSecret, options = {}, onEvent }: ApplyInput): Promise<ApplyResult> {
  const { parallel = 32, parallelPerAgent = 4, signal, detachSignal, retryDelaysMs = RETRY_DELAYS_MS, now = () => new Date() } = options;
  const [refusal, ...others] = checkPlan(plan, now());
  if (refusal !== undefined) throw new GhostError([refusal, ...others]);

  const outcomes = createOutcomes(plan, now, onEvent);
  const clients = clientsOf(plan, connect);
  /** Why an agent is not asked any more, by name. */
  const lost = new Map<string, readonly Diagnostic[]>();
  const record = createStackRecord(plan, clients);
  const withSteps = new Set(plan.steps.map(({ agent }) => agent));
  await record.widen((name, found) => {
    if (withSteps.has(name)) lost.set(name, found);
    else outcomes.warn(found.map((one) => ({ ...one, severity: "warning", agent: name })));
  });

  const tree = buildTree(plan.steps.map(({ hash }) => hash));
  const idOf = operationIds(plan);
  const run = async ({ step, index }: StepTask): Promise<boolean> => {
    const report = outcomes.begin(step);
    const client = clients.get(step.agent);
    const why = lost.get(step.agent);
    if (client === undefined || why !== undefined) return report.failed(why ?? [notReached(step)]);
    const operationId = idOf(step.id);
    report.start(operationId);
    try {
      const secrets = await resolveAll(step, resolveSecret);
      const result = await runStep({
        client: await client(),
        input: {
          operationId,
          header: plan.header,
          proof: tree.proof(index),
          body: step.body,
          secrets,
          ...(step.projection !== undefined && { projection: step.projection }),
        },
        retryDelaysMs,
        detachSignal,
        onProgress: report.progress,
      });
      if (result.kind === "done") return report.done(result.operation);
      if (result.kind === "left") return report.left(operationId);
      if (result.lost) lost.set(step.agent, result.diagnostics);
      return report.failed(result.diagnostics);
    } catch (reason) {
      return report.failed(GhostError.from(reason).diagnostics);
    }
  };
  await runGraph({
    tasks: plan.steps.map((step, index): StepTask => ({
      id: step.id,
      lane: step.body.agent_id,
      dependsOn: step.depends_on,
      last: step.body.action === "delete",
      index,
      step,
    })),
    parallel,
    parallelPerLane: parallelPerAgent,
    run,
    onSkip: ({ step }, reason) => outcomes.skip(step, reason),
    signal: AbortSignal.any([signal, detachSignal].filter((one) => one !== undefined)),
  });
  if (detachSignal?.aborted !== true) await record.narrow(outcomes, lost, (found) => outcomes.warn([found]));

  const { summary, elapsedMs } = outcomes.end();
  return {
    ok: summary.done === plan.steps.length,
    summary,
    outcomes: outcomes.ofSteps,
    vms: outcomes.vms,
    diagnostics: outcomes.diagnostics,
    elapsedMs,
  };
}

/** How to get at each agent that was reached when the plan was made, by name; each is connected to once, when it is first needed. */
function clientsOf(plan: PlanDocument, connect: Connect): ReadonlyMap<string, () => Promise<HostCalls>> {
  return new Map(
    plan.agents
      .filter(({ reachable }) => reachable)
      .map(({ name, address, tls, timeout_s }) => {
        let client: Promise<HostCalls> | undefined;
        return [
          name,
          () => (client ??= Promise.resolve().then(() => connect({ name, address, ...(tls && { tls }), timeoutMs: timeout_s * 1000 }))),
        ];
      }),
  );
}

async function resolveAll(step: PlanStep, resolveSecret: ApplyInput["resolveSecret"]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [path, source] of Object.entries(step.secrets ?? {})) values[path] = await resolveSecret(source);
  return values;
}

function notReached(step: PlanStep): Diagnostic {
  return {
    code: "AGENT_UNREACHABLE",
    severity: "error",
    detail: `Step ${step.id} is for agent "${step.agent}", which was not reached when the plan was made.`,
    hint: "Make the plan again with ghost plan.",
  };
}
