import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Counts {
  readonly all: number;
  readonly mutating: number;
}

/** Agents over simulated hosts, in one process beside the bench, and a spec that spreads VMs over them. */
export interface Fleet extends AsyncDisposable {
  readonly spec: string;
  /** Of the agents, in the order of the spec. */
  readonly addresses: readonly string[];
  /** Ends all agents and starts them again over empty hosts. */
  reset(): Promise<void>;
  setLatency(ms: number): Promise<void>;
  counts(): Promise<Counts>;
}

/** What the process of the agents is told, and answers with the same `id`. */
export type FleetMessage = { readonly id: number } & (
  | { readonly do: "reset" }
  | { readonly do: "latency"; readonly ms: number }
  | { readonly do: "counts" }
);

export async function startFleet(vms: number, agents: number): Promise<Fleet> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-fleet-"));
  const child: ChildProcess = fork(path.join(import.meta.dirname, "fleet-process.ts"), [dir, String(agents)], {
    execArgv: ["--conditions=@ghost/source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "message");
  let lastId = 0;
  const ask = async (message: Omit<FleetMessage, "id"> & Record<string, unknown>): Promise<unknown> => {
    const id = ++lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      child.once("exit", () => reject(new Error("the agents' process ended")));
      const listener = (reply: { id: number; value: unknown }): void => {
        if (reply.id !== id) return;
        child.off("message", listener);
        resolve(reply.value);
      };
      child.on("message", listener);
    });
    child.send({ ...message, id });
    return answer;
  };
  const spec = path.join(dir, "ghost.yaml");
  await writeFile(spec, specText(dir, vms, agents));
  return {
    spec,
    addresses: Array.from({ length: agents }, (_, index) => `unix:${socketOf(dir, index)}`),
    reset: async () => void (await ask({ do: "reset" })),
    setLatency: async (ms) => void (await ask({ do: "latency", ms })),
    counts: async () => (await ask({ do: "counts" })) as Counts,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The address of agent number `index`. */
export function socketOf(dir: string, index: number): string {
  return path.join(dir, `a${index}.sock`);
}

function specText(dir: string, vms: number, agents: number): string {
  const lines = ["ghost: 1", "stack: bench", "agents:"];
  for (let index = 0; index < agents; index += 1) lines.push(`  host-${index}: { address: "unix:${socketOf(dir, index)}", timeout_s: 60 }`);
  lines.push("templates:", "  small: { image: debian-12, vcpu: 1, ram_gb: 1, disk_gb: 10, labels: { app: bench } }", "vms:");
  for (let index = 0; index < vms; index += 1)
    lines.push(`  vm-${index}:`, "    template: small", `    agent: host-${index % agents}`, "    labels: { tier: front }");
  return `${lines.join("\n")}\n`;
}
