import type { AttributeSchema, AttributeSchemas } from "../schema.ts";
import type { Value, Values } from "../value.ts";

/**
 * What Terraform proposes to a provider: the configuration, with the prior state's value wherever nobody configured one
 * and the provider may set it. Items of sets are taken as they are configured.
 */
export function proposedState(attributes: AttributeSchemas, prior: Values | null, config: Values): Values {
  const result: Record<string, Value> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    result[name] = proposed(attribute, prior?.[name] ?? null, config[name] ?? null);
  }
  return result;
}

function proposed(attribute: AttributeSchema, prior: Value, config: Value): Value {
  if (config === null) return attribute.computed === true ? prior : null;
  if (attribute.nested === undefined || typeof config !== "object") return config;
  const { nesting, attributes } = attribute.nested;
  const merge = (before: Value, item: Value): Value =>
    isObject(item) ? proposedState(attributes, isObject(before) ? before : null, item) : item;
  switch (nesting) {
    case "single":
      return merge(prior, config);
    case "list":
      return (config as readonly Value[]).map((item, index) => merge((prior as readonly Value[] | null)?.[index] ?? null, item));
    case "set":
      return (config as readonly Value[]).map((item) => merge(null, item));
    case "map":
      return Object.fromEntries(
        Object.entries(config as Values).map(([key, item]) => [key, merge((prior as Values | null)?.[key] ?? null, item)]),
      );
  }
}

function isObject(value: Value): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
