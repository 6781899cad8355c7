/*
 * Definitions of resources as Terraform schemas.
 *
 * (1) Nothing about a single attribute is written here: whatever a definition says becomes part of its schema.
 * (2) Whatever has a default, or holds something that has one, is optional and computed: Terraform shows what holds.
 * (3) A sensitive X becomes `X_wo`, which Terraform never stores, and `X_wo_version`, which says when it changed.
 */
import type { Attribute, Attributes, Unit } from "@ghost/schemas";
import { findDefault, IMPACT_MEANING } from "@ghost/schemas";
import { upperFirst } from "./text.ts";
import type { AttributeSchema, AttributeSchemas } from "../protocol6/schema.ts";
import type { Type } from "../protocol6/type.ts";

/** What is appended to the name of a sensitive attribute: the value itself, and which version of it is meant. */
export const WRITE_ONLY = "_wo";
export const WRITE_ONLY_VERSION = "_wo_version";

export interface FaceOptions {
  /** Attributes that this face has although they belong to spec files alone. */
  readonly keep?: readonly string[];
  /** Attributes that have a default although none is written in the definition. */
  readonly computed?: readonly string[];
  /** Of something that is only read: every attribute is computed, and what is sensitive is left out. */
  readonly readOnly?: boolean;
  /** Of something that has no state (the provider's block, an action): what has a default is optional and no more. */
  readonly settable?: boolean;
}

type Use = Pick<FaceOptions, "readOnly" | "settable">;

/** The attributes of a definition as Terraform has them; those of spec files alone are left out. */
export function toAttributeSchemas(attributes: Attributes, options: FaceOptions = {}): AttributeSchemas {
  const schemas: Record<string, AttributeSchema> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    if (attribute.specOnly === true && options.keep?.includes(name) !== true) continue;
    if (attribute.sensitive === true) {
      if (options.readOnly !== true) Object.assign(schemas, writeOnly(name, attribute));
    } else schemas[name] = toSchema(attribute, options.computed?.includes(name) === true, options);
  }
  return schemas;
}

/** The type of a value of this attribute; of a sensitive one the version that is meant. */
export function toType(attribute: Attribute): Type {
  if (attribute.sensitive === true) return "number";
  switch (attribute.kind) {
    case "string":
      return "string";
    case "integer":
      return "number";
    case "boolean":
      return "bool";
    case "list":
      return ["list", toType(attribute.of)];
    case "map":
      return ["map", toType(attribute.of)];
    case "object":
      return typeOf(toAttributeSchemas(attribute.attributes, { readOnly: true }));
  }
}

/** The type of an object with these attributes. */
export function typeOf(schemas: AttributeSchemas): Type {
  return ["object", Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, typeOfOne(schema)]))];
}

function typeOfOne({ type, nested }: AttributeSchema): Type {
  if (nested === undefined) return type;
  const item = typeOf(nested.attributes);
  return nested.nesting === "single" ? item : [nested.nesting, item];
}

function toSchema(attribute: Attribute, isDefaulted: boolean, { readOnly = false, settable = false }: Use): AttributeSchema {
  const use = { readOnly, settable };
  const facts = { description: describe(attribute), ...modeOf(attribute, isDefaulted, use) };
  if (attribute.kind === "object") {
    return { ...facts, nested: { nesting: "single", attributes: toAttributeSchemas(attribute.attributes, use) } };
  }
  if ((attribute.kind === "map" || attribute.kind === "list") && attribute.of.kind === "object") {
    return { ...facts, nested: { nesting: attribute.kind, attributes: toAttributeSchemas(attribute.of.attributes, use) } };
  }
  return { ...facts, type: toType(attribute) };
}

function modeOf(
  attribute: Attribute,
  isDefaulted: boolean,
  { readOnly, settable }: Use,
): Pick<AttributeSchema, "required" | "optional" | "computed"> {
  if (readOnly === true || attribute.mode === "computed") return { computed: true };
  if (attribute.mode === "required") return { required: true };
  if (settable === true) return { optional: true };
  return isDefaulted || hasDefault(attribute) ? { optional: true, computed: true } : { optional: true };
}

function hasDefault(attribute: Attribute): boolean {
  return findDefault(attribute) !== undefined || (attribute.kind === "object" && Object.values(attribute.attributes).some(hasDefault));
}

function writeOnly(name: string, attribute: Attribute): AttributeSchemas {
  return {
    [`${name}${WRITE_ONLY}`]: {
      description: `${describe(attribute)} Terraform stores it nowhere; needs \`${name}${WRITE_ONLY_VERSION}\`.`,
      type: "string",
      optional: true,
      sensitive: true,
      write_only: true,
    },
    [`${name}${WRITE_ONLY_VERSION}`]: {
      description: `Version of \`${name}${WRITE_ONLY}\`: raise it to apply a new value, which itself is never compared.`,
      type: "number",
      optional: true,
    },
  };
}

const UNIT_NAME: Readonly<Record<Unit, string>> = { gib: "GiB (2^30 bytes)", s: "seconds", percent: "percent" };

/** What it is, its limits, its default, and what changing it does; Markdown. */
function describe(attribute: Attribute): string {
  const sentences = [attribute.doc, ...describeLimits(attribute)];
  const fallback = findDefault(attribute);
  if (fallback !== undefined) sentences.push(`Default: \`${String(fallback)}\`.`);
  if (attribute.change !== "none") sentences.push(`A change is at worst ${attribute.change}: ${IMPACT_MEANING[attribute.change]}.`);
  return sentences.join(" ");
}

function describeLimits(attribute: Attribute): readonly string[] {
  switch (attribute.kind) {
    case "string":
      return [
        ...(attribute.oneOf === undefined ? [] : [`One of ${attribute.oneOf.map((one) => `\`${one}\``).join(", ")}.`]),
        ...(attribute.patternDoc === undefined ? [] : [`Form: ${attribute.patternDoc}.`]),
        ...(attribute.maxLength === undefined ? [] : [`At most ${attribute.maxLength} characters.`]),
      ];
    case "integer": {
      const range =
        attribute.min !== undefined && attribute.max !== undefined
          ? [`${attribute.min} to ${attribute.max}`]
          : attribute.min !== undefined
            ? [`at least ${attribute.min}`]
            : [];
      const limits = [...(attribute.unit === undefined ? [] : [`in ${UNIT_NAME[attribute.unit]}`]), ...range].join(", ");
      return limits === "" ? [] : [`${upperFirst(limits)}.`];
    }
    case "map":
      return [...(attribute.keyDoc === undefined ? [] : [`Keys: ${attribute.keyDoc}.`]), ...describeItems(attribute.of)];
    case "list":
      return describeItems(attribute.of);
    case "boolean":
    case "object":
      return [];
  }
}

function describeItems(item: Attribute): readonly string[] {
  return item.kind === "object" ? [] : describeLimits(item).map((limits) => `Each: ${limits.slice(0, 1).toLowerCase()}${limits.slice(1)}`);
}
