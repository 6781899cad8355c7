import { agent as agentType, hostAttributes } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import { newValues, toValues } from "../../faces/values.ts";
import type { Context, DataSource } from "../../protocol6/provider.ts";
import type { Schema } from "../../protocol6/schema.ts";
import type { Values } from "../../protocol6/value.ts";
import { ask, problemOf } from "../fleet/ask.ts";
import { toTerraform } from "../fleet/diagnostics.ts";
import type { Session, Walk } from "../fleet/session.ts";

const { settings, agent_id } = agentType.attributes;
const TOLD = { agent_id, ...hostAttributes, settings };

const SCHEMA: Schema = {
  version: 0,
  description: "An agent and its host: what it has, what is left of it, what its hypervisor can do, and its settings.",
  attributes: {
    name: { description: "The agent, a key of `agents` in the provider's block.", type: "string", required: true },
    ...toAttributeSchemas(TOLD, { readOnly: true }),
  },
};

/** The data source `ghost_agent`. */
export function agentData(session: Session): DataSource {
  return { schema: SCHEMA, read: (config, context) => readAgent(session.walk, config, context) };
}

async function readAgent(walk: Walk, config: Values, { signal }: Context): ReturnType<DataSource["read"]> {
  const name = config["name"] ?? null;
  const asked = await ask(walk, name, "name", signal);
  if (asked.kind !== "answer") return { diagnostics: [toTerraform(problemOf(asked, name, "name")!)] };
  const { agentId, ...host } = asked.observation.host;
  return { state: newValues(Object.entries({ name, ...toValues(TOLD, { ...host, agent_id: agentId }) })) };
}
