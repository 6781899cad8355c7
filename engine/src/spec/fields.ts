import type { Attribute, Attributes } from "@ghost/schemas";

/** An attribute made ready for reading many values: its patterns compiled, its parts by name. */
export interface Field {
  readonly name: string;
  readonly attribute: Attribute;
  readonly isSensitive: boolean;
  readonly pattern: RegExp | undefined;
  readonly keyPattern: RegExp | undefined;
  /** Of a map's or list's items. */
  readonly of: Field | undefined;
  /** Of an object. */
  readonly fields: Fields | undefined;
}

export type Fields = ReadonlyMap<string, Field>;

/** Computed attributes cannot be written, and those left out are not part of the block. */
export function fieldsOf(attributes: Attributes, without: readonly string[] = []): Fields {
  const fields = new Map<string, Field>();
  for (const [name, attribute] of Object.entries<Attribute>(attributes)) {
    if (attribute.mode !== "computed" && !without.includes(name)) fields.set(name, fieldOf(name, attribute));
  }
  return fields;
}

export function fieldOf(name: string, attribute: Attribute): Field {
  const pattern = attribute.kind === "string" ? attribute.pattern : undefined;
  const keyPattern = attribute.kind === "map" ? attribute.keyPattern : undefined;
  return {
    name,
    attribute,
    isSensitive: attribute.sensitive === true,
    pattern: pattern === undefined ? undefined : new RegExp(pattern, "u"),
    keyPattern: keyPattern === undefined ? undefined : new RegExp(keyPattern, "u"),
    of: attribute.kind === "map" || attribute.kind === "list" ? fieldOf(name, attribute.of) : undefined,
    fields: attribute.kind === "object" ? fieldsOf(attribute.attributes) : undefined,
  };
}
