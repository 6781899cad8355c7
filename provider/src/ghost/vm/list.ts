/*
 * `terraform query` for ghost_vm: what the agents have, managed or not.
 *
 * (1) All agents are asked at once, one Snapshot each; their VMs come in the order of the agents' names, then their own.
 * (2) An agent that does not answer is a warning: what the others have is a result all the same.
 */
import { own } from "@ghost/engine";
import type { Observation, ObservedVm } from "@ghost/schemas";
import type { ListedObject, Resource } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { FleetAgent } from "../fleet/fleet-agent.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { vmIdentity } from "./identity.ts";

const VM_LIST_SCHEMA: Schema = {
  version: 0,
  description: "VMs of the fleet, also those that Terraform does not know. Without filters all of them.",
  attributes: {
    agent: { description: "Only of this agent, a key of `agents` in the provider's block.", type: "string", optional: true },
    labels: { description: "Only with these labels, all of them.", type: ["map", "string"], optional: true },
    owner: {
      description: "Only of this owner: `terraform:<stack>`, `spec:<stack>`, `agent`, or empty for what belongs to nobody.",
      type: "string",
      optional: true,
    },
  },
};

/** `toState` gives a VM as a state would have it that was just imported. */
export function listVms(
  session: Session,
  toState: (agent: string, vm: ObservedVm, observation: Observation) => Values,
): NonNullable<Resource["list"]> {
  return {
    schema: VM_LIST_SCHEMA,
    async *find(config, { limit, withState }, { signal }) {
      const agents = agentsOf(session.walk, config["agent"] ?? null);
      if (!Array.isArray(agents)) {
        yield agents;
        return;
      }
      const answers = agents.map((agent) => ({ agent, asked: agent.observe(signal) }));
      // One that fails is heard in its turn.
      for (const { asked } of answers) asked.catch(() => undefined);
      let left = limit > 0 ? limit : Infinity;
      for (const { agent, asked } of answers) {
        const { observation, problem } = await asked;
        if (problem !== undefined) {
          yield { displayName: agent.name, diagnostics: [toTerraform({ ...problem, severity: "warning" }, [])] };
          continue;
        }
        for (const vm of observation.vms.toSorted(byName)) {
          if (!isMeant(vm, config)) continue;
          if (left-- <= 0) return;
          yield {
            displayName: `${agent.name}/${vm.name}`,
            identity: vmIdentity(observation.host.agentId, vm.uid),
            ...(withState && { state: toState(agent.name, vm, observation) }),
          };
        }
      }
    },
  };
}

function agentsOf(walk: Walk, name: Value): FleetAgent[] | ListedObject {
  if (name === null) return [...walk.agents.values()].toSorted(byName);
  const found = walk.find(name);
  switch (found.kind) {
    case "known":
      return [found.agent];
    case "unknown":
      return [];
    case "missing":
      return { displayName: name as string, diagnostics: [toTerraform(found.diagnostic)] };
  }
}

/** A VM whose making has not come to its end is not there yet. */
function isMeant(vm: ObservedVm, { owner, labels }: Values): boolean {
  if (vm.phase === "creating" || (typeof owner === "string" && vm.owner !== owner)) return false;
  return Object.entries((labels ?? {}) as Values).every(([key, value]) => own(vm.live.labels ?? {}, key) === value);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
