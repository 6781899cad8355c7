import { checkTemplate } from "@ghost/engine";
import type { AgentSettings, AgentTemplateConfig, Attribute, Attributes, Diagnostic, VmConfig } from "@ghost/schemas";
import { agent, AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate, GhostError, vm } from "@ghost/schemas";

/**
 * Checks a VM's values against the one definition, whatever the caller has checked already: an agent never gives a
 * name or a number to its hypervisor that the definition forbids. Throws VM_INVALID with every problem.
 */
export function validateVm(config: VmConfig): void {
  const problems: Diagnostic[] = [];
  const attributes: Attributes = vm.attributes;
  for (const [name, value] of Object.entries(config)) {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) continue;
    if (attribute === undefined || attribute.mode === "computed") problems.push(invalid([name], "is not an attribute of a VM"));
    else check(attribute, value, [name], problems);
  }
  if (config.name === undefined) problems.push(invalid(["name"], "is missing"));
  if (config.vcpu_max !== undefined && config.vcpu !== undefined && config.vcpu_max < config.vcpu)
    problems.push(invalid(["vcpu_max"], `is ${config.vcpu_max} and must not be below vcpu (${config.vcpu})`));
  if (config.ram_max_gb !== undefined && config.ram_gb !== undefined && config.ram_max_gb < config.ram_gb)
    problems.push(invalid(["ram_max_gb"], `is ${config.ram_max_gb} and must not be below ram_gb (${config.ram_gb})`));
  if (config.disks?.["root"] !== undefined)
    problems.push(invalid(["disks", "root"], "has the name of the root disk, whose size is disk_gb"));
  if (config.image_url !== undefined && config.image_sha256 === undefined)
    problems.push(invalid(["image_sha256"], "is missing; image_url needs it"));
  if ([config.image, config.image_url, config.image_path].filter((image) => image !== undefined).length > 1)
    problems.push(invalid(["image"], "is one of several images; a VM has one of image, image_url and image_path"));
  for (const [card, network] of Object.entries(config.networks ?? {})) {
    if (network.network !== undefined && network.bridge !== undefined)
      problems.push(invalid(["networks", card], "has a network and a bridge; a card is plugged into one of them"));
  }
  if (problems[0] !== undefined) throw new GhostError([problems[0], ...problems.slice(1)]);
}

/** The same for a template. Throws TEMPLATE_INVALID with every problem. */
export function validateTemplate(config: AgentTemplateConfig): void {
  const problems: Diagnostic[] = [];
  for (const name of AGENT_TEMPLATE_CONFIG_ATTRIBUTES)
    if (config[name] !== undefined) check(agentTemplate.attributes[name], config[name], [name], problems);
  const [first, ...others] = [...problems.map((one): Diagnostic => ({ ...one, code: "TEMPLATE_INVALID" })), ...checkTemplate(config)];
  if (first !== undefined) throw new GhostError([first, ...others]);
}

/** The same for the settings that a step carries. Throws PLAN_MISMATCH with every problem: no planner makes such a step. */
export function validateSettings(settings: AgentSettings): void {
  const problems: Diagnostic[] = [];
  check(agent.attributes.settings, settings, [], problems);
  const [first, ...others] = problems.map((one): Diagnostic => ({
    ...one,
    code: "PLAN_MISMATCH",
    detail: `The settings of the step are none: ${one.detail}`,
    hint: "Plan again with the same version of Ghost as the agent's.",
  }));
  if (first !== undefined) throw new GhostError([first, ...others]);
}

function check(attribute: Attribute, value: unknown, path: readonly string[], problems: Diagnostic[]): void {
  if (attribute.sensitive === true) {
    const version = (value as { version?: unknown } | null)?.version;
    if (typeof version !== "number" || !Number.isInteger(version)) problems.push(invalid(path, "must be the version of a secret"));
    return;
  }
  switch (attribute.kind) {
    case "string": {
      if (typeof value !== "string") return void problems.push(invalid(path, "must be a text"));
      if (attribute.oneOf !== undefined && !attribute.oneOf.includes(value))
        problems.push(invalid(path, `is ${JSON.stringify(value)}; it must be one of ${attribute.oneOf.join(", ")}`));
      if (attribute.pattern !== undefined && !matches(attribute.pattern, value))
        problems.push(invalid(path, `is ${JSON.stringify(value)}; it must be ${attribute.patternDoc ?? attribute.pattern}`));
      if (attribute.maxLength !== undefined && value.length > attribute.maxLength && countCharacters(value) > attribute.maxLength)
        problems.push(invalid(path, `has ${countCharacters(value)} characters; ${attribute.maxLength} are allowed`));
      return;
    }
    case "integer": {
      if (typeof value !== "number" || !Number.isFinite(value)) return void problems.push(invalid(path, "must be a number"));
      // A machine that was adopted may have half a GiB; nobody can write one.
      const isSize = attribute.unit === "gib";
      if (!isSize && !Number.isInteger(value)) problems.push(invalid(path, `is ${value}; it must be a whole number`));
      if (isSize && attribute.min !== 0 ? value <= 0 : attribute.min !== undefined && value < attribute.min)
        problems.push(invalid(path, `is ${value}; it must be at least ${attribute.min ?? 1}`));
      if (attribute.max !== undefined && value > attribute.max)
        problems.push(invalid(path, `is ${value}; it must be at most ${attribute.max}`));
      return;
    }
    case "boolean":
      if (typeof value !== "boolean") problems.push(invalid(path, "must be true or false"));
      return;
    case "list":
      if (!Array.isArray(value)) return void problems.push(invalid(path, "must be a list"));
      for (const [index, item] of value.entries()) check(attribute.of, item, [...path, String(index)], problems);
      return;
    case "map":
      if (typeof value !== "object" || value === null) return void problems.push(invalid(path, "must be a map"));
      for (const [key, item] of Object.entries(value)) {
        if (attribute.keyPattern !== undefined && !matches(attribute.keyPattern, key))
          problems.push(invalid(path, `has the key ${JSON.stringify(key)}; a key must be ${attribute.keyDoc ?? attribute.keyPattern}`));
        check(attribute.of, item, [...path, key], problems);
      }
      return;
    case "object":
      if (typeof value !== "object" || value === null) return void problems.push(invalid(path, "must be an object"));
      for (const [key, item] of Object.entries(value)) {
        const inner = Object.hasOwn(attribute.attributes, key) ? attribute.attributes[key] : undefined;
        if (inner === undefined) problems.push(invalid([...path, key], "is not known"));
        else if (item !== undefined) check(inner, item, [...path, key], problems);
      }
      for (const [key, inner] of Object.entries(attribute.attributes)) {
        if (inner.mode === "required" && (value as Record<string, unknown>)[key] === undefined)
          problems.push(invalid([...path, key], "is missing"));
      }
      return;
  }
}

/** As in a spec: a character beyond the first 65,536 is one. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const patterns = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  let regex = patterns.get(pattern);
  if (regex === undefined) patterns.set(pattern, (regex = new RegExp(pattern, "u")));
  return regex.test(text);
}

function invalid(path: readonly string[], what: string): Diagnostic {
  return { code: "VM_INVALID", severity: "error", detail: `"${path.join(".")}" ${what}.`, path: [...path] };
}
