import type { DynamicValue, ResourceIdentityData } from "../../../gen/tfplugin6.ts";
import { identityType, impliedType } from "../codec/implied-type.ts";
import { decodeJson } from "../codec/json.ts";
import { decodeMsgpack } from "../codec/msgpack.ts";
import type { Private } from "../provider.ts";
import type { AttributeSchemas, IdentitySchema } from "../schema.ts";
import type { Type } from "../type.ts";
import type { Value, Values } from "../value.ts";

/** Null for a value that was not sent, as Terraform itself takes it. Throws ValueError when it is of another type. */
export function fromWireValue(type: Type, value: DynamicValue | undefined): Value {
  if (value === undefined) return null;
  if (value.msgpack.length > 0) return decodeMsgpack(type, value.msgpack);
  return value.json.length > 0 ? decodeJson(type, value.json.toString("utf8")) : null;
}

export function fromWireState(attributes: AttributeSchemas, value: DynamicValue | undefined): Values | null {
  return fromWireValue(impliedType(attributes), value) as Values | null;
}

/** A configuration: never null as a whole. */
export function fromWireConfig(attributes: AttributeSchemas, value: DynamicValue | undefined): Values {
  return fromWireState(attributes, value) ?? (Object.create(null) as Values);
}

export function fromWireIdentity(schema: IdentitySchema | undefined, data: ResourceIdentityData | undefined): Values | undefined {
  if (schema === undefined || data?.identity_data === undefined) return undefined;
  return (fromWireValue(identityType(schema), data.identity_data) ?? undefined) as Values | undefined;
}

/** Null when there is nothing. */
export function fromWirePrivate(bytes: Buffer): Private {
  return bytes.length === 0 ? null : (JSON.parse(bytes.toString("utf8")) as Private);
}
