import type { Capabilities } from "@ghost/schemas";

/** What QEMU can do to a running machine, and a host that pretends to be one. */
export const QEMU_CAPABILITIES: Omit<Capabilities, "kvm"> = {
  vcpu_plug: true,
  // Libvirt cannot take those that a machine started with, and an emulated machine that loses one crashes (QEMU 7.2).
  vcpu_unplug: false,
  ram_balloon: true,
  disk_plug: true,
  disk_grow: true,
  network_plug: true,
};
