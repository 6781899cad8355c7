import type { TerraformResource } from "cdktf";
import { TerraformElement, TerraformStack, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { Agent } from "../agent/index.ts";
import type { GhostProviderAgents } from "../provider/index.ts";
import { GhostProvider } from "../provider/index.ts";
import type { VmConfig } from "../vm/index.ts";
import { Vm } from "../vm/index.ts";
import type { AttributeValues, ReadSpec, ResolvedAgent, ResolvedSecret, ResolvedSpec, ResolvedVm } from "./resolved-spec.ts";

/** The parser of the `ghost` command, bundled when the package is built. */
const { readSpec } = require("./read-spec.js") as { readonly readSpec: ReadSpec };

export interface GhostSpecConfig {
  /** The spec: a file, or a folder with its *.yaml and *.yml files; relative to the current folder. Either this or `text`. */
  readonly file?: string;
  /** The spec as text. */
  readonly text?: string;
  /** Values of the spec's variables; `GHOST_VAR_name` of the environment counts too. */
  readonly variables?: Readonly<Record<string, string | number | boolean>>;
  /** A provider that is there already, of the spec's stack and with all of its agents. Without one the spec makes it. */
  readonly provider?: GhostProvider;
  /** The worst impact that a plan may have, for the provider that the spec makes. */
  readonly maxImpact?: string;
  /**
   * The expression that gives a secret's value, from `env:NAME` or `file:PATH` (absolute). Without it, or where it gives
   * nothing, the value comes from a Terraform variable: NAME, or the last part of PATH.
   */
  readonly secret?: (reference: string) => string | undefined;
}

/**
 * The resources of a Ghost spec: a `ghost_vm` for each of its VMs (templates, variables and replicas resolved), a
 * `ghost_agent` for each agent that it sets something of, and the provider that reaches them. Throws when the spec has a
 * problem; the message has the file, the line and a caret.
 *
 * Addresses in Terraform are `ghost_vm.<name>`, wherever in the tree the construct stands: moving it moves no machine.
 */
export class GhostSpec extends Construct {
  readonly provider: GhostProvider;
  readonly #vms = new Map<string, Vm>();
  readonly #agents = new Map<string, Agent>();

  constructor(scope: Construct, id: string, config: GhostSpecConfig) {
    super(scope, id);
    const { file, text, variables, provider } = config;
    const spec = readSpec({
      ...(file !== undefined && { file }),
      ...(text !== undefined && { text }),
      ...(variables !== undefined && { variables }),
      env: process.env,
      cwd: process.cwd(),
    });
    if (provider !== undefined) checkProvider(provider, spec);
    this.provider = provider ?? makeProvider(this, spec, config.maxImpact);
    for (const { name, settings } of spec.agents) {
      if (settings === undefined) continue;
      const agent = new Agent(this, `agent-${name}`, { name, settings, provider: this.provider });
      this.#agents.set(name, withAddress(agent, name));
    }
    const secrets = new Secrets(this, config.secret);
    for (const vm of spec.vms) this.#vms.set(vm.name, this.#makeVm(vm, secrets));
    for (const { name, dependsOn } of spec.vms) {
      if (dependsOn.length > 0) this.vm(name).dependsOn = dependsOn.map((other) => `ghost_vm.${other}`);
    }
  }

  /** Names of the VMs, replicas included, in the order of the spec. */
  get vmNames(): readonly string[] {
    return [...this.#vms.keys()];
  }

  /** The resource of a VM, for whatever a spec cannot say: `lifecycle`, `addOverride`, outputs. A replica is `web-1`. */
  vm(name: string): Vm {
    return find(this.#vms, name, "VM");
  }

  /** The resource with an agent's settings; throws for an agent that the spec sets nothing of. */
  agent(name: string): Agent {
    return find(this.#agents, name, "agent with settings");
  }

  #makeVm({ name, attributes, secrets: secretsOfVm, previousNames }: ResolvedVm, secrets: Secrets): Vm {
    const filled = secretsOfVm.reduce((values, secret) => put(values, secret.path, secrets.valueOf(secret)), attributes);
    const vm = new Vm(this, name, { ...(filled as unknown as VmConfig), provider: this.provider });
    // Each name leads to the next one, so that whichever of them the state has ends here.
    previousNames.forEach((previous, index) => {
      new Moved(this, `${name}-was-${previous}`, { from: `ghost_vm.${previous}`, to: `ghost_vm.${previousNames[index + 1] ?? name}` });
    });
    return withAddress(vm, name);
  }
}

function makeProvider(scope: GhostSpec, { stack, agents }: ResolvedSpec, maxImpact: string | undefined): GhostProvider {
  const other = TerraformStack.of(scope)
    .node.findAll()
    .find((node) => node instanceof GhostProvider && node.alias === undefined);
  if (other !== undefined) {
    throw new Error(
      `The stack has a ghost provider already (${other.node.path}): give it to the GhostSpec ${scope.node.path} as "provider", or put that into a stack of its own.`,
    );
  }
  return new GhostProvider(scope, "provider", {
    stack,
    agents: Object.fromEntries(agents.map(({ name, connection }: ResolvedAgent) => [name, connection as unknown as GhostProviderAgents])),
    ...(maxImpact !== undefined && { maxImpact }),
  });
}

/** What it says as a token is known only to Terraform, and is not checked. */
function checkProvider(provider: GhostProvider, { stack, agents }: ResolvedSpec): void {
  const given = provider.stackInput;
  if (given !== undefined && given !== stack && !given.includes("${")) {
    throw new Error(`The provider ${provider.node.path} is of the stack "${given}", and the spec of "${stack}". Give both the same name.`);
  }
  const known = provider.agentsInput;
  if (known === undefined || "resolve" in known) return;
  const missing = agents.find(({ name }) => !Object.hasOwn(known, name));
  if (missing !== undefined) throw new Error(`The provider ${provider.node.path} has no agent "${missing.name}", which the spec names.`);
}

/** The Terraform address is the type and this name alone. */
function withAddress<T extends TerraformResource>(resource: T, name: string): T {
  const other = TerraformStack.of(resource)
    .node.findAll()
    .find((node) => node !== resource && node.constructor === resource.constructor && (node as TerraformElement).friendlyUniqueId === name);
  if (other !== undefined) {
    throw new Error(
      `The stack has the resource ${resource.terraformResourceType}.${name} already (${other.node.path}): put one of the two into a stack of its own.`,
    );
  }
  resource.overrideLogicalId(name);
  return resource;
}

function find<T>(resources: ReadonlyMap<string, T>, name: string, what: string): T {
  const resource = resources.get(name);
  if (resource !== undefined) return resource;
  throw new Error(`The spec has no ${what} "${name}"; there are ${[...resources.keys()].join(", ") || "none"}.`);
}

/** The values, with one more at the path; nothing that is given changes. */
function put(values: AttributeValues, [key, ...rest]: readonly string[], value: string): AttributeValues {
  if (key === undefined) return values;
  const [next] = rest;
  return { ...values, [key]: next === undefined ? value : put((values[key] ?? {}) as AttributeValues, rest, value) };
}

/** Where the values of secrets come from. None is ever read while a stack is made. */
class Secrets {
  readonly #scope: Construct;
  readonly #given: GhostSpecConfig["secret"];
  readonly #references = new Map<string, string>();

  constructor(scope: Construct, given: GhostSpecConfig["secret"]) {
    this.#scope = scope;
    this.#given = given;
  }

  valueOf({ reference }: ResolvedSecret): string {
    return this.#given?.(reference) ?? this.#variable(reference).stringValue;
  }

  /** One for each reference; one of its name that the stack has already is taken. */
  #variable(reference: string): TerraformVariable {
    const name = variableName(reference);
    const taken = this.#references.get(name);
    if (taken !== undefined && taken !== reference) {
      throw new Error(`The secrets ${taken} and ${reference} would both be the variable ${name}: say with "secret" where each comes from.`);
    }
    this.#references.set(name, reference);
    const stack = TerraformStack.of(this.#scope);
    const present = stack.node.tryFindChild(name);
    if (present instanceof TerraformVariable) return present;
    const variable = new TerraformVariable(stack, name, {
      type: "string",
      sensitive: true,
      description: `The secret ${reference} of the Ghost spec.`,
    });
    // In no plan and no state; Terraform asks for it again when it applies a saved plan.
    variable.addOverride("ephemeral", true);
    return variable;
  }
}

/** `env:WEB_PASSWORD` is WEB_PASSWORD, `file:/run/secrets/web.txt` is web_txt. */
function variableName(reference: string): string {
  const name = reference.replace(/^(?:env:|file:(?:.*\/)?)/, "").replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** A block that tells Terraform of a resource's former address. */
class Moved extends TerraformElement {
  readonly #addresses: { readonly from: string; readonly to: string };

  constructor(scope: Construct, id: string, addresses: { readonly from: string; readonly to: string }) {
    super(scope, id);
    this.#addresses = addresses;
  }

  override toTerraform(): object {
    return { moved: [this.#addresses] };
  }
}
