import { IMPACTS, vm } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import type { AttributeSchemas, Schema } from "../../protocol6/schema.ts";

/** Of a VM as Terraform has it. `adopt` is of specs, and of Terraform too: no agent keeps it. */
export const VM_ATTRIBUTES: AttributeSchemas = {
  // A VM without a card of its own gets one.
  ...toAttributeSchemas(vm.attributes, { keep: ["adopt"], computed: ["networks"] }),
  ...toAttributeSchemas({
    agent: { ...vm.attributes.agent, change: "none", doc: "The agent whose host runs the VM; a VM cannot be moved to another one yet." },
  }),
  template: {
    description:
      "Template of the agent (`ghost_template`) whose image the root disk is made from, where the VM names no image of its own. Form: the name of a template.",
    type: "string",
    optional: true,
  },
  on_remove: {
    description:
      "What happens to the VM when Terraform destroys the resource: deleted with its disks, or released and kept. One of `delete`, `retain`. Default: `delete`.",
    type: "string",
    optional: true,
    computed: true,
  },
  owner: {
    description: "Who the VM belongs to on its agent: `terraform:<stack>` for one of this configuration.",
    type: "string",
    computed: true,
  },
  adopted_from: {
    description:
      "Who the VM belonged to when Terraform took it over with `adopt`; empty when it belonged to nobody, null for a VM that Terraform made.",
    type: "string",
    computed: true,
  },
  planned_impact: {
    description: `What the plan, or the last change, does to the running machine: one of ${IMPACTS.map((impact) => `\`${impact}\``).join(", ")}.`,
    type: "string",
    computed: true,
  },
};

const TIMEOUTS: AttributeSchemas = {
  create: { description: "How long making the VM may take, for example `30m`. No limit unless it is set.", type: "string", optional: true },
  update: { description: "How long a change may take. No limit unless it is set.", type: "string", optional: true },
  delete: { description: "How long deleting the VM may take. No limit unless it is set.", type: "string", optional: true },
};

/** Of the resource `ghost_vm`. */
export const VM_SCHEMA: Schema = {
  version: vm.version,
  description:
    "A virtual machine on one host. The plan says what each change does to the running machine; whatever can be changed in place is, and disks outlive every change that does not say `data-loss`.",
  attributes: {
    ...VM_ATTRIBUTES,
    timeouts: {
      description: "When to stop waiting for the agent. What it began goes on, and the message names the operation.",
      optional: true,
      nested: { nesting: "single", attributes: TIMEOUTS },
    },
  },
};
