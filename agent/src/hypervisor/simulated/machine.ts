/** How a simulated machine changes: what a running one takes at once, and what waits for its next boot. */
import { problem } from "@ghost/schemas";
import { statement } from "../../sqlite.ts";
import type { DomainChange, DomainNic } from "../driver.ts";
import type { DiskRow, DomainRow, StoredConfig } from "./rows.ts";
import type { HostState } from "./state.ts";

/** What no hypervisor changes under a running guest. */
const COLD = ["vcpuMax", "ramMaxGb", "firmware", "machine", "accel"] as const;

/** Changes the stored definition, and with `live` the running machine too. HOST_ERROR when a part cannot change live. */
export function changeParts(row: DomainRow, parts: DomainChange, live: boolean, disks: ReadonlyMap<string, DiskRow>): DomainRow {
  const isUp = row.live !== undefined;
  if (parts.name !== undefined && parts.name !== row.stored.name && isUp)
    throw problem("HOST_ERROR", `"${row.stored.name}" is ${row.status}; a machine is renamed only while it is stopped.`);
  for (const [name, disk] of Object.entries(parts.addDisks ?? {})) {
    if (!disks.has(disk.id)) throw problem("HOST_ERROR", `The disk "${name}" of "${row.stored.name}" does not exist (${disk.id}).`);
  }
  const stored = applied(row.stored, parts);
  if (stored.vcpu > stored.vcpuMax)
    throw problem("HOST_ERROR", `"${row.stored.name}" cannot have ${stored.vcpu} processors: its maximum is ${stored.vcpuMax}.`);
  if (stored.ramGb > stored.ramMaxGb)
    throw problem("HOST_ERROR", `"${row.stored.name}" cannot have ${stored.ramGb} GiB of memory: its maximum is ${stored.ramMaxGb} GiB.`);
  const metadata = parts.metadata ?? row.metadata;
  if (row.live === undefined) return { ...row, stored, metadata };
  // Whether it starts with its host is no part of the running machine.
  if (!live) return { ...row, stored, metadata, live: { ...row.live, autostart: stored.autostart } };
  return { ...row, stored, metadata, live: applied(row.live, hotParts(row.live, parts)) };
}

function hotParts(live: StoredConfig, parts: DomainChange): DomainChange {
  for (const part of COLD) {
    if (parts[part] !== undefined && parts[part] !== live[part])
      throw problem("HOST_ERROR", `"${live.name}" is running; ${part} cannot change before it is stopped.`);
  }
  if (parts.vcpu !== undefined && parts.vcpu > live.vcpuMax)
    throw problem("HOST_ERROR", `"${live.name}" is running with at most ${live.vcpuMax} processors; ${parts.vcpu} need a restart.`);
  if (parts.ramGb !== undefined && parts.ramGb > live.ramMaxGb)
    throw problem(
      "HOST_ERROR",
      `"${live.name}" is running with at most ${live.ramMaxGb} GiB of memory; ${parts.ramGb} GiB need a restart.`,
    );
  for (const [name, nic] of Object.entries(parts.updateNics ?? {})) {
    if (Object.hasOwn(live.nics, name) && live.nics[name]?.mac !== nic.mac)
      throw problem("HOST_ERROR", `"${live.name}" is running; the MAC address of its card "${name}" cannot change before it is stopped.`);
  }
  if (parts.removeDisks?.includes("root") === true)
    throw problem("HOST_ERROR", `"${live.name}" is running; its root disk cannot be taken away.`);
  return parts;
}

function applied(config: StoredConfig, parts: DomainChange): StoredConfig {
  const disks = { ...config.disks };
  for (const name of parts.removeDisks ?? []) delete disks[name];
  for (const [name, disk] of Object.entries(parts.addDisks ?? {})) disks[name] = disk.id;
  const nics: Record<string, DomainNic> = { ...config.nics };
  for (const name of parts.removeNics ?? []) delete nics[name];
  Object.assign(nics, parts.addNics, parts.updateNics);
  return {
    name: parts.name ?? config.name,
    vcpu: parts.vcpu ?? config.vcpu,
    vcpuMax: parts.vcpuMax ?? config.vcpuMax,
    ramGb: parts.ramGb ?? config.ramGb,
    ramMaxGb: parts.ramMaxGb ?? config.ramMaxGb,
    firmware: parts.firmware ?? config.firmware,
    machine: parts.machine ?? config.machine,
    accel: parts.accel ?? config.accel,
    autostart: parts.autostart ?? config.autostart,
    disks,
    nics,
  };
}

const LEASES_PER_NET = 252;
const FIRST_NET = 122;
const NETS = 128;

/** Address of a machine that starts: the one it had, or the next free one of 192.168.122.x and the nets above it. */
export function leaseAddress(state: HostState, row: DomainRow): string | undefined {
  const nics = Object.values(row.stored.nics);
  if (nics.length === 0) return undefined;
  if (row.address !== undefined) return row.address;
  if (nics.every((nic) => nic.network === "user")) return "10.0.2.15";
  for (;;) {
    const next = Number(statement(state.database, COUNT_LEASE).get()?.["value"]) - 1;
    const place = next % (LEASES_PER_NET * NETS);
    const address = `192.168.${FIRST_NET + Math.floor(place / LEASES_PER_NET)}.${2 + (place % LEASES_PER_NET)}`;
    if (!state.hasAddress(address)) return address;
  }
}

const COUNT_LEASE =
  "INSERT INTO facts (key, value) VALUES ('next_lease', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value";
