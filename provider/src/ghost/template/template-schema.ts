import { agentTemplate } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import type { Schema } from "../../protocol6/schema.ts";

/** Of the resource `ghost_template`. */
export const TEMPLATE_SCHEMA: Schema = {
  version: agentTemplate.version,
  description:
    "A named image that one agent keeps, pinned to a digest. A `ghost_vm` of that agent that says `template` and no image of its own is made from it. Another image changes no VM that is there, and deleting a template deletes no disk. A template of a ghost.yaml is another thing: values that its VMs share.",
  attributes: toAttributeSchemas(agentTemplate.attributes, { keep: ["adopt"] }),
};
