import type { Attribute, Attributes, ObservedVm, VmConfig } from "@ghost/schemas";
import { vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { isEmpty } from "./same.ts";

type Values = Readonly<Record<string, unknown>>;

const ATTRIBUTES: Attributes = vm.attributes;

/** What a new VM gets where its spec says nothing; recorded with the VM, so that a later release changes nothing. */
export const BUILTIN_DEFAULTS: VmConfig = {
  ...(defaultsOf(Object.fromEntries(VM_CONFIG_ATTRIBUTES.map((name) => [name, ATTRIBUTES[name]!]))) as VmConfig),
  networks: { default: { network: vm.attributes.networks.of.attributes.network.default } },
};

/** What an adopted VM keeps where the spec says nothing: taking it over must not rebuild it. */
const KEPT_ON_ADOPTION = [
  "vcpu",
  "ram_gb",
  "disk_gb",
  "networks",
  "autostart",
  "firmware",
  "machine",
  "accel",
] as const satisfies readonly (keyof VmConfig)[];

const DEFAULTED = Object.keys(BUILTIN_DEFAULTS) as readonly (keyof VmConfig)[];

/**
 * The defaults to record with a VM that Ghost did not make: its hardware as it is, the built-in ones for the rest. It
 * gets no card and no root disk that it does not have.
 */
export function adoptedDefaults(live: VmConfig): VmConfig {
  const kept = Object.fromEntries(KEPT_ON_ADOPTION.filter((name) => live[name] !== undefined).map((name) => [name, live[name]]));
  const { networks: _networks, disk_gb: _diskGb, ...others } = BUILTIN_DEFAULTS;
  return withDefaults(kept, others);
}

/** What a VM has on record beside its spec; nothing for a VM that is not there yet. */
export type Recorded = Pick<ObservedVm, "defaults" | "live">;

/** The defaults that hold for a VM: those recorded with it, those of its hardware when nothing is, else the built-in ones. */
export function defaultsFor(existing: Recorded | undefined): VmConfig {
  if (existing === undefined) return BUILTIN_DEFAULTS;
  return isEmpty(existing.defaults) ? adoptedDefaults(existing.live) : existing.defaults;
}

/**
 * A VM's complete desired configuration. Where an attribute had no default yet when the VM was made, an existing VM
 * keeps what it has: a default that comes with a later release is never a change.
 */
export function completeConfig(config: VmConfig, existing?: Recorded): VmConfig {
  const full = withDefaults(config, defaultsFor(existing));
  if (existing === undefined) return full;
  let kept: Record<string, unknown> | undefined;
  for (const name of DEFAULTED) {
    if (full[name] === undefined && existing.live[name] !== undefined) (kept ??= { ...full })[name] = existing.live[name];
  }
  return (kept as VmConfig | undefined) ?? full;
}

/**
 * A complete configuration: what is set, and the defaults for the rest. Objects are filled by key; the items of a map
 * get the defaults of an item. Empty maps and lists count as unset and are left out.
 */
export function withDefaults(config: VmConfig, defaults: VmConfig): VmConfig {
  const full: Record<string, unknown> = {};
  for (const name of VM_CONFIG_ATTRIBUTES) {
    const value = fill(ATTRIBUTES[name]!, config[name], defaults[name]);
    if (!isEmpty(value)) full[name] = value;
  }
  return full as VmConfig;
}

function fill(attribute: Attribute, value: unknown, fallback: unknown): unknown {
  switch (attribute.kind) {
    case "object":
      return isEmpty(value) ? fallback : merge(fallback, value);
    case "map":
      return fillItems(attribute.of, isEmpty(value) ? fallback : value);
    case "list":
      return isEmpty(value) ? fallback : value;
    case "string":
    case "integer":
    case "boolean":
      return value === undefined ? fallback : value;
  }
}

function fillItems(item: Attribute, value: unknown): unknown {
  if (item.kind !== "object" || typeof value !== "object" || value === null) return value;
  const defaults = defaultsOf(item.attributes);
  if (isEmpty(defaults)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillItem(one, defaults)]));
}

function fillItem(item: unknown, defaults: Values): unknown {
  // A card on a bridge is on no network.
  if (typeof item !== "object" || item === null || (item as Values)["bridge"] !== undefined) return item;
  return merge(defaults, item);
}

function merge(defaults: unknown, values: unknown): unknown {
  if (typeof values !== "object") return values;
  const merged: Record<string, unknown> = { ...(defaults as Values | undefined) };
  for (const [key, value] of Object.entries(values as Values)) if (!isEmpty(value)) merged[key] = value;
  return merged;
}

function defaultsOf(attributes: Attributes): Values {
  const defaults: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = attribute.kind === "object" ? defaultsOf(attribute.attributes) : "default" in attribute ? attribute.default : undefined;
    if (!isEmpty(value)) defaults[name] = value;
  }
  return defaults;
}
