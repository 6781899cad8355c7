import type { Resources } from "@ghost/schemas";
import { gibToBytes } from "@ghost/schemas";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { DomainUsage } from "../hypervisor/driver.ts";
import type { RpcEvent } from "../server/rpc.ts";

/** A VM of the host, whoever made it. */
export interface VmGauges {
  readonly uid: string;
  readonly name: string;
  readonly isRunning: boolean;
  /** Of a running one. */
  readonly usage?: DomainUsage;
}

/** What is asked of the host at every scrape, so that nothing drifts. */
export interface HostGauges {
  readonly vms: readonly VmGauges[];
  readonly vmsRunning: number;
  readonly operationsRunning: number;
  readonly total: Resources;
  readonly available: Resources;
  readonly reserved: Resources;
}

/** The agent's metrics; those of the original agent keep their names and labels. */
export interface AgentMetrics {
  vmCreated(): void;
  vmDeleted(): void;
  /** The original counts create, delete, start and stop. */
  vmOperation(operation: string, status: "success" | "error"): void;
  /** A call to Ghost Core. */
  apiCall(endpoint: string, seconds: number): void;
  heartbeat(succeeded: boolean): void;
  rpc(event: RpcEvent): void;
  /**
   * Undefined when the hypervisor does not answer: the host's last values stay, those of VMs are not told, and
   * ghost_agent_hypervisor_up is 0.
   */
  host(gauges: HostGauges | undefined): void;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Metrics of their own, shared with nothing else in the process. */
export function createMetrics(): AgentMetrics {
  const registers = [new Registry()];
  const counter = (name: string, help: string): Counter => new Counter({ name: `ghost_agent_${name}`, help, registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `ghost_agent_${name}`, help, registers });

  const created = counter("vms_created_total", "VMs created.");
  const deleted = counter("vms_deleted_total", "VMs deleted.");
  const running = gauge("vms_running", "VMs that run now, whoever made them.");
  const operations = new Counter({
    name: "ghost_agent_vm_operations_total",
    help: "Operations on VMs that ended.",
    labelNames: ["operation", "status"],
    registers,
  });
  const apiCalls = new Histogram({
    name: "ghost_agent_api_call_duration_seconds",
    help: "Time that calls to Ghost Core took.",
    labelNames: ["endpoint"],
    registers,
  });
  const heartbeats = gauge("heartbeat_success", "1 when the last heartbeat reached Ghost Core.");
  const rpcs = new Counter({
    name: "ghost_agent_rpcs_total",
    help: "gRPC calls that ended.",
    labelNames: ["service", "method", "code"],
    registers,
  });
  const mutatingRpcs = counter("mutating_rpcs_total", "gRPC calls that may have changed something.");
  const operationsRunning = gauge("operations_running", "Operations that run now.");
  const hypervisorUp = gauge("hypervisor_up", "1 when the hypervisor answered the last question.");
  const shares = (["total", "available", "reserved"] as const).map((share) => ({
    share,
    vcpu: gauge(`host_${share}_vcpu`, `Processors of the host: ${share}.`),
    ram: gauge(`host_${share}_ram_bytes`, `Memory of the host: ${share}.`),
    disk: gauge(`host_${share}_disk_bytes`, `Disk space of the host: ${share}.`),
  }));
  const vms = vmMetrics(registers);
  for (const operation of ["create", "delete", "start", "stop"]) {
    for (const status of ["success", "error"]) operations.inc({ operation, status }, 0);
  }

  return {
    vmCreated: () => created.inc(),
    vmDeleted: () => deleted.inc(),
    vmOperation: (operation, status) => operations.inc({ operation, status }),
    apiCall: (endpoint, seconds) => apiCalls.observe({ endpoint }, seconds),
    heartbeat: (succeeded) => heartbeats.set(succeeded ? 1 : 0),
    rpc({ service, method, code, mutating }) {
      rpcs.inc({ service, method, code });
      if (mutating) mutatingRpcs.inc();
    },
    host(gauges) {
      hypervisorUp.set(gauges === undefined ? 0 : 1);
      vms(gauges?.vms ?? []);
      if (gauges === undefined) return;
      running.set(gauges.vmsRunning);
      operationsRunning.set(gauges.operationsRunning);
      for (const { share, vcpu, ram, disk } of shares) {
        vcpu.set(gauges[share].vcpu);
        ram.set(gibToBytes(gauges[share].ram_gb));
        disk.set(gibToBytes(gauges[share].disk_gb));
      }
    },
    async render() {
      const [registry] = registers as [Registry];
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** By the name and help of each metric, what it takes of a VM's usage. All count since the VM's start. */
const USAGE = {
  cpu_seconds_total: ["Time that the VM's processors were busy.", (usage) => usage.cpuSeconds],
  disk_read_bytes_total: ["Bytes that the VM read from its disks.", ({ disk }) => disk.readBytes],
  disk_written_bytes_total: ["Bytes that the VM wrote to its disks.", ({ disk }) => disk.writtenBytes],
  network_received_bytes_total: ["Bytes that the VM's cards received.", ({ network }) => network.receivedBytes],
  network_sent_bytes_total: ["Bytes that the VM's cards sent.", ({ network }) => network.sentBytes],
  memory_bytes: ["Memory that the VM has.", (usage) => usage.ramBytes],
  memory_used_bytes: ["Memory that the guest uses; all that the VM takes, where the guest does not tell.", (usage) => usage.ramUsedBytes],
  uptime_seconds: ["Time since the VM's start.", (usage) => usage.uptimeSeconds],
} as const satisfies Record<string, readonly [help: string, value: (usage: DomainUsage) => number]>;

/** Tells these VMs and no other: one that is gone leaves nothing behind. */
function vmMetrics(registers: Registry[]): (vms: readonly VmGauges[]) => void {
  const labelNames = ["name", "uid"];
  const up = new Gauge({ name: "ghost_vm_up", help: "1 while the VM runs.", labelNames, registers });
  const series = Object.entries(USAGE).map(([suffix, [help, value]]) => {
    const name = `ghost_vm_${suffix}`;
    const metric = suffix.endsWith("_total")
      ? new Counter({ name, help, labelNames, registers })
      : new Gauge({ name, help, labelNames, registers });
    return { metric, value };
  });
  return (vms) => {
    for (const metric of [up, ...series.map((each) => each.metric)]) metric.reset();
    for (const { name, uid, isRunning, usage } of vms) {
      up.set({ name, uid }, isRunning ? 1 : 0);
      if (usage === undefined) continue;
      for (const { metric, value } of series) metric.inc({ name, uid }, Math.max(0, value(usage)));
    }
  };
}
