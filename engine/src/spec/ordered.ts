import type { Emittable } from "./emit.ts";
import type { Field, Fields } from "./fields.ts";

/** A map for writing: its keys in the order of the definitions, its secrets as references. */
export function orderByDefinition(
  fields: Fields,
  values: Readonly<Record<string, unknown>>,
  secretAt: (path: string, version: number) => Emittable,
  path = "",
): { readonly [key: string]: Emittable } {
  const ordered: Record<string, Emittable> = {};
  for (const field of fields.values()) {
    const value = values[field.name];
    if (value !== undefined) ordered[field.name] = orderValue(field, value, secretAt, `${path}${field.name}`);
  }
  return ordered;
}

function orderValue(field: Field, value: unknown, secretAt: (path: string, version: number) => Emittable, path: string): Emittable {
  if (field.isSensitive) return secretAt(path, (value as { readonly version: number }).version);
  if (field.fields !== undefined) return orderByDefinition(field.fields, value as Readonly<Record<string, unknown>>, secretAt, `${path}.`);
  if (field.attribute.kind !== "map") return value as Emittable;
  const items: Record<string, Emittable> = {};
  for (const [key, item] of Object.entries(value as Readonly<Record<string, unknown>>))
    items[key] = orderValue(field.of!, item, secretAt, `${path}.${key}`);
  return items;
}
