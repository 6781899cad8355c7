/** A domain's disks and cards under our names, or under names derived from what they are. */
import { DISK_ALIAS, NIC_ALIAS, ROOT_DISK, SEED_ALIAS, SEED_TARGET } from "./devices.ts";
import { childrenOf, findChild } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** An element of `<devices>` and the name that it has in a configuration. */
export interface DeviceEntry {
  readonly name: string;
  readonly element: XmlElement;
  /** Carries our alias. */
  readonly own: boolean;
}

/** The name of a card that has none, when it is the first. */
const FIRST_NIC = "default";

/**
 * Disks, without the seed and without drives for removable media. Of those without our alias the one that boots first
 * is `root`, the others have the name of their target.
 */
export function diskEntries(devices: XmlElement | undefined): readonly DeviceEntry[] {
  const disks = childrenOf(devices, "disk").filter((disk) => (disk.attributes["device"] ?? "disk") === "disk" && !isSeed(disk));
  const boot = (disk: XmlElement): number => Number(findChild(disk, "boot")?.attributes["order"] ?? Number.MAX_SAFE_INTEGER);
  const inBootOrder = disks.toSorted((a, b) => boot(a) - boot(b));
  return named(disks, DISK_ALIAS, ROOT_DISK, inBootOrder, (disk) => findChild(disk, "target")?.attributes["dev"] ?? "disk");
}

/** Cards. Of those without our alias the first is `default`, the others are called by their MAC address. */
export function nicEntries(devices: XmlElement | undefined): readonly DeviceEntry[] {
  const nics = childrenOf(devices, "interface");
  return named(
    nics,
    NIC_ALIAS,
    FIRST_NIC,
    nics,
    (nic) => `nic-${(findChild(nic, "mac")?.attributes["address"] ?? "").toLowerCase().replaceAll(":", "")}`,
  );
}

export function entriesOf(devices: XmlElement | undefined): readonly XmlElement[] {
  return [...diskEntries(devices), ...nicEntries(devices)].map(({ element }) => element);
}

export function isSeed(disk: XmlElement): boolean {
  if (aliasOf(disk) === SEED_ALIAS) return true;
  const hasPlace = findChild(disk, "target")?.attributes["dev"] === SEED_TARGET;
  return hasPlace && findChild(disk, "readonly") !== undefined;
}

function named(
  devices: readonly XmlElement[],
  prefix: string,
  first: string,
  inOrder: readonly XmlElement[],
  nameOf: (device: XmlElement) => string,
): readonly DeviceEntry[] {
  const own = new Map<string, XmlElement>();
  for (const device of devices) {
    const alias = aliasOf(device);
    // Two of one alias: libvirt refuses them, and a reader must not lose one all the same.
    if (alias.startsWith(prefix) && alias.length > prefix.length && !own.has(alias.slice(prefix.length)))
      own.set(alias.slice(prefix.length), device);
  }
  const owned = new Set(own.values());
  const others = new Set(devices.filter((device) => !owned.has(device)));
  const taken = new Map(own);
  const leading = inOrder.find((device) => others.has(device));
  if (leading !== undefined && !taken.has(first)) taken.set(first, leading);
  const counts = new Map<string, number>();
  for (const device of others) {
    if (device === taken.get(first)) continue;
    const wanted = nameOf(device);
    let name = wanted;
    // Counted on from where the last of this name ended: a host may say the same name 100,000 times.
    for (let number = counts.get(wanted) ?? 1; taken.has(name); number++) {
      name = `${wanted}-${number + 1}`;
      counts.set(wanted, number + 1);
    }
    taken.set(name, device);
  }
  return [...taken].map(([name, element]) => ({ name, element, own: owned.has(element) }));
}

function aliasOf(device: XmlElement): string {
  return findChild(device, "alias")?.attributes["name"] ?? "";
}
