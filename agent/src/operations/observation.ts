import { addResources, NO_RESOURCES, vmDemand } from "@ghost/engine";
import type { AgentSettings, ObservedHost, ObservedVm, Resources } from "@ghost/schemas";
import type { Domain, Hypervisor } from "../hypervisor/driver.ts";
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
export function observeVms(domains: readonly Domain[], records: ReadonlyMap<string, VmRecord>): ObservedVm[] {
  const vms: ObservedVm[] = [];
  let matched = 0;
  for (const domain of domains) {
    const record = records.get(domain.uid);
    if (record !== undefined) matched++;
    vms.push(observeDomain(domain, record));
  }
  if (matched < records.size) {
    const present = new Set(domains.map((domain) => domain.uid));
    for (const record of records.values()) if (!present.has(record.uid)) vms.push(observeRecord(record));
  }
  return vms;
}

/** The host and its VMs, as one answer. Throws HOST_ERROR when the hypervisor does not answer. */
export async function observe(
  hypervisor: Hypervisor,
  store: Store,
  identity: HostIdentity,
): Promise<{ host: ObservedHost; vms: readonly ObservedVm[] }> {
  const [facts, images, domains] = await Promise.all([hypervisor.facts(), hypervisor.images(), hypervisor.list()]);
  const vms = observeVms(domains, store.vms);
  const reserved = reservedResources(identity.reserved, store.settings);
  const taken = vms.reduce((sum, vm) => addResources(sum, demandOf(vm)), NO_RESOURCES);
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

const demands = new WeakMap<ObservedVm, Resources>();

/** What a VM takes from its host: the larger of what it runs with and what its next boot will have. */
export function demandOf(vm: ObservedVm): Resources {
  let demand = demands.get(vm);
  if (demand === undefined) demands.set(vm, (demand = largest(vmDemand(vm.live), vmDemand({ ...vm.live, ...vm.pending }))));
  return demand;
}

/** The larger of each. */
export function largest(a: Resources, b: Resources): Resources {
  return { vcpu: Math.max(a.vcpu, b.vcpu), ram_gb: Math.max(a.ram_gb, b.ram_gb), disk_gb: Math.max(a.disk_gb, b.disk_gb) };
}
