import { NAME_DOC } from "@ghost/schemas";
import { textOf } from "../../faces/text.ts";
import type { Context, DataSource } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Values } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";
import { isThere } from "./vms.ts";
import { VM_DATA_ATTRIBUTES, vmDataValues } from "./vm-values.ts";

const SCHEMA: Schema = {
  version: 0,
  description: "One VM as its agent has it, whoever made it. It is an error when it is not there.",
  attributes: {
    ...VM_DATA_ATTRIBUTES,
    agent: { description: "The agent whose host runs the VM, a key of `agents` in the provider's block.", type: "string", required: true },
    name: { description: `Name of the VM. Form: ${NAME_DOC}.`, type: "string", required: true },
  },
};

/** The data source `ghost_vm`. */
export function vmData(session: Session): DataSource {
  return { schema: SCHEMA, read: (config, context) => readVm(session.walk, config, context) };
}

async function readVm(walk: Walk, config: Values, { signal }: Context): ReturnType<DataSource["read"]> {
  const asked = await ask(walk, config["agent"] ?? null, "agent", signal);
  if (asked.kind !== "answer") return { diagnostics: [toTerraform(problemOf(asked, config["agent"] ?? null, "agent")!)] };
  const { agent, observation } = asked;
  const name = textOf(config["name"]);
  const vms = observation.vms.filter(isThere);
  const vm = vms.find((one) => one.name === name);
  if (vm !== undefined) return { state: vmDataValues(agent.name, vm) };
  const names = vms.map((one) => one.name).sort();
  const shown = names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
  return {
    diagnostics: [
      toTerraform({
        code: "VM_NOT_FOUND",
        severity: "error",
        detail: `Agent "${agent.name}" has no VM "${name}".`,
        hint: names.length === 0 ? "It has none." : `It has ${shown}.`,
        path: ["name"],
      }),
    ],
  };
}
