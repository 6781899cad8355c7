import type { Resources, VmConfig } from "@ghost/schemas";

export const NO_RESOURCES: Resources = { vcpu: 0, ram_gb: 0, disk_gb: 0 };

/**
 * What a VM takes from its host, running or not: its processors, its memory and every disk at full size. Headroom
 * (`vcpu_max`, `ram_max_gb`) is taken when it is used, not when it is written.
 */
export function vmDemand(config: VmConfig): Resources {
  let diskGb = config.disk_gb ?? 0;
  for (const name in config.disks) diskGb += config.disks[name]!.size_gb;
  return { vcpu: config.vcpu ?? 0, ram_gb: config.ram_gb ?? 0, disk_gb: diskGb };
}

export function addResources(a: Resources, b: Resources): Resources {
  return { vcpu: a.vcpu + b.vcpu, ram_gb: a.ram_gb + b.ram_gb, disk_gb: a.disk_gb + b.disk_gb };
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return { vcpu: a.vcpu - b.vcpu, ram_gb: a.ram_gb - b.ram_gb, disk_gb: a.disk_gb - b.disk_gb };
}
