import type { ObservedVm } from "@ghost/schemas";
import { vm as vmType } from "@ghost/schemas";
import { toAttributeSchemas } from "../../faces/terraform-schema.ts";
import { newValues, toValues } from "../../faces/values.ts";
import type { AttributeSchemas } from "../../protocol6/schema.ts";
import type { Value, Values } from "../../protocol6/value.ts";

/** Of a VM that is only looked at, whoever made it. No secret is among them. */
export const VM_DATA_ATTRIBUTES: AttributeSchemas = {
  ...toAttributeSchemas(vmType.attributes, { readOnly: true }),
  owner: {
    description:
      "Who the VM belongs to: `terraform:<stack>`, `spec:<stack>`, `agent` for one made through the agent's own API, or empty for nobody.",
    type: "string",
    computed: true,
  },
};

/** A VM as its agent has it. */
export function vmDataValues(agent: string, vm: ObservedVm): Values {
  const { uid, ipAddress, imageDigest, status, owner } = vm;
  const live = { ...vm.live, agent, uid, ip_address: ipAddress, image_digest: imageDigest, status };
  return fit(VM_DATA_ATTRIBUTES, { ...toValues(vmType.attributes, live), owner }) as Values;
}

/** Only what a schema has: of a secret nothing is told, not even which version is meant. */
function fit(schemas: AttributeSchemas, values: Value | undefined): Value {
  if (values === null || values === undefined) return null;
  return newValues(
    Object.entries(schemas).map(([name, { nested }]) => {
      const value = (values as Values)[name] ?? null;
      if (nested === undefined || value === null) return [name, value];
      if (nested.nesting === "single") return [name, fit(nested.attributes, value)];
      return [name, newValues(Object.entries(value as Values).map(([key, item]) => [key, fit(nested.attributes, item)]))];
    }),
  );
}
