import type { DynamicValue, ResourceIdentityData } from "../../../gen/tfplugin6.ts";
import { identityType, impliedType } from "../codec/implied-type.ts";
import { encodeMsgpack } from "../codec/msgpack.ts";
import type { Private } from "../provider.ts";
import type { AttributeSchemas, IdentitySchema } from "../schema.ts";
import type { Type } from "../type.ts";
import type { Value, Values } from "../value.ts";

const NOTHING = Buffer.alloc(0);

export function toWireValue(type: Type, value: Value): DynamicValue {
  return { msgpack: encodeMsgpack(type, value), json: NOTHING };
}

/** A plan or a state. Whatever is only for the configuration is null in it, also where a provider forgot that. */
export function toWireState(attributes: AttributeSchemas, state: Values | null): DynamicValue {
  return toWireValue(impliedType(attributes), state === null ? null : withoutWriteOnly(attributes, state));
}

export function toWireIdentity(schema: IdentitySchema, identity: Values): ResourceIdentityData {
  return { identity_data: toWireValue(identityType(schema), identity) };
}

/** No bytes for nothing. */
export function toWirePrivate(value: Private): Buffer {
  return value === undefined || value === null ? NOTHING : Buffer.from(JSON.stringify(value));
}

const writeOnly = new WeakMap<AttributeSchemas, boolean>();

function hasWriteOnly(attributes: AttributeSchemas): boolean {
  let has = writeOnly.get(attributes);
  if (has === undefined) {
    has = Object.values(attributes).some(
      (one) => one.write_only === true || (one.nested !== undefined && hasWriteOnly(one.nested.attributes)),
    );
    writeOnly.set(attributes, has);
  }
  return has;
}

function withoutWriteOnly(attributes: AttributeSchemas, values: Values): Values {
  if (!hasWriteOnly(attributes)) return values;
  const result = Object.assign(Object.create(null), values) as Record<string, Value>;
  for (const [name, { write_only, nested }] of Object.entries(attributes)) {
    const value = result[name];
    if (write_only === true) result[name] = null;
    else if (nested !== undefined && typeof value === "object" && value !== null) {
      const each = (item: Value): Value =>
        typeof item === "object" && item !== null ? withoutWriteOnly(nested.attributes, item as Values) : item;
      if (nested.nesting === "single") result[name] = each(value);
      else if (Array.isArray(value)) result[name] = value.map(each);
      else result[name] = mapped(value as Values, each);
    }
  }
  return result;
}

function mapped(values: Values, each: (item: Value) => Value): Values {
  const result = Object.create(null) as Record<string, Value>;
  for (const [key, item] of Object.entries(values)) result[key] = each(item);
  return result;
}
