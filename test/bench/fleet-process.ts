/** Process beside the bench: `fleet-process.ts DIR COUNT` serves COUNT agents over simulated hosts, as told by its parent. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { assemble } from "../../agent/src/assemble.ts";
import type { AssembledAgent } from "../../agent/src/assemble.ts";
import { openSimulatedHypervisor } from "../../agent/src/hypervisor/simulated/driver.ts";
import type { SimulatedHypervisor } from "../../agent/src/hypervisor/simulated/driver.ts";
import { socketOf } from "./fleet.ts";
import type { Counts, FleetMessage } from "./fleet.ts";

interface Member {
  readonly agent: AssembledAgent;
  readonly hypervisor: SimulatedHypervisor;
}

const [dir = "", count = ""] = process.argv.slice(2);
const quiet = {
  info: () => {},
  warn: () => {},
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
let counts: Counts = { all: 0, mutating: 0 };
let members: readonly Member[] = [];
let latencyMs = 0;

async function startMember(index: number): Promise<Member> {
  const dataDir = path.join(dir, `a${index}`);
  mkdirSync(dataDir);
  const hypervisor = openSimulatedHypervisor({ dir: dataDir });
  hypervisor.host.setLatency({ createDisk: latencyMs, define: latencyMs, start: latencyMs });
  hypervisor.host.setResources({ vcpu: 1024, ram_gb: 4096, disk_gb: 65_536 });
  const agent = await assemble({
    dataDir,
    openHypervisor: () => hypervisor,
    identity: { name: `host-${index}`, version: "bench", reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } },
    defaultTemplate: "debian-12",
    address: `unix:${socketOf(dir, index)}`,
    drainMs: 0,
    log: quiet,
    onRpc: ({ mutating }) => (counts = { all: counts.all + 1, mutating: counts.mutating + (mutating ? 1 : 0) }),
  });
  return { agent, hypervisor };
}

async function start(): Promise<void> {
  members = await Promise.all(Array.from({ length: Number(count) }, (_, index) => startMember(index)));
}

async function reset(): Promise<void> {
  await Promise.all(members.map(({ agent }) => agent.stop()));
  for (let index = 0; index < Number(count); index += 1) rmSync(path.join(dir, `a${index}`), { recursive: true });
  await start();
}

async function obey(message: FleetMessage): Promise<unknown> {
  switch (message.do) {
    case "reset":
      return reset();
    case "latency":
      latencyMs = message.ms;
      return reset();
    case "counts":
      return counts;
  }
}

process.on("message", (message: FleetMessage) => {
  void obey(message).then((value) => process.send?.({ id: message.id, value }));
});
await start();
process.send?.("ready");
