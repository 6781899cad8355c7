import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { PROVIDER_SOURCE } from "@ghost/schemas";
import { tempFolder } from "../../support/ghost.ts";
import { startAgent } from "./agents.ts";
import type { SimulatedAgent } from "./agents.ts";
import { mirrorEnvironment } from "./mirror.ts";
import { reattachEnvironment } from "./reattach.ts";
import { explain, outcomeOf, spawnTerraform, terraform } from "./terraform.ts";
import type { Outcome, Surroundings } from "./terraform.ts";

export interface SiteOptions {
  /** Names of the agents; the first is the one most tests are about. Defaults to `["desk"]`. None where `write` names others. */
  readonly agents?: readonly string[];
  /** `mirror`: the provider is a process of each command, found as a user's would be. Defaults to `reattach`: one for all. */
  readonly by?: "mirror" | "reattach";
  readonly stack?: string;
  /** Further attributes of the provider block, as HCL. */
  readonly provider?: string;
  /** Agents of another site, instead of own ones. */
  readonly on?: Site;
  /** Beside what terraform is given anyway. */
  readonly env?: NodeJS.ProcessEnv;
  /** For one command of terraform; a minute when not given, which none over simulated hosts comes near. */
  readonly commandTimeoutMs?: number;
}

interface WriteOptions {
  /** Further attributes of the provider block, instead of the site's. */
  readonly provider?: string;
  /** The whole body of the provider block. */
  readonly providerBody?: string;
  /** Other files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One of `resource_changes` of a plan's JSON. */
export interface PlannedChange {
  readonly actions: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** True, or an object of what is unknown within. */
  readonly after_unknown: Readonly<Record<string, unknown>>;
  readonly importing?: { readonly id: string };
}

type AttributeValues = Readonly<Record<string, unknown>>;

/** Simulated agents and a folder with a configuration, gone when the scope ends. */
export interface Site extends AsyncDisposable, Surroundings {
  readonly agents: Readonly<Record<string, SimulatedAgent>>;
  /** The first agent. */
  readonly desk: SimulatedAgent;
  /** Writes the configuration: `required_providers`, the provider block, and this. */
  write(hcl: string, options?: WriteOptions): Promise<void>;
  run(...args: readonly string[]): Promise<Outcome>;
  /** The same, and it must end with 0. */
  ok(...args: readonly string[]): Promise<Outcome>;
  start(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Outcome> };
  /** Ends with 0 or 2. */
  plan(...args: readonly string[]): Promise<Outcome>;
  /** The changes of a plan, by address. */
  planned(...args: readonly string[]): Promise<Readonly<Record<string, PlannedChange>>>;
  /** What is refused: the errors of `terraform COMMAND -json`. */
  refused(...args: readonly string[]): Promise<Outcome>;
  /** Applies, and then there is nothing to plan. */
  apply(...args: readonly string[]): Promise<Outcome>;
  /** Nothing to do, nothing drifted. */
  settled(): Promise<void>;
  /** Values by address, of the state or of a saved plan's. */
  values(): Promise<Readonly<Record<string, AttributeValues>>>;
  /** Addresses that the state holds as tainted. */
  tainted(): Promise<readonly string[]>;
}

/** Starts agents over empty simulated hosts and makes a folder for a configuration that names them. */
export async function openSite({
  agents: names = ["desk"],
  by = "reattach",
  stack = "shop",
  provider = "",
  on,
  env: more = {},
  commandTimeoutMs,
}: SiteOptions = {}): Promise<Site> {
  await using opened = new AsyncDisposableStack();
  const temp = opened.use(await tempFolder());
  const agents: Record<string, SimulatedAgent> = { ...on?.agents };
  if (on === undefined) for (const name of names) agents[name] = opened.use(await startAgent(name, path.join(temp.path, name)));
  const [desk] = Object.values(agents);
  const dir = temp.path;
  const env = { ...(by === "mirror" ? await mirrorEnvironment() : await reattachEnvironment()), ...more };
  const around: Surroundings = { dir, env, ...(commandTimeoutMs !== undefined && { commandTimeoutMs }) };
  const parts = opened.move();
  let initialized = by === "reattach";

  const run = (...args: readonly string[]): Promise<Outcome> => terraform(args, around);
  const ended = async (codes: readonly number[], args: readonly string[]): Promise<Outcome> => {
    const outcome = await run(...args);
    assert.ok(outcome.code !== null && codes.includes(outcome.code), explain(outcome, around));
    return outcome;
  };
  const site: Site = {
    ...around,
    agents,
    get desk() {
      if (desk === undefined) throw new Error("this site has no agent of its own");
      return desk;
    },
    async write(hcl, { provider: extra = provider, providerBody, files = {} } = {}) {
      const body = providerBody ?? `stack = "${stack}"\n  agents = ${agentsMap(Object.values(agents))}\n  ${extra}`;
      await writeFile(path.join(dir, "main.tf"), `${head(body)}\n${hcl}\n`);
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
      if (initialized) return;
      initialized = true;
      await ended([0], ["init", "-no-color"]);
    },
    run,
    ok: (...args) => ended([0], args),
    start(...args) {
      const child = spawnTerraform(args, around);
      return { child, ended: outcomeOf(child, args) };
    },
    plan: (...args) => ended([0, 2], ["plan", "-json", "-detailed-exitcode", ...args]),
    async planned(...args) {
      await ended([0], ["plan", "-out=planned.tfplan", "-no-color", ...args]);
      const { stdout } = await ended([0], ["show", "-json", "planned.tfplan"]);
      const { resource_changes: changes = [] } = JSON.parse(stdout) as {
        resource_changes?: readonly { readonly address: string; readonly change: PlannedChange }[];
      };
      return Object.fromEntries(changes.map(({ address, change }) => [address, change]));
    },
    refused: (...args) => ended([1], [...args, "-json"]),
    async apply(...args) {
      const outcome = await ended([0], ["apply", "-auto-approve", "-json", ...args]);
      await site.settled();
      return outcome;
    },
    async settled() {
      const outcome = await run("plan", "-json", "-detailed-exitcode");
      assert.equal(outcome.code, 0, `there is something left to plan\n${explain(outcome, around)}`);
      assert.deepEqual(outcome.drift, {}, explain(outcome, around));
    },
    async values() {
      const { stdout } = await ended([0], ["show", "-json"]);
      const { values } = JSON.parse(stdout) as { values?: { root_module: StateModule } };
      return Object.fromEntries(resourcesOf(values?.root_module).map(({ address, values: each }) => [address, each]));
    },
    async tainted() {
      const state = JSON.parse(await readFile(path.join(dir, "terraform.tfstate"), "utf8")) as RawState;
      return state.resources.flatMap(({ type, name, instances }) =>
        instances.filter(({ status }) => status === "tainted").map(() => `${type}.${name}`),
      );
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
  return site;
}

interface StateModule {
  readonly resources?: readonly { readonly address: string; readonly values: AttributeValues }[];
  readonly child_modules?: readonly StateModule[];
}

interface RawState {
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly instances: readonly { readonly status?: string }[];
  }[];
}

function resourcesOf(module: StateModule | undefined): readonly { readonly address: string; readonly values: AttributeValues }[] {
  if (module === undefined) return [];
  return [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(resourcesOf)];
}

/** The `agents` of a provider block. */
export function agentsMap(agents: readonly Pick<SimulatedAgent, "name" | "address">[]): string {
  return `{\n${agents.map(({ name, address }) => `    ${name} = { address = "${address}" }\n`).join("")}  }`;
}

function head(providerBody: string): string {
  return `terraform {
  required_providers {
    ghost = { source = "${PROVIDER_SOURCE}" }
  }
}

provider "ghost" {
  ${providerBody.trim()}
}
`;
}
