/** Simulated agents in this process, and the provider over them, with every call counted. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { embeddedSocketPath, openSimulatedHost } from "@ghost/agent";
import type { SimulatedHost } from "@ghost/agent";
import { runEmbedded } from "@ghost/agent/run";
import type { HostCalls } from "@ghost/engine";
import type { Operation } from "@ghost/schemas";
import { connectHost } from "@ghost/proto/client";
import type { HostClient } from "@ghost/proto/client";
import { ghostProvider } from "../../provider/src/ghost/provider.ts";
import type { Diagnostic, Provider } from "../../provider/src/protocol6/provider.ts";
import { configOf, Core, CONTEXT } from "./core.ts";
import type { Json } from "./core.ts";

export interface Fleet extends AsyncDisposable {
  readonly provider: Provider;
  /** Calls by `agent method`. */
  readonly calls: ReadonlyMap<string, number>;
  /** Does something at each call of a method, before it is made. */
  onCall: (agent: string, method: keyof HostCalls) => void;
  /** Comes between the agent and the provider. */
  onExecute: (operations: AsyncIterable<Operation>) => AsyncIterable<Operation>;
  dir(agent: string): string;
  /** Where an agent listens, as the provider's block has it. */
  address(agent: string): string;
  host(agent: string): SimulatedHost;
  client(agent: string): HostClient;
  /** Another walk: Terraform configures the provider again. */
  readonly configure: (more?: { readonly [key: string]: Json }) => Promise<readonly Diagnostic[]>;
  core(type?: string): Core;
  stop(agent: string): Promise<void>;
  start(agent: string): Promise<void>;
}

export async function startFleet(...names: readonly string[]): Promise<Fleet> {
  const root = await mkdtemp(path.join(tmpdir(), "ghost-provider-"));
  const calls = new Map<string, number>();
  const clients: HostClient[] = [];
  const running = new Map<string, { stop(): Promise<void> }>();
  const dir = (agent: string): string => path.join(root, agent);
  const address = (agent: string): string => `unix:${embeddedSocketPath(dir(agent))}`;
  const client = (agent: string): HostClient => {
    const made = connectHost({ name: agent, address: address(agent), timeoutMs: 5000 });
    clients.push(made);
    return made;
  };
  const counted = ({ name, address: at, timeoutMs }: { name: string; address: string; timeoutMs: number }): HostCalls => {
    const real = connectHost({ name, address: at, timeoutMs });
    clients.push(real);
    const count = (method: keyof HostCalls): void => {
      calls.set(`${name} ${method}`, (calls.get(`${name} ${method}`) ?? 0) + 1);
      fleet.onCall(name, method);
    };
    return {
      snapshot: async (...args) => (count("snapshot"), await real.snapshot(...args)),
      execute: (...args) => (count("execute"), fleet.onExecute(real.execute(...args))),
      attachOperation: (...args) => (count("attachOperation"), real.attachOperation(...args)),
      updateSet: async (...args) => (count("updateSet"), await real.updateSet(...args)),
    };
  };
  const start = async (agent: string): Promise<void> => {
    const started = await runEmbedded(dir(agent), { version: "0.1.0", handleSignals: false });
    if (started === undefined) throw new Error(`${agent} runs already`);
    running.set(agent, started);
  };
  const stop = async (agent: string): Promise<void> => {
    await running.get(agent)?.stop();
    running.delete(agent);
  };
  const provider = ghostProvider("0.1.0", counted);
  let last: { readonly [key: string]: Json } = {};
  let walk = 0;
  const fleet: Fleet = {
    provider,
    calls,
    onCall: () => {},
    onExecute: (operations) => operations,
    dir,
    address,
    host: (agent) => openSimulatedHost(dir(agent)),
    client,
    configure: async (more = {}) => {
      last = more;
      walk++;
      return await provider.configure(
        configOf(provider.schema.attributes, {
          stack: "shop",
          agents: Object.fromEntries(names.map((name) => [name, { address: address(name) }])),
          ...more,
        }),
        "1.11.4",
        CONTEXT,
      );
    },
    core: (type) => new Core(provider, type, { number: () => walk, another: () => fleet.configure(last) }),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      for (const one of clients) one.close();
      for (const name of running.keys()) await stop(name);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  for (const name of names) await start(name);
  await fleet.configure();
  return fleet;
}
