import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { DomainUsage } from "../hypervisor/driver.ts";
import { createMetrics } from "./metrics.ts";
import type { HostGauges, VmGauges } from "./metrics.ts";

const NONE = { vcpu: 0, ram_gb: 0, disk_gb: 0 };
const USAGE: DomainUsage = {
  cpuPercent: 12,
  ramPercent: 50,
  uptimeSeconds: 60,
  cpuSeconds: 7.5,
  ramBytes: 2048,
  ramUsedBytes: 1024,
  disk: { readBytes: 1, writtenBytes: 2 },
  network: { receivedBytes: 3, sentBytes: 4 },
};
const WEB: VmGauges = { uid: "u1", name: "web", isRunning: true, usage: USAGE };
const OLD: VmGauges = { uid: "u2", name: "old", isRunning: false };

function gauges(...vms: readonly VmGauges[]): HostGauges {
  return { vms, vmsRunning: 0, operationsRunning: 0, total: NONE, available: NONE, reserved: NONE };
}

/** Samples of VMs, in the order of the page. */
async function samples(metrics: ReturnType<typeof createMetrics>): Promise<readonly string[]> {
  return (await metrics.render()).text.split("\n").filter((line) => line.startsWith("ghost_vm_"));
}

suite("metrics of VMs", () => {
  test("tell what each uses, and of one that is off that it is off", async () => {
    const metrics = createMetrics();
    metrics.host(gauges(WEB, OLD));
    const labels = '{name="web",uid="u1"}';
    assert.deepEqual(await samples(metrics), [
      `ghost_vm_up${labels} 1`,
      'ghost_vm_up{name="old",uid="u2"} 0',
      `ghost_vm_cpu_seconds_total${labels} 7.5`,
      `ghost_vm_disk_read_bytes_total${labels} 1`,
      `ghost_vm_disk_written_bytes_total${labels} 2`,
      `ghost_vm_network_received_bytes_total${labels} 3`,
      `ghost_vm_network_sent_bytes_total${labels} 4`,
      `ghost_vm_memory_bytes${labels} 2048`,
      `ghost_vm_memory_used_bytes${labels} 1024`,
      `ghost_vm_uptime_seconds${labels} 60`,
    ]);
  });

  test("are values, not sums of scrapes, and fall when a VM starts again", async () => {
    const metrics = createMetrics();
    metrics.host(gauges(WEB));
    metrics.host(gauges(WEB));
    metrics.host(gauges({ ...WEB, usage: { ...USAGE, cpuSeconds: 1 } }));
    assert.ok((await samples(metrics)).includes('ghost_vm_cpu_seconds_total{name="web",uid="u1"} 1'));
  });

  for (const [name, next] of [
    ["is deleted", gauges(OLD)],
    ["cannot be asked about", undefined],
  ] as const) {
    test(`leave nothing of a VM that ${name}`, async () => {
      const metrics = createMetrics();
      metrics.host(gauges(WEB));
      metrics.host(next);
      assert.deepEqual(
        (await samples(metrics)).filter((line) => line.includes("u1")),
        [],
      );
    });
  }
});
