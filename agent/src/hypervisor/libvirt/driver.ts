/** The host behind a libvirt, as a Hypervisor. */
import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";

export interface LibvirtOptions {
  /** `qemu:///system`. */
  readonly uri: string;
  /** Default: where libvirt of this URI listens. */
  readonly socketPath?: string;
  /** Folder of disks, seeds and console logs. */
  readonly dir: string;
  /** Folder of images. */
  readonly imageDir: string;
  /** The host's network that `network: default` of a VM means. */
  readonly network: string;
  /** Folder for disks instead of `dir/disks`. */
  readonly diskDir?: string;
  /** Addresses of folders that are asked for the catalogue's images before their vendors. */
  readonly mirrors?: readonly string[];
}

/** Opens the driver; libvirt need not answer yet: then every call is HOST_ERROR until it does. */
export async function openLibvirtHypervisor(_options: LibvirtOptions): Promise<Hypervisor> {
  throw problem("AGENT_START", "This agent cannot drive libvirt.");
}
