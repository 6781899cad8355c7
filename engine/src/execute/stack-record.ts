/* The stack's record over all its agents, in the two moments of an apply that write it. */
import type { Diagnostic, Diagnostics, ObservedVm, PlanDocument, PlanStep, SetMember, SetVersion } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { HostCalls } from "../observe.ts";
import type { StackSet } from "../plan/set-record.ts";
import { memberKey, setDigest, unionSets, versionOf } from "../plan/set-record.ts";
import type { SetWrite, StoredSet } from "./update-set.ts";
import { writeSet } from "./update-set.ts";

/** What became of the steps. */
export interface Ends {
  isDone(stepId: string): boolean;
  /** The VMs as their steps left them, by step id. */
  readonly vms: ReadonlyMap<string, ObservedVm>;
}

export interface StackRecord {
  /** Before the first effect: everything that is there, is made or leaves. Writes nothing where the copies say so already. */
  widen(onProblem: (agentName: string, found: Diagnostics) => void): Promise<void>;
  /**
   * After the last: without what left for certain, and still with what was made, whoever wrote it meanwhile. Asks nothing
   * after an apply that did neither. Lost agents keep what they have.
   */
  narrow(ends: Ends, lost: { has(agentName: string): boolean }, onProblem: (found: Diagnostic) => void): Promise<void>;
}

/** `clients` has the agents that can be reached, by name in the spec. */
export function createStackRecord(plan: PlanDocument, clients: ReadonlyMap<string, () => Promise<HostCalls>>): StackRecord {
  const found = new Map<string, SetVersion>(plan.set.copies?.map(({ agent, serial, digest }) => [agent, { serial, digest }]));
  const stored = new Map<string, StoredSet>(
    Array.from(clients.keys(), (name) => [name, { set: plan.set, version: found.get(name) ?? versionOf(undefined) }]),
  );
  const vmSteps = plan.steps.filter(({ body }) => body.kind !== "agent");
  const leaving = vmSteps.filter(({ body }) => body.action === "delete" || body.action === "release");
  const made = vmSteps.filter(({ body }) => body.action === "create" || body.action === "adopt" || body.previous_name !== undefined);

  const write = async (
    names: Iterable<string>,
    { set, digest, revise }: Pick<SetWrite, "set" | "revise"> & { readonly digest?: string },
    onProblem: (name: string, found: Diagnostics) => void,
  ): Promise<void> => {
    await Promise.all(
      Array.from(names, async (name) => {
        const client = clients.get(name);
        const last = stored.get(name);
        if (client === undefined || last === undefined) return;
        try {
          const expected = last.version;
          const next = { stack: plan.stack, set, expected, isKept: expected.digest === digest, ...(revise && { revise }) };
          stored.set(name, await writeSet(await client(), next));
        } catch (reason) {
          stored.delete(name);
          onProblem(name, GhostError.from(reason).diagnostics);
        }
      }),
    );
  };
  return {
    async widen(onProblem) {
      const set: StackSet = { ...plan.set, members: [...plan.set.members, ...leaving.map(toMember)] };
      await write(leaving.length === 0 ? (plan.set.outdated ?? clients.keys()) : clients.keys(), { set }, onProblem);
    },
    async narrow(ends, lost, onProblem) {
      const done = made.filter(({ id }) => ends.isDone(id));
      const gone = leaving.filter((step) => hasLeft(step, plan.header.owner, ends));
      if (gone.length === 0 && done.length === 0) return;
      const revise = withoutFormer(gone, done);
      const set = revise(unionSets([...new Map(Array.from(stored.values(), (copy) => [copy.version.digest, copy.set])).values()]));
      const digest = setDigest(set);
      const names = [...stored.keys()].filter((name) => !lost.has(name));
      await write(names, { set, digest, revise }, (name, [first]) => onProblem(notWritten(name, first)));
    },
  };
}

function toMember({ body }: PlanStep): SetMember {
  return { kind: body.kind as SetMember["kind"], name: body.name, uid: body.uid, agentId: body.agent_id };
}

/** An operation that succeeded earlier tells that the object left then, not that it is gone now. */
function hasLeft({ id, body }: PlanStep, owner: string, ends: Ends): boolean {
  const vm = ends.vms.get(id);
  return ends.isDone(id) && (vm === undefined || (body.action === "release" && vm.owner !== owner));
}

/** Takes out the members that are gone, but what another plan takes over meanwhile, and the former names of what was renamed. */
function withoutFormer(gone: readonly PlanStep[], done: readonly PlanStep[]): (set: StackSet) => StackSet {
  const actions = new Map(gone.map((step) => [memberKey(toMember(step)), step.body.action]));
  const former = new Map(done.map((step) => [memberKey(toMember(step)), step.body.previous_name]));
  return (set) => {
    const members: SetMember[] = [];
    for (const member of set.members) {
      const key = memberKey(member);
      const action = actions.get(key);
      if (action === "delete" || (action === "release" && member.until === undefined)) continue;
      members.push(withoutName(member, former.get(key)));
    }
    return { ...set, members };
  };
}

function withoutName(member: SetMember, name: string | undefined): SetMember {
  const { otherNames, ...named } = member;
  if (name === undefined || otherNames === undefined) return member;
  const others = otherNames.filter((other) => other !== name);
  return { ...named, ...(others.length > 0 && { otherNames: others }) };
}

/** A record that is wider than it need be harms nobody. */
function notWritten(agentName: string, first: Diagnostic): Diagnostic {
  return {
    ...first,
    severity: "warning",
    detail: `The stack's record on agent "${agentName}" may still name what is gone, or lack what was made: ${first.detail}`,
    hint: "The next apply puts it right.",
    agent: agentName,
  };
}
