import { vmDemand } from "@ghost/engine";
import type { AgentSettings, ObservedHost, ObservedVm, Resources } from "@ghost/schemas";
import type { Domain, DomainConfig, Hypervisor } from "../hypervisor/driver.ts";
import type { Store } from "../store/store.ts";
import type { VmRecord } from "../store/records.ts";
import { observeDomain, observeRecord } from "./observed-vm.ts";

/** What the agent's configuration says of its host. */
export interface HostIdentity {
  readonly name: string;
  readonly version: string;
  /** From agent.yaml; the larger of it and the settings holds. */
  readonly reserved: Resources;
}

/** Every VM of the host: its domains with their records, and records whose domain is not there. */
export async function observeVms(
  hypervisor: Pick<Hypervisor, "listDisks">,
  domains: readonly Domain[],
  records: ReadonlyMap<string, VmRecord>,
): Promise<ObservedVm[]> {
  const vms: ObservedVm[] = [];
  let matched = 0;
  for (const domain of domains) {
    const record = records.get(domain.uid);
    if (record !== undefined) matched++;
    vms.push(observeDomain(domain, record));
  }
  if (matched < records.size) {
    const present = new Set(domains.map((domain) => domain.uid));
    // Those of this moment: a record that comes later may be of a domain that is not among these.
    const lost = [...records.values()].filter((record) => !present.has(record.uid));
    vms.push(...(await Promise.all(lost.map((record) => observeWithout(hypervisor, record)))));
  }
  return vms;
}

/** A record whose domain is not there: of one that vanished, disks may have gone too, or be where the domain alone knew. */
export async function observeWithout(hypervisor: Pick<Hypervisor, "listDisks">, record: VmRecord): Promise<ObservedVm> {
  return record.phase === "ready" ? observeRecord(record, await hypervisor.listDisks(record.uid)) : observeRecord(record);
}

/** The host and its VMs, as one answer. Throws HOST_ERROR when the hypervisor does not answer. */
export async function observe(
  hypervisor: Hypervisor,
  store: Store,
  identity: HostIdentity,
): Promise<{ host: ObservedHost; vms: readonly ObservedVm[] }> {
  const [facts, images, networks, domains] = await Promise.all([
    hypervisor.facts(),
    hypervisor.images(),
    hypervisor.networks(),
    hypervisor.list(),
  ]);
  const vms = await observeVms(hypervisor, domains, store.vms);
  const reserved = reservedResources(identity.reserved, store.settings);
  const taken = takenBy(domains, store.vms);
  return {
    host: {
      agentId: store.agentId,
      name: identity.name,
      version: identity.version,
      hypervisor: hypervisor.kind,
      total: facts.total,
      reserved,
      available: {
        vcpu: Math.max(0, facts.total.vcpu - reserved.vcpu - taken.vcpu),
        ram_gb: Math.max(0, facts.total.ram_gb - reserved.ram_gb - taken.ram_gb),
        disk_gb: Math.max(0, facts.total.disk_gb - reserved.disk_gb - taken.disk_gb),
      },
      capabilities: facts.capabilities,
      settings: store.settings,
      images,
      ...(networks !== undefined && { networks }),
    },
    vms,
  };
}

export function reservedResources(configured: Resources, settings: AgentSettings): Resources {
  return {
    vcpu: Math.max(configured.vcpu, settings.reserved_vcpu ?? 0),
    ram_gb: Math.max(configured.ram_gb, settings.reserved_ram_gb ?? 0),
    disk_gb: Math.max(configured.disk_gb, settings.reserved_disk_gb ?? 0),
  };
}

const demands = new WeakMap<Domain, Resources>();

/** What a domain takes from its host: the larger of what it runs with and what its next boot will have. */
export function demandOf(domain: Domain): Resources {
  let demand = demands.get(domain);
  if (demand === undefined) demands.set(domain, (demand = largest(demandOfConfig(domain.live), demandOfConfig(domain.stored))));
  return demand;
}

/**
 * What all VMs take: a domain what it has, a record without a domain what it is to have. `least` is what a VM takes
 * at the least, for those that are about to take more than the host shows; `but` is not counted.
 */
export function takenBy(
  domains: readonly Domain[],
  records: ReadonlyMap<string, VmRecord>,
  least: ReadonlyMap<string, Resources> = new Map(),
  but?: string,
): Resources {
  let [vcpu, ramGb, diskGb] = [0, 0, 0];
  const count = (uid: string, demand: Resources): void => {
    const atLeast = least.get(uid);
    if (uid === but) return;
    vcpu += Math.max(demand.vcpu, atLeast?.vcpu ?? 0);
    ramGb += Math.max(demand.ram_gb, atLeast?.ram_gb ?? 0);
    diskGb += Math.max(demand.disk_gb, atLeast?.disk_gb ?? 0);
  };
  let matched = 0;
  for (const domain of domains) {
    if (records.has(domain.uid)) matched++;
    count(domain.uid, demandOf(domain));
  }
  if (matched < records.size || least.size > 0) {
    const present = new Set(domains.map((domain) => domain.uid));
    for (const record of records.values()) if (!present.has(record.uid)) count(record.uid, vmDemand(record.config));
    for (const [uid, demand] of least) if (!present.has(uid) && !records.has(uid)) count(uid, demand);
  }
  return { vcpu, ram_gb: ramGb, disk_gb: diskGb };
}

function demandOfConfig({ vcpu, ramGb, disks }: DomainConfig): Resources {
  let diskGb = 0;
  for (const name in disks) diskGb += disks[name]!.sizeGb;
  return { vcpu, ram_gb: ramGb, disk_gb: diskGb };
}

/** The larger of each. */
export function largest(a: Resources, b: Resources): Resources {
  return { vcpu: Math.max(a.vcpu, b.vcpu), ram_gb: Math.max(a.ram_gb, b.ram_gb), disk_gb: Math.max(a.disk_gb, b.disk_gb) };
}
