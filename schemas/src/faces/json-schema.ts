/**
 * JSON Schema (draft 2020-12) of what the definitions describe, in three forms:
 *
 * (1) `source` is what a person writes in one file of several: any scalar may also be a `${…}` string, and nothing
 *     is required. There is no `oneOf` and no `anyOf`, because editors report those badly; a value that may be an
 *     expression is `if` an expression `else` the real thing. A union in `type` would say the same in fewer words,
 *     but ajv's strict mode warns of it.
 * (2) `resolved` is what the planner works on: no expressions, exact types, required keys. Sensitive values are still
 *     references.
 * (3) `plan` is what a plan document carries: a sensitive value is its version alone, and limits do not bind, because
 *     a live value (memory between two whole GiB, say) may be in it.
 *
 * An unknown key is an error in all of them.
 */
import type { Attribute, Attributes } from "../resource.ts";
import { agent } from "../resources/agent.ts";
import { template } from "../resources/template.ts";
import { NAME_PATTERN, vm } from "../resources/vm.ts";
import {
  EXPRESSION_PATTERN,
  secretAttributes,
  specAttributes,
  VARIABLE_NAME_DOC,
  VARIABLE_NAME_PATTERN,
  variableAttributes,
} from "../spec.ts";
import { describeAttribute, findDefault } from "./describe.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };
export type SchemaForm = "source" | "resolved" | "plan";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** A schema document of its own; `name` is the file name without `.schema.json`. */
export function schemaDocument(name: string, title: string, schema: JsonSchema): JsonSchema {
  return { $schema: DRAFT, $id: `${name}.schema.json`, title, ...schema };
}

/** A whole spec: `ghost.schema.json` (source) and `ghost.resolved.schema.json` (resolved). */
export function specSchema(form: "source" | "resolved"): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    ...requiredKeys(specAttributes, form),
    properties: {
      // The version of the language decides how expressions are read, so it cannot be one.
      ghost: attributeSchema(specAttributes.ghost, "resolved"),
      stack: attributeSchema(specAttributes.stack, form),
      variables: blocks("variable", "Values that are given from outside, by name.", VARIABLE_NAME_PATTERN),
      agents: blocks("agent", "Hosts by name: how to reach the agent of each, and its settings.", NAME_PATTERN),
      templates: blocks("template", "Values that VMs share, by name.", NAME_PATTERN),
      vms: blocks("vm", "Virtual machines by name.", NAME_PATTERN),
    },
    $defs: {
      variable: variableSchema(),
      agent: { description: agent.summary, ...objectSchema(withoutName(agent.attributes), form) },
      template: { description: template.summary, ...objectSchema(template.attributes, form) },
      vm: { description: vm.summary, ...objectSchema(withoutName(vm.attributes), form) },
    },
  };
}

/** An object with these attributes, computed ones left out. */
export function objectSchema(attributes: Attributes, form: SchemaForm): JsonSchema {
  const settable = Object.entries(attributes).filter(([, attribute]) => attribute.mode !== "computed");
  return {
    type: "object",
    additionalProperties: false,
    ...requiredKeys(attributes, form),
    properties: Object.fromEntries(settable.map(([name, attribute]) => [name, attributeSchema(attribute, form)])),
  };
}

export function attributeSchema(attribute: Attribute, form: SchemaForm): JsonSchema {
  const fallback = findDefault(attribute);
  return {
    description: describeAttribute(attribute),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(attribute.sensitive === true ? secretSchema(form) : valueSchema(attribute, form)),
  };
}

function valueSchema(attribute: Attribute, form: SchemaForm): JsonSchema {
  switch (attribute.kind) {
    case "string":
      return orExpression(stringSchema(attribute, form), form, attribute.oneOf);
    case "integer":
      if (form === "plan") return { type: attribute.unit === "gib" ? "number" : "integer" };
      return orExpression({ type: "integer", ...defined({ minimum: attribute.min, maximum: attribute.max }) }, form);
    case "boolean":
      return orExpression({ type: "boolean" }, form, [true, false]);
    case "list":
      return { type: "array", items: attributeSchema(attribute.of, form) };
    case "map":
      return {
        type: "object",
        ...(attribute.keyPattern === undefined || form === "plan" ? {} : { propertyNames: { pattern: attribute.keyPattern } }),
        additionalProperties: attributeSchema(attribute.of, form),
      };
    case "object":
      return objectSchema(attribute.attributes, form);
  }
}

function stringSchema(attribute: Attribute & { kind: "string" }, form: SchemaForm): JsonSchema {
  // Without `type`: a value of another type is then one problem, told with the values that are allowed.
  if (attribute.oneOf !== undefined) return { enum: attribute.oneOf };
  if (form === "plan") return { type: "string" };
  return { type: "string", ...defined({ pattern: attribute.pattern, maxLength: attribute.maxLength }) };
}

/** The schema itself where expressions are not allowed or any text is; `examples` is what an editor offers. */
function orExpression(schema: JsonSchema, form: SchemaForm, examples?: readonly unknown[]): JsonSchema {
  const takesAnyText = schema["type"] === "string" && Object.keys(schema).length === 1;
  if (form !== "source" || takesAnyText) return schema;
  return { ...defined({ examples }), if: { type: "string", pattern: EXPRESSION_PATTERN }, else: schema };
}

function secretSchema(form: SchemaForm): JsonSchema {
  if (form === "plan")
    return { type: "object", additionalProperties: false, required: ["version"], properties: { version: { type: "integer" } } };
  // Both keys stand in one place, so they are required even in one file of several.
  return { ...objectSchema(secretAttributes, form), required: Object.keys(secretAttributes) };
}

/** A variable is read before any expression is: the same in both forms. */
function variableSchema(): JsonSchema {
  const { properties, ...rest } = objectSchema(variableAttributes, "resolved");
  const defaultOf = (type: string): JsonSchema => ({
    if: { properties: { type: { const: type } }, required: ["type"] },
    then: { properties: { default: { type } } }, // oxlint-disable-line unicorn/no-thenable -- JSON Schema's own keyword
  });
  return {
    description: `A value that is given from outside. Its name: ${VARIABLE_NAME_DOC}.`,
    ...rest,
    properties: { ...(properties as JsonSchema), default: { description: "The value when none is given; without it, one must be." } },
    allOf: [
      defaultOf("integer"),
      defaultOf("boolean"),
      {
        if: { properties: { type: { enum: ["integer", "boolean"] } }, required: ["type"] },
        else: { properties: { default: { type: "string" } } },
      },
    ],
  };
}

function blocks(definition: string, description: string, keyPattern: string): JsonSchema {
  return { description, type: "object", propertyNames: { pattern: keyPattern }, additionalProperties: { $ref: `#/$defs/${definition}` } };
}

function requiredKeys(attributes: Attributes, form: SchemaForm): JsonSchema {
  if (form !== "resolved") return {};
  const required = Object.entries(attributes).flatMap(([name, attribute]) => (attribute.mode === "required" ? [name] : []));
  return required.length === 0 ? {} : { required };
}

/** In a spec the name is the key of the block. */
function withoutName(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== "name"));
}

function defined(keywords: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(keywords).filter(([, value]) => value !== undefined));
}
