import { agent, hostAttributes } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import type { AttributeSchemas, Schema } from "../../protocol6/schema.ts";

const { name, settings, agent_id } = agent.attributes;
const { version, hypervisor } = hostAttributes;

/** Every setting that is not written is what the agent has. */
const SETTINGS: AttributeSchemas = Object.fromEntries(
  Object.entries(toAttributeSchemas(settings.attributes)).map(([key, schema]) => [key, { ...schema, computed: true }]),
);

/** Of the resource `ghost_agent`. */
export const AGENT_SCHEMA: Schema = {
  version: agent.version,
  description:
    "The settings that an agent of the provider's block keeps and enforces. A setting that is not written stays as it is, and destroying the resource leaves all of them on the agent.",
  attributes: {
    ...toAttributeSchemas({ name: { ...name, doc: "The agent, a key of `agents` in the provider's block." } }),
    settings: {
      description: settings.doc,
      optional: true,
      computed: true,
      nested: { nesting: "single", attributes: SETTINGS },
    },
    ...toAttributeSchemas({ agent_id, version: version!, hypervisor: hypervisor! }),
  },
};
