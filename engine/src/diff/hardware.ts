import type { VmConfig } from "@ghost/schemas";

/** Attributes of the machine itself: its hypervisor tells them, and memory that was saved goes on with them as they were. */
export const HARDWARE = [
  "name",
  "vcpu",
  "vcpu_max",
  "ram_gb",
  "ram_max_gb",
  "disk_gb",
  "disks",
  "networks",
  "firmware",
  "machine",
  "accel",
] as const satisfies readonly (keyof VmConfig)[];
