/*
 * ApplyResourceChange of a VM: carries out the steps that were planned.
 *
 * (1) What exists after a failure is given back as it is: Terraform keeps it, and marks what was to be made as tainted.
 *     When nobody can tell whether it exists, it counts as there; the next look at the machine will say.
 * (2) The values of secrets come from the configuration, which is the only place that has them.
 */
import type { Diagnostic as GhostDiagnostic, DiagnosticCode, ObservedVm, PlanStep } from "@ghost/schemas";
import { GhostError, problem } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { ApplyAnswer, ApplyRequest, Context, Diagnostic } from "../../protocol6/provider.ts";
import type { Values } from "../../protocol6/value.ts";
import { hasError, notTold, toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import type { RunResult } from "../fleet/run-steps.ts";
import { runSteps } from "../fleet/run-steps.ts";
import type { Walk } from "../fleet/session.ts";
import { findStale, planDelete } from "./plan-vm.ts";
import { requireSecret } from "./secrets.ts";
import { toDurationMs } from "./timeouts.ts";
import { TAKE_OVER } from "./vm-hints.ts";
import type { VmPrivate } from "./vm-private.ts";
import { toSeen, toVmPrivate } from "./vm-private.ts";
import { fillNothing, fillState, readState } from "./vm-state.ts";
import { computedValues } from "./vm-values.ts";

export async function applyVmResource(walk: Walk, request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned, config } = request;
  const { seen, ...kept } = toVmPrivate(request.plannedPrivate);
  const fail = (...problems: readonly GhostDiagnostic[]): ApplyAnswer => ({
    state: prior,
    private: { ...(seen && { seen }) } satisfies VmPrivate,
    diagnostics: problems.map((one) => toTerraform(inOurWords(one))),
  });
  if (planned === null) return await applyDelete(walk, request, kept.gone ?? kept.steps, context);
  const { steps } = kept;
  const found = walk.find(planned["agent"] ?? null);
  if (found.kind === "missing") return fail(found.diagnostic);
  if (found.kind === "unknown" || steps === undefined) return fail(notPlanned());
  const { agent } = found;
  const timeoutMs = toDurationMs(planned["timeouts"] ?? null, prior === null ? "create" : "update");
  const run = await runSteps({
    walk,
    agent,
    steps,
    secretAt: (path) => requireSecret(config ?? {}, path),
    ...(timeoutMs !== undefined && { timeoutMs }),
    context,
  });
  const vm = run.operation?.vm;
  if (run.ok) {
    if (steps.length === 0 && prior === null) return await takeIn(agent, planned, context);
    if (steps.length === 0) return { state: fillNothing(planned, prior ?? {}), private: { ...(seen && { seen }) } satisfies VmPrivate };
    for (const { body } of steps) if (body.uid !== vm?.uid) agent.drop(body.uid);
    if (vm === undefined) return fail(notTold(agent.name, "VM"));
    agent.keep(vm);
    return { state: fillState(planned, vm), private: { seen: toSeen(steps[0]!.body.agent_id, vm) } satisfies VmPrivate };
  }
  return await afterFailure({ run, agent, prior, planned, uid: steps.at(-1)!.body.uid, private: request.plannedPrivate });
}

/** A VM that is as it should be already, and only was not in the state. */
async function takeIn(agent: FleetAgent, planned: Values, { signal }: Context): Promise<ApplyAnswer> {
  const { observation, problem: silent } = await agent.observe(signal);
  const vm = observation?.vms.find((one) => one.uid === planned["uid"]);
  if (observation === undefined || vm === undefined) {
    const gone = problem("PLAN_STALE", `The VM is not on agent "${agent.name}" any more.`, { hint: "Plan again.", agent: agent.name });
    return { state: null, diagnostics: [toTerraform(silent === undefined ? gone.diagnostics[0] : { ...silent, severity: "error" })] };
  }
  return { state: fillState(planned, vm), private: { seen: toSeen(observation.host.agentId, vm) } satisfies VmPrivate };
}

async function applyDelete(
  walk: Walk,
  { prior, plannedPrivate }: ApplyRequest,
  planned: Steps | undefined,
  context: Context,
): Promise<ApplyAnswer> {
  const { seen } = toVmPrivate(plannedPrivate);
  const stays = (diagnostics: readonly Diagnostic[]): ApplyAnswer => ({
    state: prior,
    private: { ...(seen && { seen }) } satisfies VmPrivate,
    diagnostics,
  });
  let steps = planned;
  if (steps === undefined || !steps.every(({ body }) => body.action === "delete" || body.action === "release")) {
    // What is planned is only how the next one is made: of the old one nothing was to be seen then.
    const again = await planDelete(walk, prior, { ...(seen && { seen }) }, context);
    if (hasError(again.diagnostics ?? [])) return stays(again.diagnostics ?? []);
    steps = toVmPrivate(again.private).steps ?? [];
  }
  const found = walk.find(prior?.["agent"] ?? null);
  const [step] = steps;
  if (step === undefined) return { state: null };
  if (found.kind !== "known") return stays([toTerraform(found.kind === "missing" ? found.diagnostic : notPlanned())]);
  const { agent } = found;
  // Planned in the walk that applies, which nobody looks at: what may go is what was read when the plan was made.
  const uid = textOf(prior?.["uid"]);
  const now = walk.deleted.has(uid) ? (await agent.observe(context.signal)).observation : undefined;
  const stale = findStale(
    seen,
    now?.vms.find((vm) => vm.uid === uid),
  );
  if (stale !== undefined) return stays([toTerraform(stale)]);
  for (const { body } of toVmPrivate(plannedPrivate).gone ?? []) walk.gone.add(`${agent.name}/${body.name}`);
  const timeoutMs = toDurationMs(prior?.["timeouts"] ?? null, "delete");
  const run = await runSteps({ walk, agent, steps, secretAt: () => "", ...(timeoutMs !== undefined && { timeoutMs }), context });
  if (run.ok) {
    if (step.body.action === "release") agent.forget();
    else agent.drop(step.body.uid);
    return { state: null };
  }
  agent.forget();
  // Somebody else was faster.
  return run.diagnostics.every(({ code }) => code === "VM_NOT_FOUND")
    ? { state: null }
    : stays(run.diagnostics.map((one) => toTerraform(one)));
}

type Steps = readonly Omit<PlanStep, "hash">[];

interface Failure {
  readonly run: RunResult;
  readonly agent: FleetAgent;
  readonly prior: Values | null;
  readonly planned: Values;
  readonly uid: string;
  readonly private: unknown;
}

async function afterFailure({ run, agent, prior, planned, uid, private: kept }: Failure): Promise<ApplyAnswer> {
  const diagnostics = run.diagnostics.map((one) =>
    toTerraform(prior === null && one.code === "WAIT_TIMEOUT" ? { ...one, hint: TAINTED } : inOurWords(one)),
  );
  const { seen } = toVmPrivate(kept);
  if (!run.begun) return { state: prior, private: { ...(seen && { seen }) } satisfies VmPrivate, diagnostics };
  agent.forget();
  const { observation, problem: silent } = await agent.observe();
  const vm = observation?.vms.find((one) => one.uid === uid);
  if (vm === undefined) {
    const state = prior ?? (silent === undefined ? null : fillNothing(planned, { uid, owner: "" }));
    return { state, private: { ...(seen && { seen }) } satisfies VmPrivate, diagnostics };
  }
  return {
    state: stateOf(prior, planned, vm, observation!),
    private: { seen: toSeen(observation!.host.agentId, vm) } satisfies VmPrivate,
    diagnostics,
  };
}

/** What was to be made is stored as planned, so that Terraform can replace it; what was to be changed, as it is now. */
function stateOf(prior: Values | null, planned: Values, vm: ObservedVm, observation: Parameters<typeof readState>[2]): Values {
  return prior === null
    ? { ...fillNothing(planned, computedValues(vm)), ...computedValues(vm) }
    : readState(prior, vm, observation, () => undefined);
}

function notPlanned(): GhostDiagnostic {
  const detail = "The VM is to be changed, and what is to be done was not known when it was planned.";
  return GhostError.from(problem("INTERNAL", detail)).diagnostics[0];
}

/** What an agent refuses, at the attribute that it is about, with what to do about it here. */
const AT_APPLY: Partial<Record<DiagnosticCode, Pick<GhostDiagnostic, "path" | "hint">>> = {
  VM_EXISTS: { path: ["name"], hint: "Give the VM another name, or take that one into the state with an import block and adopt = true." },
  OWNED_BY_OTHER: { path: ["name"], hint: TAKE_OVER },
  IMAGE_UNKNOWN: { path: ["image"] },
};

/** Of a VM that is there and only not ready. */
const TAINTED =
  "See what it says with `ghost vm logs`. Terraform marks it as tainted, and the next apply deletes it with its disks and makes it anew. To keep it, run `terraform untaint` on it: the next apply waits again.";

function inOurWords(diagnostic: GhostDiagnostic): GhostDiagnostic {
  return { ...diagnostic, ...AT_APPLY[diagnostic.code] };
}
