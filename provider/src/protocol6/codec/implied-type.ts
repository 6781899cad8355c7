import type { AttributeSchema, AttributeSchemas, IdentitySchema } from "../schema.ts";
import type { Type } from "../type.ts";

const known = new WeakMap<AttributeSchemas, Type>();

/** The type of an object with these attributes, as Terraform reckons it from a schema. */
export function impliedType(attributes: AttributeSchemas): Type {
  let type = known.get(attributes);
  if (type === undefined) {
    type = ["object", Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, attributeType(attribute)]))];
    known.set(attributes, type);
  }
  return type;
}

function attributeType(attribute: AttributeSchema): Type {
  if (attribute.nested === undefined) return attribute.type;
  const object = impliedType(attribute.nested.attributes);
  return attribute.nested.nesting === "single" ? object : [attribute.nested.nesting, object];
}

export function identityType({ attributes }: IdentitySchema): Type {
  return ["object", Object.fromEntries(Object.entries(attributes).map(([name, { type }]) => [name, type]))];
}
