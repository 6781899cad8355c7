/*
 * The VMs of the fleet.
 *
 * An agent that does not answer is an error, not fewer VMs: what is made for each of them would be planned for deletion.
 */
import { own } from "@ghost/engine";
import type { ObservedVm } from "@ghost/schemas";
import { newValues } from "../../faces/values.ts";
import type { Context, DataSource } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { VM_DATA_ATTRIBUTES, vmDataValues } from "./vm-values.ts";

const SCHEMA: Schema = {
  version: 0,
  description: "VMs of the fleet, whoever made them; without filters all of them. Every agent that is asked has to answer.",
  attributes: {
    agent: { description: "Only those of this agent, a key of `agents` in the provider's block.", type: "string", optional: true },
    labels: { description: "Only those that have all of these labels.", type: ["map", "string"], optional: true },
    owner: {
      description: "Only those of this owner: `terraform:<stack>`, `spec:<stack>`, `agent`, or empty for what belongs to nobody.",
      type: "string",
      optional: true,
    },
    vms: {
      description: "The VMs by `agent/name`.",
      computed: true,
      nested: { nesting: "map", attributes: VM_DATA_ATTRIBUTES },
    },
  },
};

/** The data source `ghost_vms`. */
export function vmsData(session: Session): DataSource {
  return { schema: SCHEMA, read: (config, context) => readVms(session.walk, config, context) };
}

/** A VM whose making has not come to its end is not there yet. */
export function isThere({ phase }: ObservedVm): boolean {
  return phase !== "creating";
}

async function readVms(walk: Walk, config: Values, { signal }: Context): ReturnType<DataSource["read"]> {
  const only: Value = config["agent"] ?? null;
  if (only === null && walk.settings.unknownAgents === "all") {
    return { diagnostics: [toTerraform(problemOf({ kind: "unknown" }, null, "agent")!)] };
  }
  const names: readonly Value[] = only === null ? [...walk.agents.keys(), ...(walk.settings.unknownAgents as ReadonlySet<string>)] : [only];
  const answers = await Promise.all(names.map(async (name) => [name, await ask(walk, name, "agent", signal)] as const));
  const problems = answers.flatMap(([name, asked]) => problemOf(asked, name, "agent") ?? []);
  if (problems.length > 0) return { diagnostics: problems.map((one) => toTerraform(one)) };
  const found: (readonly [string, Value])[] = [];
  for (const [, asked] of answers) {
    if (asked.kind !== "answer") continue;
    const { agent, observation } = asked;
    for (const vm of observation.vms)
      if (isThere(vm) && isMeant(vm, config)) found.push([`${agent.name}/${vm.name}`, vmDataValues(agent.name, vm)]);
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return { state: newValues(Object.entries({ ...config, vms: newValues(found) })) };
}

function isMeant({ owner, live }: ObservedVm, config: Values): boolean {
  const wanted = config["owner"] ?? null;
  if (wanted !== null && owner !== wanted) return false;
  return Object.entries((config["labels"] ?? {}) as Values).every(([key, value]) => own(live.labels ?? {}, key) === value);
}
