import { randomUUID } from "node:crypto";
import { problem } from "@ghost/schemas";
import type { Capabilities, Resources, VmStatus } from "@ghost/schemas";
import { statement, transaction } from "../../sqlite.ts";
import { macOf } from "../identity.ts";
import type { Domain, DomainNic, HostFacts } from "../driver.ts";
import { writeFault, writeLatency } from "./conduct.ts";
import type { Fault, LatencyKey, StoredFault } from "./conduct.ts";
import { openHostDatabase } from "./database.ts";
import { leaseAddress } from "./machine.ts";
import { deleteDisk, foreignDiskId, insertDisk } from "./rows.ts";
import type { DomainRow, StoredConfig } from "./rows.ts";
import { HostState } from "./state.ts";

/** What can be changed of a domain behind the agent's back. */
export interface BehindChange {
  readonly name?: string;
  readonly status?: VmStatus;
  readonly status_reason?: string;
  readonly vcpu?: number;
  readonly vcpu_max?: number;
  readonly ram_gb?: number;
  readonly ram_max_gb?: number;
  /** Size of the root disk; it may shrink. */
  readonly disk_gb?: number;
  /** Size by disk name; a name that is not there yet makes an empty disk that no agent deletes, zero removes it. */
  readonly disks?: Readonly<Record<string, number>>;
  /** Network by card name; a name that is not there yet adds a card, empty removes it. */
  readonly networks?: Readonly<Record<string, string>>;
  readonly autostart?: boolean;
  readonly firmware?: "bios" | "uefi";
  readonly machine?: "q35" | "pc";
  readonly accel?: "auto" | "kvm" | "tcg";
  /** The guest does not react to a request to shut down. */
  readonly ignores_acpi?: boolean;
  readonly guest_agent?: boolean;
  readonly ip_address?: string;
  readonly metadata?: string;
  /** Which configuration of a running machine changes. Defaults to both. */
  readonly where?: "both" | "live" | "stored";
}

export interface ForeignDomain extends Omit<BehindChange, "where"> {
  readonly name: string;
  /** Defaults to a random one. */
  readonly uid?: string;
}

/** A simulated host as a person sees it who does not ask the agent, as with `virsh`. */
export interface SimulatedHost extends Disposable {
  listDomains(): readonly Domain[];
  findDomain(name: string): Domain | undefined;
  /** VM_NOT_FOUND when no domain has that name. */
  setDomain(name: string, change: BehindChange): void;
  /** Makes a domain that no agent knows; stopped unless its status says otherwise. Gives its uid. */
  addForeignDomain(domain: ForeignDomain): string;
  /** Removes a domain, and its disks unless they are to be kept. */
  removeDomain(name: string, options?: { keepDisks?: boolean }): void;
  /** Ids of every disk on the host, by the uid it belongs to. */
  listDisks(): ReadonlyMap<string, readonly string[]>;
  setLatency(latencyMs: Partial<Record<LatencyKey, number>>): void;
  addFault(fault: Fault): void;
  clearFaults(): void;
  listFaults(): readonly StoredFault[];
  setResources(total: Partial<Resources>): void;
  setCapabilities(capabilities: Partial<Capabilities>): void;
}

/** Opens the simulated host of a folder beside the agent that may be running on it. */
export function openSimulatedHost(dir: string): SimulatedHost {
  const database = openHostDatabase(dir);
  return { ...createHostHandle(new HostState(database)), [Symbol.dispose]: () => database.close() };
}

/** The same over a state that belongs to someone else; disposing it does nothing. */
export function createHostHandle(state: HostState): SimulatedHost {
  const { database } = state;

  function requireDomain(name: string): Domain {
    const domain = state.findByName(name);
    if (domain !== undefined) return domain;
    const names = state.list().map((each) => each.live.name);
    throw problem("VM_NOT_FOUND", `The simulated host has no machine named "${name}".`, {
      hint: names.length === 0 ? "It has none at all." : `It has ${names.slice(0, 10).join(", ")}.`,
    });
  }

  return {
    listDomains: () => state.list(),
    findDomain: (name) => state.findByName(name),
    setDomain(name, change) {
      const { uid } = requireDomain(name);
      state.write(uid, (row) => (row === undefined ? undefined : changedBehind(state, row, change)));
    },
    addForeignDomain(domain) {
      const uid = domain.uid ?? randomUUID();
      const stored: StoredConfig = {
        name: domain.name,
        vcpu: domain.vcpu ?? 1,
        vcpuMax: domain.vcpu_max ?? domain.vcpu ?? 1,
        ramGb: domain.ram_gb ?? 1,
        ramMaxGb: domain.ram_max_gb ?? domain.ram_gb ?? 1,
        firmware: "bios",
        machine: "pc",
        accel: "auto",
        autostart: false,
        disks: {},
        nics: domain.networks === undefined ? { net0: { mac: foreignMac(uid, "net0"), network: "default" } } : {},
      };
      const { metadata = "", ...rest } = domain;
      state.write(uid, () =>
        changedBehind(
          state,
          {
            uid,
            status: "stopped",
            statusReason: "defined, not started yet",
            stored,
            metadata,
            guest: "{}",
            ignoresAcpi: false,
            guestAgent: false,
          },
          { disk_gb: 10, ...rest },
        ),
      );
      return uid;
    },
    removeDomain(name, options = {}) {
      const { uid } = requireDomain(name);
      state.write(uid, () => {
        if (options.keepDisks !== true) statement(database, "DELETE FROM disks WHERE owner = ?").run(uid);
        return undefined;
      });
    },
    listDisks() {
      const ids = new Map<string, string[]>();
      for (const row of statement(database, "SELECT owner, id FROM disks").all()) {
        const owner = String(row["owner"]);
        ids.set(owner, [...(ids.get(owner) ?? []), String(row["id"])]);
      }
      return ids;
    },
    setLatency(latencyMs) {
      transaction(database, () => {
        for (const [call, ms] of Object.entries(latencyMs)) writeLatency(database, call as LatencyKey, ms);
      });
      state.reloadAll();
    },
    addFault(fault) {
      writeFault(database, fault);
      state.reloadAll();
    },
    clearFaults() {
      statement(database, "DELETE FROM faults").run();
      state.reloadAll();
    },
    listFaults() {
      state.refresh();
      return state.conduct.faults;
    },
    setResources: (total) => writeFact(state, "total", { ...factsOf(state).total, ...total }),
    setCapabilities: (capabilities) => writeFact(state, "capabilities", { ...factsOf(state).capabilities, ...capabilities }),
    [Symbol.dispose]() {},
  };
}

function factsOf(state: HostState): HostFacts {
  state.refresh();
  return state.conduct.facts;
}

function writeFact(state: HostState, key: string, value: unknown): void {
  statement(state.database, "INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value").run(
    key,
    JSON.stringify(value),
  );
  state.reloadAll();
}

function changedBehind(state: HostState, row: DomainRow, change: BehindChange): DomainRow {
  const { database } = state;
  const where = change.where ?? "both";
  const sizes = { ...change.disks, ...(change.disk_gb !== undefined && { root: change.disk_gb }) };
  const ids: Record<string, string> = { ...row.stored.disks };
  for (const [name, sizeGb] of Object.entries(sizes)) {
    if (sizeGb === 0) {
      if (ids[name] !== undefined) deleteDisk(database, row.uid, ids[name]);
      delete ids[name];
    } else if (ids[name] === undefined) {
      ids[name] = foreignDiskId(row.uid, name);
      insertDisk(database, { owner: row.uid, id: ids[name], name, sizeGb, imageDigest: "" });
    } else statement(database, "UPDATE disks SET size_gb = ? WHERE owner = ? AND id = ?").run(sizeGb, row.uid, ids[name]);
  }
  const edit = (config: StoredConfig): StoredConfig => ({ ...edited(row.uid, config, change), disks: ids });
  const stored = where === "live" ? row.stored : edit(row.stored);
  const { live: before, startedAtMs, ...rest } = row;
  const status = change.status ?? row.status;
  const next: DomainRow = {
    ...rest,
    status,
    statusReason: change.status_reason ?? (status === row.status ? row.statusReason : REASONS[status]),
    stored,
    metadata: change.metadata ?? row.metadata,
    ignoresAcpi: change.ignores_acpi ?? row.ignoresAcpi,
    guestAgent: change.guest_agent ?? row.guestAgent,
    ...(change.ip_address !== undefined && { address: change.ip_address }),
  };
  if (status === "stopped" || status === "error") return next;
  const live = before === undefined ? stored : where === "stored" ? before : edit(before);
  const address = leaseAddress(state, next);
  return {
    ...next,
    live: { ...live, name: stored.name },
    startedAtMs: startedAtMs ?? Date.now(),
    ...(address !== undefined && { address }),
  };
}

const REASONS: Readonly<Record<VmStatus, string>> = {
  running: "booted",
  stopped: "shut down by the guest",
  paused: "paused by a person",
  error: "crashed",
};

function edited(uid: string, config: StoredConfig, change: BehindChange): StoredConfig {
  const vcpu = change.vcpu ?? config.vcpu;
  const ramGb = change.ram_gb ?? config.ramGb;
  const nics: Record<string, DomainNic> = { ...config.nics };
  for (const [name, network] of Object.entries(change.networks ?? {})) {
    if (network === "") delete nics[name];
    else nics[name] = { mac: nics[name]?.mac ?? macOf(uid, name), network };
  }
  return {
    ...config,
    name: change.name ?? config.name,
    vcpu,
    // A machine without headroom has none afterwards either.
    vcpuMax: Math.max(change.vcpu_max ?? (config.vcpuMax === config.vcpu ? vcpu : config.vcpuMax), vcpu),
    ramGb,
    ramMaxGb: Math.max(change.ram_max_gb ?? (config.ramMaxGb === config.ramGb ? ramGb : config.ramMaxGb), ramGb),
    autostart: change.autostart ?? config.autostart,
    firmware: change.firmware ?? config.firmware,
    machine: change.machine ?? config.machine,
    accel: change.accel ?? config.accel,
    nics,
  };
}

/** A card that another program made has an address that does not follow from our rule. */
function foreignMac(uid: string, card: string): string {
  return macOf(`${uid}/foreign`, card);
}
