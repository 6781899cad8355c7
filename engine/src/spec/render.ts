import type { SourceLocation } from "@ghost/schemas";
import { agent as agentType, SPEC_VERSION } from "@ghost/schemas";
import type { Desired, DesiredAgent, DesiredVm, Origin } from "../desired.ts";
import { BUILTIN_DEFAULTS } from "../diff/defaults.ts";
import { AGENT_FIELDS } from "./agent-blocks.ts";
import type { Emittable } from "./emit.ts";
import { emitYaml } from "./emit.ts";
import { orderByDefinition } from "./ordered.ts";
import { VM_FIELDS } from "./vm-blocks.ts";

/** A spec as the planner sees it: a spec again, without templates, variables and replicas. */
export type EffectiveSpec = { readonly [key: string]: Emittable };

/** One value of it and where it is from. */
export interface ExplainedValue {
  /** `["vms", "web-1", "ram_gb"]`. */
  readonly path: readonly string[];
  readonly value: Emittable;
  readonly layer: Origin["layer"];
  /** Name of the template or variable. */
  readonly name?: string;
  /** Where it is written; absent for a built-in default. */
  readonly at?: SourceLocation;
}

/** The resolved spec as data; what it means is what the spec means. */
export function effectiveSpec(desired: Desired): EffectiveSpec {
  const replicas = new Map<string, string[]>();
  for (const { key, name } of desired.vms) replicas.set(key, [...(replicas.get(key) ?? []), name]);
  return {
    ghost: SPEC_VERSION,
    stack: desired.stack,
    agents: Object.fromEntries(desired.agents.map((one) => [one.name, effectiveAgent(one)])),
    vms: Object.fromEntries(desired.vms.map((vm) => [vm.name, effectiveVm(vm, replicas)])),
  };
}

/** The effective spec as YAML; with `explain`, each value with its origin behind it, and the built-in defaults above as a comment. */
export function renderEffective(desired: Desired, { explain = false }: { readonly explain?: boolean } = {}): string {
  const spec = effectiveSpec(desired);
  if (!explain) return emitYaml(spec);
  const origins = indexOrigins(desired);
  return emitYaml(spec, {
    comment: (path) => {
      const origin = path.length < 2 ? undefined : origins.get(`${path[0]} ${path[1]}`)?.[path.slice(2).join(".")];
      return origin === undefined ? undefined : describeOrigin(origin);
    },
    heading: (path) => (path.length === 1 && path[0] === "vms" ? DEFAULTS_HEADING : []),
  });
}

/** Every single value with its origin, for programs. Built-in defaults hold for VMs that are not there yet. */
export function explainEffective(desired: Desired): readonly ExplainedValue[] {
  const spec = effectiveSpec(desired);
  const origins = indexOrigins(desired);
  const explained: ExplainedValue[] = [];
  const walk = (path: readonly string[], value: Emittable): void => {
    if (typeof value === "object" && !Array.isArray(value) && !("secret" in value)) {
      for (const [key, inner] of Object.entries(value)) if (inner !== undefined) walk([...path, key], inner);
      return;
    }
    const origin = origins.get(`${path[0]} ${path[1]}`)?.[path.slice(2).join(".")];
    if (origin !== undefined)
      explained.push({ path, value, layer: origin.layer, ...(origin.name !== undefined && { name: origin.name }), at: origin.at });
  };
  for (const section of ["agents", "vms"]) walk([section], spec[section]!);
  for (const { name } of desired.vms)
    for (const [key, value] of defaultsOf(spec, name)) explained.push({ path: ["vms", name, key], value, layer: "default" });
  return explained;
}

function effectiveAgent({ address, tls, timeoutMs, settings }: DesiredAgent): Emittable {
  const timeoutS = timeoutMs / 1000;
  return orderByDefinition(
    AGENT_FIELDS,
    {
      address,
      tls,
      timeout_s: timeoutS === agentType.attributes.timeout_s.default ? undefined : timeoutS,
      settings: Object.keys(settings).length === 0 ? undefined : settings,
    },
    noSecret,
  );
}

function effectiveVm(
  { agent, config, dependsOn, previousNames, adopt, secrets }: DesiredVm,
  replicas: ReadonlyMap<string, readonly string[]>,
): Emittable {
  const { name: _name, template: _template, ...own } = config;
  const links = dependsOn.flatMap((key) => replicas.get(key) ?? []);
  return orderByDefinition(
    VM_FIELDS,
    {
      agent,
      ...own,
      depends_on: links.length === 0 ? undefined : links,
      previous_names: previousNames.length === 0 ? undefined : previousNames,
      adopt: adopt || undefined,
    },
    (path, version) => ({ secret: secrets[path] ?? "", version }),
  );
}

function noSecret(): Emittable {
  return {};
}

function indexOrigins({ agents, vms }: Desired): ReadonlyMap<string, Readonly<Record<string, Origin>>> {
  return new Map([
    ...agents.map(({ name, origins }) => [`agents ${name}`, origins ?? {}] as const),
    ...vms.map(({ name, origins }) => [`vms ${name}`, origins] as const),
  ]);
}

function describeOrigin({ at, layer, name }: Origin): string {
  const place = `${at.file}:${at.line}`;
  return name === undefined ? place : `${place}, ${layer} ${name}`;
}

/** What the built-in defaults give a new VM beside what is set. */
function defaultsOf(spec: EffectiveSpec, name: string): readonly (readonly [key: string, value: Emittable])[] {
  const vm = (spec["vms"] as { readonly [key: string]: Emittable })[name] as { readonly [key: string]: Emittable };
  return DEFAULTS.filter(([key]) => vm[key] === undefined);
}

const DEFAULTS = Object.entries(BUILTIN_DEFAULTS as { readonly [key: string]: Emittable });
const DEFAULTS_HEADING = [
  "What a new VM gets where nothing is set; an existing one keeps the defaults it was made with:",
  ...emitYaml(Object.fromEntries(DEFAULTS))
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`),
];
