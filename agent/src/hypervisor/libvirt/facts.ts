import { statfs } from "node:fs/promises";
import type { Caller } from "@ghost/libvirt";
import { listNetworks, nodeInfo } from "@ghost/libvirt";
import type { HostNetworks, ObservedImage } from "@ghost/schemas";
import { bytesToGib, kibToGib } from "@ghost/schemas";
import { QEMU_CAPABILITIES } from "../capabilities.ts";
import type { HostFacts } from "../driver.ts";
import type { AccelFacts } from "./domain-xml/accel.ts";
import { domainTypeOf } from "./domain-xml/accel.ts";
import { hostBridges } from "./effects/networks.ts";
import type { ImageStore } from "./images/store.ts";
import { told } from "./link.ts";
import { networkInSpec } from "./network-names.ts";
import type { LibvirtParts } from "./parts.ts";

/** What the host has in all, used or not. */
export async function hostFacts(ask: Caller, diskFolder: string, accel: AccelFacts): Promise<HostFacts> {
  return await told("The host's libvirt", async () => {
    const [node, disk] = await Promise.all([nodeInfo(ask), statfs(diskFolder)]);
    return {
      total: {
        vcpu: node.cpus,
        ram_gb: Math.floor(kibToGib(node.memoryKib)),
        disk_gb: Math.floor(bytesToGib(disk.blocks * disk.bsize)),
      },
      capabilities: { ...QEMU_CAPABILITIES, kvm: domainTypeOf("auto", accel) === "kvm" },
    };
  });
}

/** libvirt's networks, whether they are active or not, and the bridges of the host's kernel. */
export async function hostNetworks({ ask, defaultNetwork }: Pick<LibvirtParts, "ask" | "defaultNetwork">): Promise<HostNetworks> {
  const [networks, bridges] = await Promise.all([told("The host's libvirt", async () => await listNetworks(ask)), hostBridges()]);
  return { networks: networks.map(({ name }) => networkInSpec(name, defaultNetwork) ?? name).sort(), bridges };
}

/** The catalogue's names, with what is kept under each. */
export async function observedImages(images: ImageStore, catalogue: Iterable<string>): Promise<readonly ObservedImage[]> {
  // The last confirmed first: that is what a name stands for.
  const kept = await images.list();
  return [...catalogue].map((name): ObservedImage => {
    const entry = kept.find(({ names }) => names.includes(name));
    return { name, digest: entry?.digest ?? "", cached: entry !== undefined, sizeBytes: entry?.sizeBytes ?? 0 };
  });
}
