import { mkdir } from "node:fs/promises";
import path from "node:path";
import { assemble } from "../../../agent/src/assemble.ts";
import type { AssembledAgent, Assembly } from "../../../agent/src/assemble.ts";
import { openSimulatedHypervisor } from "../../../agent/src/hypervisor/simulated/driver.ts";
import { openSimulatedHost } from "../../../agent/src/hypervisor/simulated/host.ts";
import type { Hypervisor } from "../../../agent/src/hypervisor/driver.ts";
import type { SimulatedHost } from "../../../agent/src/hypervisor/simulated/host.ts";

/** An agent over a simulated host, in the test's own process. */
export interface SimulatedAgent extends AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  /** For a provider block: `unix:/…`, or what was asked for. */
  readonly address: string;
  /** The host behind the agent, there while the agent is stopped too. */
  readonly host: SimulatedHost;
  /** Calls that ended, by method, since the last `forgetCalls`. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of those, the ones that may have changed something. */
  readonly mutatingCalls: number;
  forgetCalls(): void;
  /** Names of all machines on the host, sorted. */
  names(): readonly string[];
  /** Passwords that reached the host, by the name of the machine. */
  readonly passwords: Readonly<Record<string, string>>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const quiet: Assembly["log"] = {
  info: () => {},
  warn: () => {},
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};

/** Starts an agent whose data, host and socket are in `dir`. */
export async function startAgent(
  name: string,
  dir: string,
  over: Partial<Pick<Assembly, "address" | "tls">> = {},
): Promise<SimulatedAgent> {
  await mkdir(dir, { recursive: true });
  const address = over.address ?? `unix:${path.join(dir, "agent.sock")}`;
  let calls: Record<string, number> = {};
  let mutatingCalls = 0;
  const passwords: Record<string, string> = {};
  let agent: AssembledAgent | undefined;
  const start = async (): Promise<void> => {
    agent ??= await assemble({
      dataDir: dir,
      openHypervisor: () => noting(openSimulatedHypervisor({ dir }), passwords),
      identity: { name, version: "0.1.0", reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } },
      defaultTemplate: "debian-12",
      address,
      ...(over.tls !== undefined && { tls: over.tls }),
      drainMs: 0,
      log: quiet,
      onRpc: ({ method, mutating }) => {
        calls[method] = (calls[method] ?? 0) + 1;
        if (mutating) mutatingCalls += 1;
      },
    });
  };
  const stop = async (): Promise<void> => {
    const running = agent;
    agent = undefined;
    await running?.stop();
  };
  await start();
  const host = openSimulatedHost(dir);
  return {
    name,
    dir,
    address,
    host,
    get calls() {
      return calls;
    },
    get mutatingCalls() {
      return mutatingCalls;
    },
    forgetCalls() {
      calls = {};
      mutatingCalls = 0;
    },
    names: () =>
      host
        .listDomains()
        .map((domain) => domain.live.name)
        .toSorted(),
    passwords,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      host[Symbol.dispose]();
      await stop();
    },
  };
}

/** A simulated host keeps no password, so this is where one is seen to arrive. */
function noting(hypervisor: Hypervisor, passwords: Record<string, string>): Hypervisor {
  const note = (name: string, password: string | undefined): void => {
    if (password !== undefined) passwords[name] = password;
  };
  return {
    ...hypervisor,
    define(uid, config, metadata, guest) {
      note(config.name, guest.password);
      return hypervisor.define(uid, config, metadata, guest);
    },
    setGuest(uid, guest) {
      note(guest.hostname, guest.password);
      return hypervisor.setGuest(uid, guest);
    },
  };
}
