import type { Diagnostic, Impact, PlanAgent, PlanDocument, PlanUnknown } from "@ghost/schemas";
import { PLAN_FORMAT_VERSION } from "@ghost/schemas";
import type { Desired } from "../desired.ts";
import { bindPlan, bindSteps } from "./bind-plan.ts";
import type { PlanFacts } from "./bind-plan.ts";
import { availableAfter, checkCapacity, checkSchedulable } from "./capacity.ts";
import { checkCeilings } from "./ceiling.ts";
import type { AgentObservation, Fleet, Host } from "./fleet.ts";
import { surveyFleet } from "./fleet.ts";
import type { Leftover, Matches } from "./match.ts";
import { matchVms } from "./match.ts";
import { checkImages } from "./images.ts";
import { checkNetworks } from "./networks.ts";
import { nextSet } from "./next-set.ts";
import { orderSteps } from "./order.ts";
import { namesOf, sameSetAs, versionOf } from "./set-record.ts";
import type { Draft, VmPlan } from "./steps.ts";
import { planVm, stepForLeftover, stepForSettings } from "./steps.ts";
import { summarize } from "./summary.ts";
import type { Selection, Targets } from "./targets.ts";
import { selectVms } from "./targets.ts";

export interface PlanOptions extends Targets {
  readonly now: Date;
  /** How long the plan may be applied; a day unless said otherwise. */
  readonly lifetimeMs?: number;
  /** Gives a uid that no VM ever had (a random UUID). */
  readonly newUid: () => string;
  /** Version of Ghost. */
  readonly version: string;
  readonly gitCommit?: string;
  /** Worst impact allowed; no ceiling unless said otherwise. */
  readonly maxImpact?: Impact;
  /** How many VMs may lose the content of a disk; no limit unless said otherwise. */
  readonly maxDestroy?: number;
  /** Agents that did not answer are warnings: the plan can be applied without them. */
  readonly partial?: boolean;
  /** Delete what the stack has, in the reverse order of its dependencies, instead of making it as the spec says. */
  readonly destroy?: boolean;
}

export interface PlanInput {
  readonly desired: Desired;
  /** One for each agent of the spec. */
  readonly observations: readonly AgentObservation[];
  readonly options: PlanOptions;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Who owns what a stack's spec makes, as agents record it. */
export function stackOwner(stack: string): string {
  return `spec:${stack}`;
}

/** Everything that must be done so that the agents have what the spec says. Pure; a step with an error stays in the plan. */
export function makePlan({ desired, observations: unsorted, options }: PlanInput): PlanDocument {
  // Agents are a map in the spec: where they stand in the file means nothing.
  const observations = unsorted.toSorted((a, b) => (a.agent.name < b.agent.name ? -1 : 1));
  const owner = stackOwner(desired.stack);
  const fleet = surveyFleet(observations, options);
  const matched = matchVms(desired, fleet, owner);
  const matches = options.destroy === true ? destroyAll(matched, fleet, owner) : matched;
  const selection = selectVms(options, desired, matches);
  const drafted = draftSteps(matches, selection, fleet, options);
  const drafts = orderSteps(drafted.drafts, desired.vms);
  const byHost = groupByHost(drafts);
  const maxImpact = options.maxImpact ?? "data-loss";

  const unknown = findUnknown(matches, fleet);
  const diagnostics: Diagnostic[] = [
    ...fleet.diagnostics,
    ...matches.diagnostics,
    ...selection.diagnostics,
    ...drafted.notes,
    ...[...byHost].flatMap(([host, own]) => [
      ...checkSchedulable(host, own),
      ...checkImages(host, own),
      ...checkNetworks(host, own),
      ...checkCapacity(host, own),
    ]),
    ...checkCeilings(drafts, { maxImpact, ...(options.maxDestroy !== undefined && { maxDestroy: options.maxDestroy }) }),
  ];
  const expiresAt = toSeconds(options.now.getTime() + (options.lifetimeMs ?? DAY_MS));
  const steps = bindSteps(drafts.map(({ step }) => step));
  const { set, isProlonged } = nextSet({ drafts, fleet, owner, now: options.now, expiresAt });
  const isSame = sameSetAs(set);
  const touched = new Set(drafts.map(({ step }) => step.id));
  const facts: PlanFacts = {
    owner,
    spec_hash: desired.specHash,
    max_impact: maxImpact,
    expires_at: expiresAt,
    git_commit: options.gitCommit ?? "",
  };
  return bindPlan(facts, {
    type: "plan",
    format_version: PLAN_FORMAT_VERSION,
    ghost_version: options.version,
    created_at: options.now.toISOString(),
    stack: desired.stack,
    summary: summarize(steps, { unchanged: countUnchanged(matches, selection, touched), unknown: unknown.length }),
    agents: observations.map((observed) => toPlanAgent(observed, fleet, byHost)),
    steps,
    unknown,
    diagnostics,
    set: {
      serial: set.serial + 1,
      members: set.members,
      agents: set.agents,
      outdated: fleet.hosts.filter(({ observation }) => isProlonged || !isSame(observation.set)).map(({ agent }) => agent.name),
      copies: fleet.hosts.map(({ agent, observation }) => ({ agent: agent.name, ...versionOf(observation.set) })),
    },
  });
}

/** Nothing is wanted any more: whatever the stack has is left over, wherever the spec would have it. */
function destroyAll({ matches }: Matches, fleet: Fleet, owner: string): Matches {
  const meantBy = new Map(matches.flatMap((match) => (match.kind === "own" ? [[match.existing, match.vm] as const] : [])));
  const leftovers = fleet.hosts.flatMap((host) =>
    host.observation.vms
      .filter((vm) => vm.owner === owner)
      .map((existing): Leftover => {
        const vm = meantBy.get(existing);
        return { host, existing, ...(vm && { vm }) };
      }),
  );
  return { matches: matches.filter(({ kind }) => kind === "unknown"), leftovers, diagnostics: [] };
}

function draftSteps({ matches, leftovers }: Matches, selection: Selection, fleet: Fleet, options: PlanOptions): VmPlan {
  const drafts: Draft[] = [];
  const notes: Diagnostic[] = [];
  if (!selection.isPartial && options.destroy !== true) {
    for (const host of fleet.hosts) {
      const settings = stepForSettings(host);
      if (settings !== undefined) drafts.push(settings);
    }
  }
  for (const match of matches) {
    if (!("host" in match) || !selection.includes(match.vm.name)) continue;
    const planned = planVm(match, options.newUid);
    drafts.push(...planned.drafts);
    notes.push(...planned.notes);
  }
  for (const leftover of leftovers) if (selection.includes(leftover.existing.name)) drafts.push(stepForLeftover(leftover));
  return { drafts, notes };
}

function findUnknown({ matches }: Matches, fleet: Fleet): PlanUnknown[] {
  const unknown: PlanUnknown[] = fleet.outOfSight.map(({ member, home }) => ({
    agent: home.agentName,
    kind: member.kind,
    name: member.name,
    uid: member.uid,
    reason: home.reason,
  }));
  const known = new Set(fleet.outOfSight.flatMap(({ member, home }) => namesOf(member).map((name) => `${home.agentName}/${name}`)));
  for (const match of matches) {
    if (match.kind !== "unknown" || known.has(`${match.home.agentName}/${match.vm.name}`)) continue;
    unknown.push({ agent: match.home.agentName, kind: "vm", name: match.vm.name, uid: "", reason: match.home.reason });
  }
  return unknown.sort((a, b) => (`${a.agent}/${a.name}` < `${b.agent}/${b.name}` ? -1 : 1));
}

function countUnchanged({ matches }: Matches, selection: Selection, touched: ReadonlySet<string>): number {
  return matches.filter(({ kind, vm }) => kind === "own" && selection.includes(vm.name) && !touched.has(`${vm.agent}/vm/${vm.name}`))
    .length;
}

function groupByHost(drafts: readonly Draft[]): Map<Host, Draft[]> {
  const groups = new Map<Host, Draft[]>();
  for (const draft of drafts) {
    const group = groups.get(draft.host);
    if (group === undefined) groups.set(draft.host, [draft]);
    else group.push(draft);
  }
  return groups;
}

function toPlanAgent({ agent, observation }: AgentObservation, fleet: Fleet, byHost: ReadonlyMap<Host, readonly Draft[]>): PlanAgent {
  const host = fleet.hostOf.get(agent.name);
  const seen = observation?.host;
  return {
    name: agent.name,
    address: agent.address,
    ...(agent.tls && { tls: agent.tls }),
    timeout_s: agent.timeoutMs / 1000,
    reachable: seen !== undefined,
    agent_id: seen?.agentId ?? "",
    version: seen?.version ?? "",
    hypervisor: seen?.hypervisor ?? "",
    ...(seen && { total: seen.total, reserved: seen.reserved, available: seen.available }),
    ...(host && { available_after: availableAfter(host, byHost.get(host) ?? []) }),
  };
}

/** RFC 3339, UTC, whole seconds: what comes back unchanged from a wire that has no fractions. */
function toSeconds(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(/\.[0-9]+Z$/, "Z");
}
