import { NO_RESOURCES, vmDemand } from "@ghost/engine";
import type { Diagnostic, Resources } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Domain, Hypervisor } from "../hypervisor/driver.ts";
import type { Store } from "../store/store.ts";
import { demandOf, largest, reservedResources, takenBy } from "./observation.ts";

/** What an operation was let in with; whoever was given it gives it back. */
export interface Admitted {
  /** The operation has ended: from now on what the host shows is what counts. A second time, nothing. */
  release(): void;
}

/**
 * Lets VMs onto the host while there is room: two operations never share the last free space. For that it needs a list of
 * the host, since what others have made there takes room too; operations that ask at the same time may share one.
 *
 * (1) What an operation was let in with counts from that moment until the operation ends, whether or not the hypervisor
 *     shows it yet. Nothing is waited for between the counting and the letting in.
 * (2) What is let go while the host is being asked counts for who asks: the answer may be from before it was done.
 */
export class Admission {
  readonly #hypervisor: Hypervisor;
  readonly #store: Store;
  readonly #configured: Resources;
  readonly #admitted = new Map<string, Resources>();
  /** For each operation that is asking the host: what was let go meanwhile (2). */
  readonly #asking = new Set<Map<string, Resources>>();

  constructor(hypervisor: Hypervisor, store: Store, configured: Resources) {
    this.#hypervisor = hypervisor;
    this.#store = store;
    this.#configured = configured;
  }

  /** Throws HOST_OUT_OF_VCPU, HOST_OUT_OF_MEMORY or HOST_OUT_OF_DISK (all that apply) when `demand` does not fit. */
  async admit(uid: string, name: string, demand: Resources): Promise<Admitted> {
    const letGo = new Map<string, Resources>();
    this.#asking.add(letGo);
    try {
      const [{ total }, domains] = await Promise.all([this.#hypervisor.facts(), this.#hypervisor.list()]);
      const reserved = reservedResources(this.#configured, this.#store.settings);
      const held = new Map(this.#admitted);
      for (const [other, resources] of letGo) raise(held, other, resources);
      const taken = takenBy(domains, this.#store.vms, held, uid);
      const before = this.#own(uid, domains);
      const shortages = findShortages(name, demand, before, total, reserved, taken);
      if (shortages[0] !== undefined) throw new GhostError([shortages[0], ...shortages.slice(1)]);
      return this.#hold(uid, largest(demand, before));
    } finally {
      this.#asking.delete(letGo);
    }
  }

  #hold(uid: string, resources: Resources): Admitted {
    this.#letGo(uid);
    this.#admitted.set(uid, resources);
    return {
      release: () => {
        // What the VM was let in with since, by another operation, stays.
        if (this.#admitted.get(uid) === resources) this.#letGo(uid);
      },
    };
  }

  #letGo(uid: string): void {
    const resources = this.#admitted.get(uid);
    if (resources === undefined) return;
    this.#admitted.delete(uid);
    for (const letGo of this.#asking) raise(letGo, uid, resources);
  }

  #own(uid: string, domains: readonly Domain[]): Resources {
    const domain = domains.find((each) => each.uid === uid);
    if (domain !== undefined) return demandOf(domain);
    const record = this.#store.vms.get(uid);
    return record === undefined ? NO_RESOURCES : vmDemand(record.config);
  }
}

const KINDS = [
  { key: "vcpu", code: "HOST_OUT_OF_VCPU", attribute: "vcpu", say: (n: number) => `${n} ${n === 1 ? "processor" : "processors"}` },
  { key: "ram_gb", code: "HOST_OUT_OF_MEMORY", attribute: "ram_gb", say: (n: number) => `${round(n)} GiB of memory` },
  { key: "disk_gb", code: "HOST_OUT_OF_DISK", attribute: "disk_gb", say: (n: number) => `${round(n)} GiB of disk` },
] as const;

/** What is short, and by how much. What a VM has already is never short: shrinking always fits. */
export function findShortages(
  name: string,
  demand: Resources,
  before: Resources,
  total: Resources,
  reserved: Resources,
  taken: Resources,
): Diagnostic[] {
  const shortages: Diagnostic[] = [];
  for (const { key, code, attribute, say } of KINDS) {
    const free = total[key] - reserved[key] - taken[key];
    if (demand[key] <= before[key] || demand[key] <= free) continue;
    shortages.push({
      code,
      severity: "error",
      detail: `VM "${name}" needs ${say(demand[key])} and the host has ${say(Math.max(0, free))} left: ${say(demand[key] - Math.max(0, free))} short. Of ${round(total[key])} in all, ${round(reserved[key])} are reserved and ${round(taken[key])} belong to other VMs.`,
      hint: `Make the VM smaller, free something on the host, or place the VM on another agent.`,
      path: ["vms", name, attribute],
    });
  }
  return shortages;
}

function raise(resources: Map<string, Resources>, uid: string, to: Resources): void {
  resources.set(uid, largest(to, resources.get(uid) ?? NO_RESOURCES));
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
