/*
 * PlanResourceChange of a VM.
 *
 * (1) What the configuration says is planned as it says it; what it leaves open is what holds for this VM.
 * (2) What is done is the engine's plan of this one VM, kept beside the planned state: applying carries out that and
 *     nothing else.
 * (3) A VM is what its uid says. Where the state's VM is not as it was when it was read, there is no plan.
 * (4) What cannot be decided yet, because something is unknown, is unknown and no error: Terraform plans once more
 *     while it applies, with everything known.
 */
import { randomUUID } from "node:crypto";
import { completeConfig, describeDifference, hasUnknown as hasUnknownConfig, fateOfDisks, planOneVm, projectVm } from "@ghost/engine";
import type { OneVmPlan } from "@ghost/engine";
import type { Diagnostic as GhostDiagnostic, Impact, Observation, ObservedVm, VmConfig } from "@ghost/schemas";
import { compareImpact, worstImpact } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import { newValues, sameValues } from "../../faces/values.ts";
import type { Context, Diagnostic, PlanAnswer, PlanRequest } from "../../protocol6/provider.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { hasError, toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import type { Walk } from "../fleet/session.ts";
import { checkVm } from "./check-vm.ts";
import { lackOf, lostTemplate } from "./lacks.ts";
import { ofAnotherResource, underTwoAddresses } from "./one-resource.ts";
import { planUnknown } from "./plan-unknown.ts";
import { configured } from "./planned-config.ts";
import { makesRootDisk, newImageDigest } from "./root-disk.ts";
import { secretWarnings } from "./secrets.ts";
import { adoptedFrom, notAsItIs } from "./take-over.ts";
import { vmExists } from "./vm-exists.ts";
import type { Seen, VmPrivate } from "./vm-private.ts";
import { toVmPrivate } from "./vm-private.ts";
import { toConfigPath, toDesiredVm } from "./vm-values.ts";
import { keepElsewhere, LET_GO, setMaxImpact, TAKE_OVER, withOwnHint, withWayOut } from "./vm-hints.ts";
import { impactWarnings } from "./vm-warnings.ts";

/** What only the agent can say; unknown where the plan changes it. */
const COMPUTED = ["uid", "ip_address", "image_digest", "status", "owner", "planned_impact"] as const;

export async function planVmResource(walk: Walk, request: PlanRequest, context: Context): Promise<PlanAnswer> {
  const { prior, proposed, config } = request;
  const priorPrivate = toVmPrivate(request.priorPrivate);
  if (proposed === null || config === null) return await planDelete(walk, prior, priorPrivate, context);
  const refuse = (...problems: readonly GhostDiagnostic[]): PlanAnswer => ({
    planned: proposed,
    diagnostics: problems.map((one) => toTerraform(one)),
  });

  // Values that were not known when the configuration was validated may be wrong.
  const wrong = checkVm(config);
  if (wrong.length > 0) return refuse(...wrong);
  const { owner } = walk;
  const agentName = config["agent"]!;
  if (prior !== null && typeof agentName === "string" && agentName !== prior["agent"]) return refuse(agentChanged(prior, agentName));
  const found = walk.find(agentName);
  if (found.kind === "missing") return refuse(found.diagnostic);
  if (found.kind === "unknown" || owner === undefined) return planUnknown(walk, request, priorPrivate);
  const { agent } = found;
  const { observation, problem } = await agent.observe(context.signal);
  if (problem !== undefined) {
    if (prior !== null && sameValues(prior, proposed)) return { planned: prior, private: priorPrivate };
    return refuse({ ...problem, severity: "error", path: ["agent"] });
  }

  const existing = findExisting(walk, request, priorPrivate, agent, observation);
  if (existing.refusal !== undefined) return refuse(existing.refusal);
  // Without a name nobody can tell whether there is such a VM already.
  if (prior === null && config["name"] === UNKNOWN) return planUnknown(walk, request, priorPrivate);
  const { vm } = existing;
  const name = typeof config["name"] === "string" ? config["name"] : (vm?.name ?? "");
  const desired = toDesiredVm(config, agent.name, name, walk.templatesOf(agent.name, observation));
  const lacking = vm === undefined ? lackOf(config, desired.config) : undefined;
  if (lacking !== undefined) return refuse(lacking);
  const plan = planOneVm({
    agent: agent.entry,
    observation,
    owner,
    vm: desired,
    ...(vm && { existing: vm }),
    ...(existing.replaces !== undefined && { replaces: existing.replaces.uid }),
    newUid: randomUUID,
    maxImpact: walk.settings.maxImpact,
    setMaxImpact,
  });
  const lost = lostTemplate(desired, plan);
  if (lost !== undefined) return refuse(lost);
  const worst = plan.steps[0]?.changes[0]?.path;
  const diagnostics = [
    ...existing.warnings,
    ...plan.diagnostics.map((one) => toTerraform(withOwnHint(one, TAKE_OVER), worst && toConfigPath(worst))),
    ...secretWarnings(config, plan.steps).map((one) => toTerraform(one)),
  ];
  if (hasError(diagnostics)) return { planned: proposed, diagnostics };
  const twice = prior !== null && vm !== undefined && underTwoAddresses(walk, agent.name, vm, plan.steps.length > 0 ? "change" : "nothing");
  if (twice) return refuse(twice);
  const stale = plan.steps.length === 0 ? undefined : findStale(priorPrivate.seen, vm);
  if (stale !== undefined) return refuse(stale);
  const changed = prior === null && vm !== undefined && !isLeftover(walk, vm) ? notAsItIs(agent.name, vm, plan) : undefined;
  if (changed !== undefined) return refuse(changed);
  const gone = existing.replaces && planGone(walk, agent, observation, owner, existing.replaces);
  if (gone !== undefined && hasError(gone.diagnostics)) return { planned: proposed, diagnostics: [...diagnostics, ...gone.diagnostics] };

  const newDigest = newImageDigest(walk, agent.name, observation, plan.steps.at(-1));
  const planned: Values = {
    ...toPlannedState(request, completeConfig(desired.config, vm), vm, plan, owner, newDigest),
    ...impactOfReplacement(walk, agent.name, name, existing.replaces),
  };
  if (prior !== null && plan.steps.length === 0 && sameValues(prior, planned))
    return { planned: prior, private: priorPrivate, diagnostics };
  const isKnown = !plan.steps.some(({ body }) => hasUnknownConfig(body));
  return {
    planned,
    diagnostics: [...diagnostics, ...plan.steps.flatMap((step) => impactWarnings(step))],
    private: {
      ...(priorPrivate.seen && { seen: priorPrivate.seen }),
      ...(isKnown && { steps: plan.steps }),
      ...(gone && { gone: gone.steps }),
    } satisfies VmPrivate,
  };
}

/**
 * What is lost where a VM is replaced. Terraform plans the new one once more when the old one is gone, so that this walk
 * has to remember it; under another name the new one may also come first, and nothing tells that it replaces one.
 */
function impactOfReplacement(walk: Walk, agent: string, name: string, old: ObservedVm | undefined): Values {
  if (old === undefined) return walk.gone.has(`${agent}/${name}`) ? { planned_impact: "data-loss" } : {};
  return { planned_impact: old.name === name ? "data-loss" : UNKNOWN };
}

/** How a VM goes whose place is taken. */
function planGone(
  walk: Walk,
  agent: FleetAgent,
  observation: Observation,
  owner: string,
  existing: ObservedVm,
): { readonly steps: OneVmPlan["steps"]; readonly diagnostics: readonly Diagnostic[] } {
  const { steps, diagnostics } = planOneVm({
    agent: agent.entry,
    observation,
    owner,
    existing,
    newUid: randomUUID,
    maxImpact: walk.settings.maxImpact,
    setMaxImpact,
    why: "Terraform replaces it",
  });
  const kept = steps.some(({ body }) => body.action === "release") ? [keptAndReplaced(existing, agent.name)] : [];
  return { steps, diagnostics: [...diagnostics.map((one) => withOwnHint(one, LET_GO)), ...kept].map((one) => toTerraform(one)) };
}

function keptAndReplaced({ name }: ObservedVm, agent: string): GhostDiagnostic {
  return {
    code: "VM_EXISTS",
    severity: "error",
    detail: `VM "${name}" on agent "${agent}" is to be kept when it leaves the configuration (on_remove = "retain"), and to be replaced by one of its name.`,
    hint: `Keep it as it is with \`terraform untaint\`, or first apply it with on_remove = "delete".`,
    agent,
  };
}

/** What deletes a VM, or releases it. */
export async function planDelete(walk: Walk, prior: Values | null, priorPrivate: VmPrivate, context: Context): Promise<PlanAnswer> {
  const { owner } = walk;
  const uid = textOf(prior?.["uid"]);
  const found = walk.find(prior?.["agent"] ?? UNKNOWN);
  const refuse = (problem: GhostDiagnostic): PlanAnswer => ({ planned: null, diagnostics: [toTerraform(problem)] });
  if (found.kind === "missing") {
    const { hint = "" } = found.diagnostic;
    return refuse({ ...found.diagnostic, hint: `${hint} ${keepElsewhere("AGENT", textOf(prior?.["name"]))}` });
  }
  if (found.kind === "unknown" || owner === undefined) return refuse(unknownAtDelete(prior));
  const { agent } = found;
  const { observation, problem } = await agent.observe(context.signal);
  if (problem !== undefined) return refuse({ ...problem, severity: "error", path: ["agent"] });
  walk.deleted.add(uid);
  const existing = observation.vms.find((vm) => vm.uid === uid);
  const replaced = agentReplaced(priorPrivate.seen, existing, agent, observation);
  if (replaced !== undefined) return refuse(replaced);
  if (existing !== undefined && (walk.replaced.has(uid) || walk.adopted.has(uid)))
    return refuse(movedWithoutBlock(existing.name, agent.name));
  const twice = existing && underTwoAddresses(walk, agent.name, existing, "delete");
  if (twice !== undefined) return refuse(twice);
  const plan = planOneVm({
    agent: agent.entry,
    observation,
    owner,
    ...(existing && { existing: withFacts(existing, priorPrivate.seen) }),
    newUid: randomUUID,
    maxImpact: walk.settings.maxImpact,
    setMaxImpact,
    why: "Terraform destroys the resource",
  });
  const diagnostics = plan.diagnostics.map((one) => toTerraform(withWayOut(withOwnHint(one, LET_GO), agent.name, existing?.name ?? "")));
  if (hasError(diagnostics)) return { planned: null, diagnostics };
  // Terraform plans this before it reads, so what was kept may be old: the step is bound to the machine as it is now.
  return {
    planned: null,
    diagnostics: [...diagnostics, ...plan.steps.flatMap((step) => impactWarnings(step))],
    private: { ...(priorPrivate.seen && { seen: priorPrivate.seen }), steps: plan.steps } satisfies VmPrivate,
  };
}

interface Existing {
  readonly vm?: ObservedVm;
  /** The VM whose place is taken. */
  readonly replaces?: ObservedVm;
  readonly refusal?: GhostDiagnostic;
  readonly warnings: readonly Diagnostic[];
}

/** The VM that this resource is by now: by its uid, or by its name where it is to be taken over. */
function findExisting(
  walk: Walk,
  { prior, config }: PlanRequest,
  { seen }: VmPrivate,
  agent: FleetAgent,
  observation: Observation,
): Existing {
  const { vms } = observation;
  if (prior !== null) {
    const uid = textOf(prior["uid"]);
    walk.known.add(uid);
    walk.planned.add(uid);
    const vm = vms.find((one) => one.uid === uid);
    if (vm !== undefined && (walk.replaced.has(uid) || walk.adopted.has(uid)))
      return { refusal: ofAnotherResource(agent.name, vm), warnings: [] };
    if (vm !== undefined) return { vm: withFacts(vm, seen), warnings: [] };
    return { refusal: agentReplaced(seen, vm, agent, observation) ?? vanished(prior, agent.name), warnings: [] };
  }
  // Terraform plans a replacement as if there was nothing, but hands on what was kept beside the old object.
  const old = vms.find(({ uid }) => uid === seen?.uid);
  if (old !== undefined) {
    const refusal = underTwoAddresses(walk, agent.name, old, "change");
    return refusal === undefined ? replaceExisting(walk, old, agent.name) : { refusal, warnings: [] };
  }
  const same = vms.find(({ name }) => name === config?.["name"]);
  if (same === undefined) return { warnings: [] };
  // Of a tainted object nothing is handed on; but one that another resource goes on with is not tainted.
  if (walk.planned.has(same.uid)) return { refusal: ofAnotherResource(agent.name, same), warnings: [] };
  if (walk.known.has(same.uid)) return replaceExisting(walk, same, agent.name);
  if (config?.["adopt"] === true || config?.["adopt"] === UNKNOWN) return adoptExisting(walk, same, agent.name);
  if (isLeftover(walk, same)) return { vm: same, warnings: [] };
  return { refusal: vmExists(agent.name, same, walk.owner ?? ""), warnings: [] };
}

/** Half deleted: what is left of it goes first. */
function isLeftover({ owner }: Walk, vm: ObservedVm): boolean {
  return vm.phase === "deleting" && vm.owner === owner;
}

/** A VM that is taken over. One of this stack may be that of a resource that is yet to be read, and leaves the configuration. */
function adoptExisting(walk: Walk, vm: ObservedVm, agent: string): Existing {
  if (walk.deleted.has(vm.uid) || walk.replaced.has(vm.uid)) return { refusal: movedWithoutBlock(vm.name, agent), warnings: [] };
  walk.adopted.add(vm.uid);
  return { vm, warnings: [] };
}

/** The VM of a tainted resource, or of one that is to be replaced: it goes first, then the new one is made. */
function replaceExisting(walk: Walk, vm: ObservedVm, agent: string): Existing {
  if (walk.deleted.has(vm.uid) || walk.adopted.has(vm.uid)) return { refusal: movedWithoutBlock(vm.name, agent), warnings: [] };
  walk.replaced.add(vm.uid);
  return {
    replaces: vm,
    warnings: [
      {
        severity: "warning",
        summary: `VM "${vm.name}" is deleted and made anew`,
        detail: `Terraform replaces VM "${vm.name}" (tainted, or asked for with -replace): it is deleted first; ${fateOfDisks(vm)}. To keep it, run \`terraform untaint\` or leave -replace out.${vm.isAwaited ? " It was only not seen ready (wait_for): when it is kept, the next apply waits again." : ""}`,
      },
    ],
  };
}

/** Facts that impacts depend on as they were when the machine was read, so that a plan made again says the same. */
function withFacts(vm: ObservedVm, seen: Seen | undefined): ObservedVm {
  if (seen === undefined || seen.revision !== vm.revision) return vm;
  return { ...vm, guestAgent: seen.guest_agent, isAwaited: vm.isAwaited || seen.is_awaited === true };
}

function toPlannedState(
  { prior, config }: PlanRequest,
  complete: VmConfig,
  existing: ObservedVm | undefined,
  { steps }: OneVmPlan,
  owner: string,
  newDigest: Value,
): Values {
  const planned: Record<string, Value> = configured(config!, complete);
  const actions = steps.map(({ body }) => body.action);
  const impact = worstImpact(steps.map((step) => step.impact));
  const changes = steps.flatMap((step) => step.changes);
  for (const name of COMPUTED) planned[name] = prior?.[name] ?? UNKNOWN;
  planned["adopted_from"] = adoptedFrom(prior, existing, steps);
  if (steps.length > 0) {
    planned["owner"] = owner;
    if (existing === undefined || actions.includes("create")) {
      planned["uid"] = existing === undefined || actions.length > 1 ? UNKNOWN : existing.uid;
      for (const name of ["ip_address", "status"]) planned[name] = UNKNOWN;
      planned["image_digest"] = existing === undefined ? newDigest : UNKNOWN;
    } else {
      planned["uid"] = existing.uid;
      if (isFelt(impact) || changes.some(({ path }) => path[0] === "power" || path[0] === "networks")) {
        planned["status"] = UNKNOWN;
        planned["ip_address"] = UNKNOWN;
      }
      // A machine that is seen ready may have got one.
      if (existing.isAwaited && planned["ip_address"] === "") planned["ip_address"] = UNKNOWN;
      // Known, so that a root disk that nobody approved cannot be made anew when this is planned once more.
      if (steps.some(makesRootDisk)) planned["image_digest"] = newDigest;
    }
    planned["planned_impact"] = hasUnknownConfig(complete) && existing !== undefined ? UNKNOWN : impact;
    if (prior !== null && sameValues(prior, planned)) planned["status"] = UNKNOWN;
  } else if (prior !== null) {
    const before = prior["planned_impact"] ?? null;
    planned["planned_impact"] = sameValues(prior, { ...planned, planned_impact: before } as Values) ? before : "none";
  } else if (existing !== undefined) {
    // The stack's own already and as it should be: it only comes into the state. What it has by then is read then.
    Object.assign(planned, { uid: existing.uid, owner, planned_impact: "none" });
  }
  return newValues(Object.entries(planned));
}

function isFelt(impact: Impact): boolean {
  return compareImpact(impact, "guest") > 0;
}

/** What moved since a VM was read. */
export function findStale(seen: Seen | undefined, vm: ObservedVm | undefined): GhostDiagnostic | undefined {
  if (seen === undefined || vm === undefined || seen.uid !== vm.uid || seen.revision === vm.revision) return undefined;
  const moved = describeDifference(seen.projection, projectVm(vm));
  return {
    code: "PLAN_STALE",
    severity: "error",
    detail: `VM "${vm.name}" is not as it was when Terraform last read it${moved.length === 0 ? "" : `: ${moved.join("; ")}`}. Nothing is done.`,
    path: ["vms", vm.name],
  };
}

/** The VM is not there, and the agent is another one than the one that had it. */
function agentReplaced(
  seen: Seen | undefined,
  vm: ObservedVm | undefined,
  { entry }: FleetAgent,
  { host }: Observation,
): GhostDiagnostic | undefined {
  if (seen === undefined || vm !== undefined || seen.agent_id === host.agentId) return undefined;
  return {
    code: "AGENT_REPLACED",
    severity: "error",
    detail: `At ${entry.address} (agent "${entry.name}") a different agent answers than the one that has this VM: it has agent_id ${host.agentId}, not ${seen.agent_id}.`,
    hint: "Correct the agent's address. When the old host is gone for good, remove the resource from the state with `terraform state rm`.",
    path: ["agent"],
    agent: entry.name,
  };
}

function vanished(prior: Values, agent: string): GhostDiagnostic {
  return {
    code: "PLAN_STALE",
    severity: "error",
    detail: `VM "${textOf(prior["name"])}" is not on agent "${agent}" any more: it was deleted since Terraform last read it.`,
    agent,
  };
}

function agentChanged(prior: Values, agent: string): GhostDiagnostic {
  const name = textOf(prior["name"]);
  return {
    code: "AGENT_CHANGED",
    severity: "error",
    detail: `VM "${name}" is on agent "${textOf(prior["agent"])}" and the configuration puts it on "${agent}". Ghost cannot move a VM between hosts yet, and making it anew would destroy its disks.`,
    hint: `Set agent to what it was. ${keepElsewhere(agent, name)}`,
    path: ["agent"],
  };
}

function movedWithoutBlock(name: string, agent: string): GhostDiagnostic {
  return {
    code: "VM_EXISTS",
    severity: "error",
    detail: `VM "${name}" on agent "${agent}" would be deleted as one resource and made anew as another, and its disks would be lost.`,
    hint: "When the resource only got another address (a key of for_each, a number of count, another name), say so with a block: moved { from = OLD to = NEW }. When a replacement with create_before_destroy has failed, take what is left out of the state with `terraform state rm` and import the VM again. To really make it anew, remove the resource, apply, and add it again.",
    path: ["name"],
    agent,
  };
}

function unknownAtDelete(prior: Values | null): GhostDiagnostic {
  return {
    code: "AGENT_MISSING",
    severity: "error",
    detail: `VM "${textOf(prior?.["name"])}" is to be deleted, and how its agent is reached is not known yet.`,
    hint: "Give the provider's block values that are known while planning, or apply what they come from first with -target.",
    path: ["agent"],
  };
}
