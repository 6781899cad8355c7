import { agent, IMPACTS, NAME_DOC } from "@ghost/schemas";
import { toAttributeSchemas } from "../faces/terraform-schema.ts";
import type { Schema } from "../protocol6/schema.ts";

/** The provider's block: the stack, and how its agents are reached. */
export const PROVIDER_SCHEMA: Schema = {
  version: 0,
  description:
    "Virtual machines on hosts that people own. One block is for a whole fleet: each resource names its agent, and every plan says what a change does to the running machine.",
  attributes: {
    stack: {
      description: `Name of the whole; what this configuration makes belongs to \`terraform:<stack>\` on its agents. Form: ${NAME_DOC}.`,
      type: "string",
      required: true,
    },
    agents: {
      description: `The agents by name. Keys: ${NAME_DOC}.`,
      required: true,
      nested: {
        nesting: "map",
        attributes: toAttributeSchemas(agent.attributes, {
          keep: ["tls", "timeout_s"],
          without: ["name", "settings", "agent_id"],
          settable: true,
        }),
      },
    },
    max_impact: {
      description: `The worst that a plan may do to a running machine. One of ${IMPACTS.map((impact) => `\`${impact}\``).join(", ")}. Default: \`data-loss\`, which is no limit.`,
      type: "string",
      optional: true,
    },
  },
};
