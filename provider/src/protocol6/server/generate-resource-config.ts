import type { GenerateResourceConfig_Request, GenerateResourceConfig_Response } from "../../../gen/tfplugin6.ts";
import { fromWireState } from "../from-wire/values.ts";
import type { AttributeSchemas } from "../schema.ts";
import { toWireState } from "../to-wire/values.ts";
import type { Value, Values } from "../value.ts";
import { requireNamed } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

/** A configuration is the state without what only the provider may set and without what nobody should use any more. */
export const generateResourceConfig: Rpc<GenerateResourceConfig_Request, GenerateResourceConfig_Response> = {
  async answer({ provider }, { type_name, state }) {
    const { attributes } = requireNamed(provider.resources, "resource type", type_name).schema;
    const values = fromWireState(attributes, state);
    return { config: toWireState(attributes, values === null ? null : settable(attributes, values)), diagnostics: [] };
  },
  refuse: (diagnostics) => ({ diagnostics }),
};

function settable(attributes: AttributeSchemas, values: Values): Values {
  const result = Object.create(null) as Record<string, Value>;
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = values[name] ?? null;
    const mine = attribute.required === true || attribute.optional === true;
    if (!mine || (attribute.deprecated !== undefined && attribute.required !== true) || value === null) result[name] = null;
    else if (attribute.nested === undefined || typeof value !== "object") result[name] = value;
    else {
      const { nesting, attributes: inner } = attribute.nested;
      const each = (item: Value): Value => (typeof item === "object" && item !== null ? settable(inner, item as Values) : item);
      if (nesting === "single") result[name] = each(value);
      else if (Array.isArray(value)) result[name] = value.map(each);
      else
        result[name] = Object.assign(
          Object.create(null),
          Object.fromEntries(Object.entries(value).map(([key, item]) => [key, each(item)])),
        );
    }
  }
  return result;
}
