/*
 * Attributes between the definition's types and generated messages. Both sides have the same snake_case names, so
 * one walk over the definition does for every message that carries attributes.
 *
 * (1) Canonical form: an unset attribute, an empty map and an empty list are absent; an empty object stays.
 * (2) A message has every map and list, empty where the attribute is absent, and shares what needs no change:
 *     neither side may be changed afterwards.
 */
import { agent, vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import type { AgentSettings, Attribute, VmConfig } from "@ghost/schemas";
import type { AgentSettings as AgentSettingsMessage, VmSpec as VmSpecMessage } from "../../gen/ghost/host/v1/host.ts";

export const vmConfigToWire: (config: VmConfig) => VmSpecMessage = (config) => vmFields.toWire(config) as unknown as VmSpecMessage;

/** Gives the canonical form; an absent message is a VM with nothing set. */
export const vmConfigFromWire: (message: VmSpecMessage | undefined) => VmConfig = (message) =>
  message === undefined ? {} : (vmFields.fromWire(message) as VmConfig);

export const settingsToWire: (settings: AgentSettings) => AgentSettingsMessage = (settings) =>
  settingsFields.toWire(settings) as unknown as AgentSettingsMessage;

export const settingsFromWire: (message: AgentSettingsMessage | undefined) => AgentSettings = (message) =>
  message === undefined ? {} : (settingsFields.fromWire(message) as AgentSettings);

/** True for the configuration of a VM with nothing set, which needs no message. */
export function isEmptyConfig(config: VmConfig): boolean {
  for (const name in config) if (config[name as keyof VmConfig] !== undefined) return false;
  return true;
}

interface Converter {
  /** What the message has where the attribute is absent. */
  readonly absent: unknown;
  readonly toWire: ((value: never) => unknown) | undefined;
  /** Gives undefined for what is canonically absent. */
  readonly fromWire: ((value: never) => unknown) | undefined;
}

const EMPTY_LIST: readonly unknown[] = Object.freeze([]);
const EMPTY_MAP: Readonly<Record<string, unknown>> = Object.freeze({});
const SCALAR: Converter = { absent: undefined, toWire: undefined, fromWire: undefined };

function converterOf(attribute: Attribute): Converter {
  if (attribute.sensitive === true) return SCALAR;
  switch (attribute.kind) {
    case "string":
    case "integer":
    case "boolean":
      return SCALAR;
    case "list":
      return listConverter(converterOf(attribute.of));
    case "map":
      return mapConverter(converterOf(attribute.of));
    case "object":
      return { absent: undefined, ...objectConverter(Object.entries(attribute.attributes)) };
  }
}

function listConverter(item: Converter): Converter {
  const { toWire, fromWire } = item;
  return {
    absent: EMPTY_LIST,
    toWire: toWire && ((list: readonly never[]) => list.map((value) => toWire(value))),
    fromWire: (list: readonly never[]) => (list.length === 0 ? undefined : fromWire === undefined ? list : list.map((value) => fromWire(value))),
  };
}

function mapConverter(item: Converter): Converter {
  const { toWire, fromWire } = item;
  return {
    absent: EMPTY_MAP,
    toWire: toWire && ((map: Record<string, never>) => mapValues(map, Object.keys(map), toWire)),
    fromWire: (map: Record<string, never>) => {
      const keys = Object.keys(map);
      return keys.length === 0 ? undefined : fromWire === undefined ? map : mapValues(map, keys, fromWire);
    },
  };
}

interface ObjectConverter {
  readonly toWire: (value: object) => Record<string, unknown>;
  readonly fromWire: (message: object) => Record<string, unknown>;
}

function objectConverter(attributes: Iterable<readonly [string, Attribute]>): ObjectConverter {
  const fields = Array.from(attributes, ([name, attribute]) => ({ name, ...converterOf(attribute) }));
  return {
    toWire(value) {
      const message: Record<string, unknown> = {};
      for (const { name, absent, toWire } of fields) {
        const own = (value as Record<string, unknown>)[name];
        message[name] = own === undefined ? absent : toWire === undefined ? own : toWire(own as never);
      }
      return message;
    },
    fromWire(message) {
      const value: Record<string, unknown> = {};
      for (const { name, fromWire } of fields) {
        const own = (message as Record<string, unknown>)[name];
        if (own === undefined) continue;
        const converted = fromWire === undefined ? own : fromWire(own as never);
        if (converted !== undefined) value[name] = converted;
      }
      return value;
    },
  };
}

function mapValues(map: Readonly<Record<string, never>>, keys: readonly string[], convert: (value: never) => unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of keys) out[key] = convert(map[key] as never);
  return out;
}

const vmFields = objectConverter(VM_CONFIG_ATTRIBUTES.map((name) => [name, vm.attributes[name]] as const));
const settingsFields = objectConverter(Object.entries(agent.attributes.settings.attributes));
