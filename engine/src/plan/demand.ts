import type { ObservedVm, Resources, VmConfig } from "@ghost/schemas";
import type { UNKNOWN } from "../diff/unknown.ts";

export const NO_RESOURCES: Resources = { vcpu: 0, ram_gb: 0, disk_gb: 0 };

/**
 * What a VM takes from its host, running or not: its processors, its memory and every disk at full size. Headroom
 * (`vcpu_max`, `ram_max_gb`) is taken when it is used, not when it is written; what is not known yet counts as nothing.
 */
export function vmDemand(config: VmConfig): Resources {
  let diskGb = known(config.disk_gb);
  for (const name in config.disks) diskGb += known(config.disks[name]?.size_gb);
  return { vcpu: known(config.vcpu), ram_gb: known(config.ram_gb), disk_gb: diskGb };
}

/** What a VM takes that is there: the larger of what it runs with and what its next boot will have, which is what its agent counts. */
export function observedDemand({ live, pending }: Pick<ObservedVm, "live" | "pending">): Resources {
  const [now, next] = [vmDemand(live), vmDemand({ ...live, ...pending })];
  return {
    vcpu: Math.max(now.vcpu, next.vcpu),
    ram_gb: Math.max(now.ram_gb, next.ram_gb),
    disk_gb: Math.max(now.disk_gb, next.disk_gb),
  };
}

function known(value: number | typeof UNKNOWN | undefined): number {
  return typeof value === "number" ? value : 0;
}

export function addResources(a: Resources, b: Resources): Resources {
  return { vcpu: a.vcpu + b.vcpu, ram_gb: a.ram_gb + b.ram_gb, disk_gb: a.disk_gb + b.disk_gb };
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return { vcpu: a.vcpu - b.vcpu, ram_gb: a.ram_gb - b.ram_gb, disk_gb: a.disk_gb - b.disk_gb };
}
