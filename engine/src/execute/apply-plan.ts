/*
 * Carries out a plan.
 *
 * (1) Nothing is done that is not a step of the plan; a plan without steps on a stack that is in order makes no call.
 * (2) The stack's record is widened before the first effect and narrowed after the last.
 * (3) Deletes come last, and none of them after a failed step.
 * (4) An agent that is lost fails its own steps; the others go on.
 * (5) Applying the same plan again goes on where it was: operations have the ids of plan and step.
 */
import type { Diagnostic, Diagnostics, ObservedVm, Operation, PlanAgent, PlanDocument, PlanStep, SetMember } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Connect, HostCalls } from "../observe.ts";
import { buildTree, operationIds } from "../plan/bind.ts";
import { checkPlan } from "../plan/check-plan.ts";
import type { StackSet } from "../plan/set-record.ts";
import type { ApplyEvent, ApplySummary } from "./events.ts";
import type { SkipReason, Task } from "./graph.ts";
import { runGraph } from "./graph.ts";
import { runStep } from "./run-step.ts";
import { notNarrowed, writeSet } from "./update-set.ts";

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
  /** For tests. */
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

export type StepOutcome = "done" | "noop" | "failed" | "skipped" | "stopped" | "left";

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

const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1600];

/** Applies a plan. Throws a GhostError, before anything is done, for a plan that cannot be applied. */
export async function applyPlan({ plan, connect, resolveSecret, options = {}, onEvent }: ApplyInput): Promise<ApplyResult> {
  const { parallel = 32, parallelPerAgent = 4, signal, detachSignal, retryDelaysMs = RETRY_DELAYS_MS, now = () => new Date() } = options;
  const [refusal, ...others] = checkPlan(plan, now());
  if (refusal !== undefined) throw new GhostError([refusal, ...others]);

  const startedAtMs = now().getTime();
  const outcomes = new Map<string, StepOutcome>();
  const vms = new Map<string, ObservedVm>();
  const diagnostics: Diagnostic[] = [];
  const lost = new Map<string, Diagnostics>();
  const emit = (event: WithoutTime<ApplyEvent>): void => onEvent?.({ ...event, time: now().toISOString() } as ApplyEvent);
  const warn = (found: readonly Diagnostic[]): void => {
    diagnostics.push(...found);
    emit({ type: "warning", diagnostics: found });
  };

  emit({ type: "apply_start", stack: plan.stack, plan_hash: plan.plan_hash, steps: plan.steps.length });
  const agents = new Map(plan.agents.filter(({ reachable }) => reachable).map((agent) => [agent.name, agent]));
  const clients = new Map<string, Promise<HostCalls>>();
  const clientOf = (agent: PlanAgent): Promise<HostCalls> => {
    let client = clients.get(agent.name);
    if (client === undefined)
      clients.set(
        agent.name,
        (client = Promise.resolve().then(() =>
          connect({ name: agent.name, address: agent.address, ...(agent.tls && { tls: agent.tls }), timeoutMs: agent.timeout_s * 1000 }),
        )),
      );
    return client;
  };

  const set = planSet(plan);
  const withSteps = new Set(plan.steps.map(({ agent }) => agent));
  /** The record as it is stored on each agent that was written. */
  const stored = new Map<string, StackSet>();
  const write = async (
    names: Iterable<string>,
    toSet: (name: string) => StackSet,
    gone: readonly SetMember[],
    onProblem: (name: string, found: Diagnostics) => void,
  ): Promise<void> => {
    await Promise.all(
      Array.from(names, async (name) => {
        const agent = agents.get(name);
        if (agent === undefined || lost.has(name)) return;
        try {
          stored.set(name, await writeSet(await clientOf(agent), plan.stack, toSet(name), gone));
        } catch (reason) {
          onProblem(name, GhostError.from(reason).diagnostics);
        }
      }),
    );
  };
  await write(
    set.leaving.length === 0 ? (plan.set.outdated ?? agents.keys()) : agents.keys(),
    () => set.wide,
    [],
    (name, found) => {
      if (withSteps.has(name)) lost.set(name, found);
      else warn(found.map((one) => ({ ...one, severity: "warning", agent: name })));
    },
  );

  const idOf = operationIds(plan);
  const tree = buildTree(plan.steps.map(({ hash }) => hash));
  const tasks = plan.steps.map((step, index): StepTask => ({
    id: step.id,
    lane: step.body.agent_id,
    dependsOn: step.depends_on,
    last: step.body.action === "delete",
    index,
    step,
  }));

  const fail = ({ step }: StepTask, found: readonly Diagnostic[], sinceMs: number): false => {
    const named = found.map((one) => ({ ...one, agent: one.agent ?? step.agent }));
    outcomes.set(step.id, "failed");
    diagnostics.push(...named);
    emit({ type: "step_failed", ...facts(step), diagnostics: named, elapsed_ms: now().getTime() - sinceMs });
    return false;
  };
  const run = async (task: StepTask): Promise<boolean> => {
    const { step, index } = task;
    const sinceMs = now().getTime();
    const gone = lost.get(step.agent);
    if (gone !== undefined) return fail(task, gone, sinceMs);
    const id = idOf(step.id);
    emit({ type: "step_start", ...facts(step), operation_id: id });
    try {
      const agent = agents.get(step.agent);
      if (agent === undefined) return fail(task, [unreachable(step)], sinceMs);
      const secrets = await resolveAll(step, resolveSecret);
      const result = await runStep({
        client: await clientOf(agent),
        input: {
          operationId: id,
          header: plan.header,
          proof: tree.proof(index),
          body: step.body,
          secrets,
          ...(step.projection !== undefined && { projection: step.projection }),
        },
        retryDelaysMs,
        detachSignal,
        onProgress: ({ phase, bytesDone, bytesTotal }) =>
          emit({ type: "step_progress", ...facts(step), phase, bytes_done: bytesDone, bytes_total: bytesTotal }),
      });
      if (result.kind === "done") return succeed(step, result.operation, sinceMs);
      if (result.kind === "left") {
        outcomes.set(step.id, "left");
        emit({ type: "step_left", ...facts(step), operation_id: id, elapsed_ms: now().getTime() - sinceMs });
        return false;
      }
      if (result.lost) lost.set(step.agent, result.diagnostics as Diagnostics);
      return fail(task, result.diagnostics, sinceMs);
    } catch (reason) {
      return fail(task, GhostError.from(reason).diagnostics, sinceMs);
    }
  };
  const succeed = (step: PlanStep, { noop, vm }: Operation, sinceMs: number): true => {
    outcomes.set(step.id, noop ? "noop" : "done");
    if (vm !== undefined) vms.set(step.id, vm);
    emit({ type: "step_done", ...facts(step), noop, elapsed_ms: now().getTime() - sinceMs });
    return true;
  };
  const onSkip = ({ step }: StepTask, reason: SkipReason): void => {
    const isStop = reason.kind === "stopped" || outcomes.get(reason.failed) === "left";
    outcomes.set(step.id, isStop ? "stopped" : "skipped");
    const why = isStop ? [] : [skipped(step, reason.kind, reason.failed)];
    diagnostics.push(...why);
    emit({ type: "step_skipped", ...facts(step), because: isStop ? "stopped" : "failure", diagnostics: why });
  };
  const stop = AbortSignal.any([signal, detachSignal].filter((one) => one !== undefined));
  await runGraph({ tasks, parallel, parallelPerLane: parallelPerAgent, run, onSkip, signal: stop });

  const isDone = (id: string): boolean => outcomes.get(id) === "done" || outcomes.get(id) === "noop";
  const gone = set.leaving.filter(({ step }) => isDone(step)).map(({ member }) => member);
  if (gone.length > 0 && detachSignal?.aborted !== true) {
    const next = (name: string): StackSet => ({ ...stored.get(name)!, serial: stored.get(name)!.serial + 1 });
    await write([...stored.keys()], next, gone, (name, found) => warn([notNarrowed(name, found)]));
  }

  const summary = summarizeOutcomes(outcomes);
  const elapsedMs = now().getTime() - startedAtMs;
  emit({ type: "apply_done", summary, elapsed_ms: elapsedMs });
  return { ok: summary.done === plan.steps.length, summary, outcomes, vms, diagnostics, elapsedMs };
}

type WithoutTime<E> = E extends unknown ? Omit<E, "time"> : never;

/** Members that are to leave, with their steps, and the record that has them still. */
function planSet(plan: PlanDocument): {
  readonly leaving: readonly { readonly step: string; readonly member: SetMember }[];
  readonly wide: StackSet;
} {
  const leaving = plan.steps
    .filter(({ body }) => body.kind !== "agent" && (body.action === "delete" || body.action === "release"))
    .map(({ id, body }) => ({
      step: id,
      member: { kind: body.kind as SetMember["kind"], name: body.name, uid: body.uid, agentId: body.agent_id },
    }));
  return { leaving, wide: { ...plan.set, members: [...plan.set.members, ...leaving.map(({ member }) => member)] } };
}

async function resolveAll(step: PlanStep, resolveSecret: ApplyInput["resolveSecret"]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [path, source] of Object.entries(step.secrets ?? {})) values[path] = await resolveSecret(source);
  return values;
}

function facts({ id, agent, body }: PlanStep): {
  step: string;
  agent: string;
  kind: PlanStep["body"]["kind"];
  action: PlanStep["body"]["action"];
  name: string;
} {
  return { step: id, agent, kind: body.kind, action: body.action, name: body.name };
}

function unreachable(step: PlanStep): Diagnostic {
  return {
    code: "AGENT_UNREACHABLE",
    severity: "error",
    detail: `Step ${step.id} is for agent "${step.agent}", which the plan says was not reachable.`,
    hint: "Make the plan again with ghost plan.",
  };
}

function skipped(step: PlanStep, kind: "dependency" | "failure", failed: string): Diagnostic {
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

function summarizeOutcomes(outcomes: ReadonlyMap<string, StepOutcome>): ApplySummary {
  const count = { done: 0, noop: 0, failed: 0, skipped: 0, stopped: 0, left: 0 };
  for (const outcome of outcomes.values()) count[outcome]++;
  return { ...count, done: count.done + count.noop };
}
