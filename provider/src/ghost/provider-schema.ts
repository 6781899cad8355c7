import type { Attributes } from "@ghost/schemas";
import { agent, IMPACTS, NAME_DOC } from "@ghost/schemas";
import { toAttributeSchemas } from "../faces/terraform-schema.ts";
import type { Schema } from "../protocol6/schema.ts";

const { address, tls, timeout_s } = agent.attributes;

/** How one agent is reached. A spec's words are others: it knows embedded agents, and has a folder. */
export const AGENT_ATTRIBUTES: Attributes = {
  address: { ...address, patternDoc: "host:port or unix:/path", doc: "Where the agent answers." },
  tls: { ...tls, doc: "Certificates of the connection; a relative path starts at the folder in which Terraform runs." },
  timeout_s,
};

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
        attributes: toAttributeSchemas(AGENT_ATTRIBUTES, { keep: ["tls", "timeout_s"], settable: true }),
      },
    },
    max_impact: {
      description: `The worst that a plan may do to a running machine. One of ${IMPACTS.map((impact) => `\`${impact}\``).join(", ")}. Default: \`data-loss\`, which is no limit.`,
      type: "string",
      optional: true,
    },
  },
};
