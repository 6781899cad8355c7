/* The stack's record over all its agents, in the two moments of an apply that write it. */
import type { Diagnostic, Diagnostics, PlanDocument, SetMember } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { HostCalls } from "../observe.ts";
import type { StackSet } from "../plan/set-record.ts";
import { writeSet } from "./update-set.ts";

export interface StackRecord {
  /** Before the first effect: everything that is there, is made or leaves. Writes nothing where the copies say so already. */
  widen(onProblem: (agentName: string, found: Diagnostics) => void): Promise<void>;
  /** After the last: without what left for certain. Lost agents keep what they have. */
  narrow(
    isDone: (stepId: string) => boolean,
    lost: { has(agentName: string): boolean },
    onProblem: (found: Diagnostic) => void,
  ): Promise<void>;
}

/** `clients` has the agents that can be reached, by name in the spec. */
export function createStackRecord(plan: PlanDocument, clients: ReadonlyMap<string, () => Promise<HostCalls>>): StackRecord {
  const stored = new Map<string, StackSet>();
  const leaving = plan.steps
    .filter(({ body }) => body.kind !== "agent" && (body.action === "delete" || body.action === "release"))
    .map(({ id, body }) => ({
      step: id,
      member: { kind: body.kind as SetMember["kind"], name: body.name, uid: body.uid, agentId: body.agent_id },
    }));

  const write = async (
    names: Iterable<string>,
    toSet: (name: string) => StackSet,
    gone: readonly SetMember[],
    onProblem: (name: string, found: Diagnostics) => void,
  ): Promise<void> => {
    await Promise.all(
      Array.from(names, async (name) => {
        const client = clients.get(name);
        if (client === undefined) return;
        try {
          stored.set(name, await writeSet(await client(), plan.stack, toSet(name), gone));
        } catch (reason) {
          stored.delete(name);
          onProblem(name, GhostError.from(reason).diagnostics);
        }
      }),
    );
  };
  return {
    async widen(onProblem) {
      const wide: StackSet = { ...plan.set, members: [...plan.set.members, ...leaving.map(({ member }) => member)] };
      await write(leaving.length === 0 ? (plan.set.outdated ?? clients.keys()) : clients.keys(), () => wide, [], onProblem);
    },
    async narrow(isDone, lost, onProblem) {
      const gone = leaving.filter(({ step }) => isDone(step)).map(({ member }) => member);
      if (gone.length === 0) return;
      const next = (name: string): StackSet => ({ ...stored.get(name)!, serial: stored.get(name)!.serial + 1 });
      const names = [...stored.keys()].filter((name) => !lost.has(name));
      await write(names, next, gone, (name, [first]) => onProblem(notNarrowed(name, first)));
    },
  };
}

/** A record that is wider than it need be harms nobody; the next plan narrows it. */
function notNarrowed(agentName: string, first: Diagnostic): Diagnostic {
  return {
    ...first,
    severity: "warning",
    detail: `The stack's record on agent "${agentName}" still names what was deleted: ${first.detail}`,
    hint: "The next apply writes it again.",
    agent: agentName,
  };
}
