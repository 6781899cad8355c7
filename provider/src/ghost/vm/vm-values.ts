import type { DesiredVm } from "@ghost/engine";
import type { AgentTemplateConfig, Attribute, Attributes, ObservedVm, VmConfig } from "@ghost/schemas";
import { vm as vmType, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { WRITE_ONLY, WRITE_ONLY_VERSION } from "../../faces/terraform-schema.ts";
import { fromValues } from "../../faces/values.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";

/** What an agent keeps of a VM. */
export const CONFIG_ATTRIBUTES: Attributes = Object.fromEntries(
  VM_CONFIG_ATTRIBUTES.map((name): [string, Attribute] => [name, vmType.attributes[name]]),
);

/** What says which image a VM is made from. */
export const IMAGE_KEYS = ["image", "image_url", "image_sha256", "image_path"] as const;

/** The configuration that a state or a configuration of Terraform's means; a template gives the image where none is named. */
export function toVmConfig(values: Values, findTemplate: FindTemplate): VmConfig {
  const config = fromValues(CONFIG_ATTRIBUTES, values) as VmConfig;
  if (typeof config.template !== "string" || IMAGE_KEYS.some((key) => config[key] !== undefined)) return config;
  const template = findTemplate(config.template);
  if (template === undefined) return config;
  return { ...config, ...Object.fromEntries(IMAGE_KEYS.flatMap((key) => (template[key] === undefined ? [] : [[key, template[key]]]))) };
}

/** What a template of the VM's agent is made from. */
export type FindTemplate = (name: string) => AgentTemplateConfig | undefined;

/** A VM as the engine plans one; `name` where the configuration does not know it yet. */
export function toDesiredVm(values: Values, agent: string, name: string, findTemplate: FindTemplate): DesiredVm {
  return {
    name,
    key: name,
    agent,
    config: toVmConfig(values, findTemplate),
    dependsOn: [],
    previousNames: [],
    adopt: isAdopting(values),
    secrets: Object.fromEntries(secretsOf(values).map((path) => [path.join("."), "write-only"])),
    origins: {},
  };
}

/** Whether the configuration takes over what belongs to someone else; what is not known yet is decided when it is. */
function isAdopting(values: Values): boolean {
  return values["adopt"] === true || values["adopt"] === UNKNOWN;
}

/** Paths of the secrets that are set. */
function secretsOf(values: Values): readonly (readonly string[])[] {
  return SECRETS.filter((path) => (secretVersion(values, path) ?? null) !== null);
}

/** Where Terraform's configuration has what the engine calls by this path: of a secret that is its version. */
export function toConfigPath(path: readonly string[]): readonly string[] {
  const isSecret = SECRETS.some((secret) => secret.length === path.length && secret.every((key, at) => key === path[at]));
  return isSecret ? [...path.slice(0, -1), `${path.at(-1)}${WRITE_ONLY_VERSION}`] : path;
}

/** The value of a secret; it is only in a configuration. */
export function secretValue(config: Values, path: readonly string[]): Value | undefined {
  return valueAt(config, path, WRITE_ONLY);
}

/** The version of a secret. */
export function secretVersion(config: Values, path: readonly string[]): Value | undefined {
  return valueAt(config, path, WRITE_ONLY_VERSION);
}

const SECRETS: readonly (readonly string[])[] = findSecrets(CONFIG_ATTRIBUTES, []);

function findSecrets(attributes: Attributes, path: readonly string[]): (readonly string[])[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    if (attribute.sensitive === true) return [[...path, name]];
    return attribute.kind === "object" ? findSecrets(attribute.attributes, [...path, name]) : [];
  });
}

function valueAt(values: Values, path: readonly string[], suffix: string): Value | undefined {
  let value: Value | undefined = values;
  for (const [at, key] of path.entries()) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Values)[at === path.length - 1 ? key + suffix : key];
  }
  return value;
}

/** What only the agent can say of a VM. */
export function computedValues(vm: ObservedVm): Values {
  return { uid: vm.uid, ip_address: vm.ipAddress, image_digest: vm.imageDigest, status: vm.status, owner: vm.owner };
}
