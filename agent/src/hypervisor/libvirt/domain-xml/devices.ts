/**
 * Disks and cards as libvirt's XML. A user alias carries our name (libvirt keeps aliases that start with `ua-`), the
 * serial a disk's identity.
 */
import type { DomainDisk, DomainNic } from "../../driver.ts";
import { element } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** Where a disk's content is, and the place it has in the domain. */
export interface DiskPlace {
  readonly path: string;
  /** Default qcow2. */
  readonly format?: "qcow2" | "raw";
  /** `vda`, `vdb`, …; without one the first that is free. A disk keeps it for life. */
  readonly target?: string;
}

export const DISK_ALIAS = "ua-disk-";
export const NIC_ALIAS = "ua-nic-";
export const SEED_ALIAS = "ua-seed";
/** Beyond what any disk is given, so that disks and seed never meet. */
export const SEED_TARGET = "vdzz";
export const ROOT_DISK = "root";
/** The value of `network` that means user-mode networking. */
export const USER_NETWORK = "user";

export function diskElement(
  name: string,
  { id }: Pick<DomainDisk, "id">,
  { path, format = "qcow2", target }: DiskPlace & { target: string },
): XmlElement {
  return element(
    "disk",
    { type: "file", device: "disk" },
    element("driver", { name: "qemu", type: format, discard: "unmap" }),
    element("source", { file: path }),
    element("target", { dev: target, bus: "virtio" }),
    element("serial", {}, id),
    name === ROOT_DISK ? element("boot", { order: 1 }) : undefined,
    element("alias", { name: `${DISK_ALIAS}${name}` }),
  );
}

export function nicElement(name: string, nic: DomainNic): XmlElement {
  return element(
    "interface",
    { type: nicType(nic) },
    element("mac", { address: nic.mac }),
    nicSource(nic),
    element("model", { type: "virtio" }),
    element("alias", { name: `${NIC_ALIAS}${name}` }),
  );
}

export function nicType({ bridge, network }: DomainNic): "bridge" | "network" | "user" {
  if (bridge !== undefined) return "bridge";
  return network === USER_NETWORK ? "user" : "network";
}

/** Undefined for user-mode networking, which has none. */
export function nicSource(nic: DomainNic): XmlElement | undefined {
  switch (nicType(nic)) {
    case "bridge":
      return element("source", { bridge: nic.bridge });
    case "network":
      return element("source", { network: nic.network ?? "default" });
    case "user":
      return undefined;
  }
}

export function seedElement(path: string): XmlElement {
  return element(
    "disk",
    { type: "file", device: "disk" },
    element("driver", { name: "qemu", type: "raw" }),
    element("source", { file: path }),
    element("target", { dev: SEED_TARGET, bus: "virtio" }),
    element("readonly"),
    element("alias", { name: SEED_ALIAS }),
  );
}

/** The first of `vda`, `vdb`, … `vdz`, `vdaa`, … that none of these has. */
export function freeTarget(taken: ReadonlySet<string>): string {
  for (let index = 0; ; index++) {
    const target = `vd${letters(index)}`;
    if (!taken.has(target) && target !== SEED_TARGET) return target;
  }
}

function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
