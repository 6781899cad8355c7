/*
 * Terraform's values and the configurations of the engine.
 *
 * (1) Null is absent, and so are an empty map, an empty list and an object without anything in it: in a configuration
 *     they mean the same. What was configured is planned and stored as it was written all the same, because Terraform
 *     holds a provider to that.
 * (2) What Terraform does not know yet is the engine's UNKNOWN.
 * (3) Of a sensitive value there is only its version.
 */
import { UNKNOWN as ENGINE_UNKNOWN } from "@ghost/engine";
import type { Attribute, Attributes } from "@ghost/schemas";
import type { AttributeSchema, AttributeSchemas } from "../protocol6/schema.ts";
import type { Value, Values } from "../protocol6/value.ts";
import { Decimal, Dynamic, UNKNOWN } from "../protocol6/value.ts";
import { WRITE_ONLY, WRITE_ONLY_VERSION } from "./terraform-schema.ts";

type Config = Readonly<Record<string, unknown>>;

/** The configuration of these attributes in canonical form. */
export function fromValues(attributes: Attributes, values: Values): Config {
  const config: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = attribute.sensitive === true ? versionOf(values[name + WRITE_ONLY_VERSION]) : fromValue(attribute, values[name]);
    if (value !== undefined) config[name] = value;
  }
  return config;
}

/** Undefined for what canonical form leaves out. */
export function fromValue(attribute: Attribute, value: Value | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  if (value === UNKNOWN) return ENGINE_UNKNOWN;
  if (value instanceof Dynamic) return fromValue(attribute, value.value);
  switch (attribute.kind) {
    case "string":
    case "boolean":
      return value;
    case "integer":
      return value instanceof Decimal ? Number(value.text) : typeof value === "bigint" ? Number(value) : value;
    case "list": {
      const items = isList(value) ? value.map((item) => fromValue(attribute.of, item)).filter((item) => item !== undefined) : [];
      return items.length === 0 ? undefined : items;
    }
    case "map": {
      // An item without anything in it is an item all the same.
      const items = Object.entries(value as Values).flatMap(([key, item]) =>
        item === null ? [] : [[key, fromValue(attribute.of, item) ?? {}] as const],
      );
      return items.length === 0 ? undefined : Object.fromEntries(items);
    }
    case "object": {
      const config = fromValues(attribute.attributes, value as Values);
      return Object.keys(config).length === 0 ? undefined : config;
    }
  }
}

/** The value of an attribute as Terraform stores it; null for what is absent. */
export function toValue(attribute: Attribute, value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (value === ENGINE_UNKNOWN) return UNKNOWN;
  switch (attribute.kind) {
    case "string":
    case "boolean":
      return value as string | boolean;
    case "integer":
      return toNumber(value as number);
    case "list":
      return (value as readonly unknown[]).map((item) => toValue(attribute.of, item));
    case "map":
      return newValues(Object.entries(value as Config).map(([key, item]) => [key, toValue(attribute.of, item)]));
    case "object":
      return toValues(attribute.attributes, value as Config);
  }
}

/** An object with every attribute of a definition that agents know. */
export function toValues(attributes: Attributes, config: Config): Values {
  return newValues(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      if (attribute.specOnly === true) return [];
      if (attribute.sensitive !== true) return [[name, toValue(attribute, config[name])] as const];
      return [[name + WRITE_ONLY, null] as const, [name + WRITE_ONLY_VERSION, toVersion(config[name])] as const];
    }),
  );
}

/**
 * What is planned where this is configured: what is written as it is written, and for the rest what holds, where
 * the provider may say so. `full` is the complete value.
 */
export function toPlanned(attribute: Attribute, schema: AttributeSchema, configured: Value, full: unknown): Value {
  if (configured === null) return schema.computed === true ? toValue(attribute, full) : null;
  if (configured === UNKNOWN || schema.nested === undefined) return configured;
  if (attribute.kind === "object") return plannedObject(attribute.attributes, schema.nested.attributes, configured as Values, full);
  if (attribute.kind !== "map" || attribute.of.kind !== "object") return configured;
  const { attributes } = attribute.of;
  const items = (full ?? {}) as Config;
  return newValues(
    Object.entries(configured as Values).map(([key, item]) => [
      key,
      item === null || item === UNKNOWN ? item : plannedObject(attributes, schema.nested.attributes, item as Values, items[key]),
    ]),
  );
}

function plannedObject(attributes: Attributes, schemas: AttributeSchemas, configured: Values, full: unknown): Values {
  const config = (typeof full === "object" && full !== null ? full : {}) as Config;
  return newValues(
    Object.entries(schemas).map(([name, schema]) => {
      if (schema.write_only === true) return [name, null];
      const attribute = attributes[name];
      const value = configured[name] ?? null;
      return [name, attribute === undefined ? value : toPlanned(attribute, schema, value, config[name])];
    }),
  );
}

/** A number as Terraform has it: what lies between two whole numbers keeps its decimal text. */
export function toNumber(value: number): Value {
  if (Number.isSafeInteger(value)) return value;
  return Number.isInteger(value) ? BigInt(value) : new Decimal(String(value));
}

/** An object or a map without a prototype. */
export function newValues(entries: Iterable<readonly [string, Value]>): Values {
  const values = Object.create(null) as Record<string, Value>;
  for (const [name, value] of entries) values[name] = value;
  return values;
}

/** True when two values are the same; what is unknown is the same as nothing. */
export function sameValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return a !== UNKNOWN;
  if (a instanceof Decimal && b instanceof Decimal) return a.text === b.text;
  if (a instanceof Dynamic && b instanceof Dynamic) return sameValues(a.value, b.value);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || isList(a) !== isList(b)) return false;
  const [left, right] = [a as Values, b as Values];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && sameValues(left[key], right[key]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function versionOf(value: Value | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  return value === UNKNOWN ? ENGINE_UNKNOWN : { version: Number(value) };
}

function toVersion(value: unknown): Value {
  if (value === undefined || value === null) return null;
  return value === ENGINE_UNKNOWN ? UNKNOWN : (value as { readonly version: number }).version;
}
