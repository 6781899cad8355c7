/**
 * A VM as plans see it: from the hypervisor what it can tell, from the record the rest. Values that the agent derived
 * itself and nobody set (MAC addresses, headroom that is none) are left out.
 */
import { HARDWARE, revisionOf } from "@ghost/engine";
import type { ObservedVm, VmConfig } from "@ghost/schemas";
import { MISSING_DOMAIN } from "@ghost/schemas";
import type { Domain, DomainConfig, DomainNic } from "../hypervisor/driver.ts";
import { macOf } from "../hypervisor/identity.ts";
import type { VmRecord } from "../store/records.ts";
import { recordFromMetadata } from "./metadata.ts";

/** Attributes that the hypervisor tells; of all others the record is the only source. */
const TOLD = [...HARDWARE, "power", "autostart"] as const satisfies readonly (keyof VmConfig)[];

interface Remembered {
  readonly record: VmRecord | undefined;
  readonly vm: ObservedVm;
}

/** Neither a domain nor a record is ever changed in place, so that what follows from them can be remembered. */
const seen = new WeakMap<Domain, Remembered>();

/** A domain with its record, if it has one. A domain without one counts as what its metadata says. */
export function observeDomain(domain: Domain, record: VmRecord | undefined): ObservedVm {
  const remembered = seen.get(domain);
  if (remembered !== undefined && remembered.record === record) return remembered.vm;
  const vm = observe(domain, record ?? recordFromMetadata(domain));
  seen.set(domain, { record, vm });
  return vm;
}

/** Remembers what a domain looks like with a record that says the same as the one it was observed with. */
export function keepObserved(domain: Domain, record: VmRecord, vm: ObservedVm): void {
  seen.set(domain, { record, vm });
}

/** A record whose domain is not (yet, or any more) there; `left` are the ids of the disks that are, where it was looked. */
export function observeRecord(record: VmRecord, left?: readonly string[]): ObservedVm {
  const isReady = record.phase === "ready";
  return withRevision({
    ...recorded(record),
    uid: record.uid,
    name: record.name,
    live: record.config,
    pending: {},
    status: isReady ? "error" : "stopped",
    statusReason: isReady ? MISSING_DOMAIN : record.phase === "creating" ? "being created" : "being deleted",
    ipAddress: "",
    diskIds: left === undefined ? record.diskIds : Object.fromEntries(Object.entries(record.diskIds).filter(([, id]) => left.includes(id))),
    macs: {},
    guestAgent: false,
  });
}

function observe(domain: Domain, record: VmRecord | undefined): ObservedVm {
  const live = configOf(domain, domain.live, record);
  return withRevision({
    ...(record === undefined ? NOBODYS : recorded(record)),
    uid: domain.uid,
    // To its owner a VM is what it was called; that somebody renamed its domain is drift of `live.name`.
    name: record === undefined || record.owner === "" ? domain.live.name : record.name,
    live,
    pending: pendingConfig(domain, record, live),
    status: domain.status,
    statusReason: domain.statusReason,
    ipAddress: domain.ipAddress,
    ...(domain.startedAt !== undefined && { startedAt: domain.startedAt }),
    diskIds: Object.fromEntries(Object.entries(domain.live.disks).map(([name, disk]) => [name, disk.id])),
    macs: Object.fromEntries(Object.entries(domain.live.nics).map(([name, nic]) => [name, nic.mac])),
    guestAgent: domain.guestAgent,
    ...foreignDisksOf(domain),
  });
}

/** Where a name stands for one disk now and for another at the next boot, both have to be somebody else's. */
function foreignDisksOf({ live, stored }: Domain): Pick<ObservedVm, "foreignDisks"> {
  const disks = [...Object.entries(live.disks), ...Object.entries(stored.disks)];
  const own = new Set(disks.flatMap(([name, { isForeign }]) => (isForeign === true ? [] : name)));
  const foreign = [...new Set(disks.map(([name]) => name))].filter((name) => !own.has(name)).sort();
  return foreign.length === 0 ? {} : { foreignDisks: foreign };
}

const NOBODYS = {
  owner: "",
  applied: {},
  defaults: {},
  imageDigest: "",
  planHash: "",
  gitCommit: "",
  phase: "ready",
  isAwaited: false,
} as const;

function recorded(
  record: VmRecord,
): Pick<
  ObservedVm,
  "owner" | "applied" | "defaults" | "imageDigest" | "planHash" | "gitCommit" | "phase" | "isAwaited" | "createdAt" | "appliedAt"
> {
  return {
    owner: record.owner,
    applied: record.applied,
    defaults: record.defaults,
    imageDigest: record.imageDigest,
    planHash: record.planHash,
    gitCommit: record.gitCommit,
    phase: record.phase,
    isAwaited: record.isAwaited,
    createdAt: record.createdAt,
    ...(record.appliedAt !== undefined && { appliedAt: record.appliedAt }),
  };
}

function configOf(domain: Domain, config: DomainConfig, record: VmRecord | undefined): VmConfig {
  const known = record?.config ?? {};
  const { root, ...disks } = config.disks;
  const isUp = domain.status === "running" || domain.status === "paused";
  const told: Record<(typeof TOLD)[number], unknown> = {
    name: config.name,
    vcpu: config.vcpu,
    vcpu_max: config.vcpuMax !== config.vcpu || known.vcpu_max !== undefined ? config.vcpuMax : undefined,
    ram_gb: config.ramGb,
    ram_max_gb: config.ramMaxGb !== config.ramGb || known.ram_max_gb !== undefined ? config.ramMaxGb : undefined,
    disk_gb: root?.sizeGb,
    disks: mapItems(disks, (disk) => ({ size_gb: disk.sizeGb })),
    networks: mapItems(config.nics, (nic, card) => networkOf(domain.uid, card, nic, known.networks?.[card]?.mac !== undefined)),
    power: known.power === "unmanaged" ? "unmanaged" : isUp ? "running" : "stopped",
    autostart: config.autostart,
    firmware: config.firmware,
    machine: config.machine,
    accel: config.accel,
  };
  const whole: Record<string, unknown> = { ...known };
  for (const name of TOLD) {
    if (told[name] === undefined) delete whole[name];
    else whole[name] = told[name];
  }
  return whole as VmConfig;
}

function networkOf(uid: string, card: string, nic: DomainNic, wasGiven: boolean): { network?: string; bridge?: string; mac?: string } {
  return {
    ...(nic.bridge !== undefined && { bridge: nic.bridge }),
    ...(nic.bridge === undefined && nic.network !== undefined && { network: nic.network }),
    ...((wasGiven || nic.mac !== macOf(uid, card)) && { mac: nic.mac }),
  };
}

/** What is stored otherwise than it runs; a guest's setup written since its start counts too. */
function pendingConfig(domain: Domain, record: VmRecord | undefined, live: VmConfig): VmConfig {
  const pending: Record<string, unknown> = {};
  if (domain.startedAt !== undefined && JSON.stringify(domain.stored) !== JSON.stringify(domain.live)) {
    const stored = configOf(domain, domain.stored, record);
    for (const name of TOLD)
      if (JSON.stringify(stored[name]) !== JSON.stringify(live[name])) pending[name] = stored[name] ?? unsetValue(name, stored);
  }
  if (record?.guestChangedAt !== undefined && domain.startedAt !== undefined && record.guestChangedAt > domain.startedAt) {
    for (const name of ["cloud_init", "ssh_keys"] as const) if (record.config[name] !== undefined) pending[name] = record.config[name];
  }
  return pending as VmConfig;
}

/** How to say that the next boot has no headroom, disk or card where the running machine has. */
function unsetValue(name: (typeof TOLD)[number], stored: VmConfig): unknown {
  return name === "vcpu_max" ? stored.vcpu : name === "ram_max_gb" ? stored.ram_gb : {};
}

function withRevision(vm: Omit<ObservedVm, "revision">): ObservedVm {
  return { ...vm, revision: revisionOf(vm) };
}

/** Nothing for an empty map: unset and empty are the same. */
function mapItems<A, B>(map: Readonly<Record<string, A>>, to: (value: A, key: string) => B): Readonly<Record<string, B>> | undefined {
  const entries = Object.entries(map);
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([key, value]) => [key, to(value, key)]));
}
