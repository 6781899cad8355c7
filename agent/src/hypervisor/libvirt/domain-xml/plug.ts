/** The XML of one device, for libvirt's calls that attach, detach and update devices. */
import type { DomainDisk, DomainNic } from "../../driver.ts";
import { diskElement, freeTarget, NIC_ALIAS, nicElement, nicSource, nicType } from "./devices.ts";
import type { DiskPlace } from "./devices.ts";
import { diskEntries, nicEntries } from "./entries.ts";
import { readXml } from "./read-xml.ts";
import { childrenOf, element, findChild, withChild, withoutChild, writeXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** For the domain with this XML (the running one's, when it runs), in whose first free place the disk goes. */
export function attachDiskXml(domainXml: string, name: string, disk: DomainDisk, place: DiskPlace): string {
  const disks = childrenOf(findChild(readXml(domainXml), "devices"), "disk");
  const taken = new Set(disks.map((each) => findChild(each, "target")?.attributes["dev"] ?? ""));
  return writeXml(diskElement(name, disk, { ...place, target: place.target ?? freeTarget(taken) }));
}

export function attachNicXml(name: string, nic: DomainNic): string {
  return writeXml(nicElement(name, nic));
}

/** The disk as the domain has it; undefined when it has none of this name. */
export function detachDiskXml(domainXml: string, name: string): string | undefined {
  const found = diskEntries(findChild(readXml(domainXml), "devices")).find((disk) => disk.name === name);
  return found && writeXml(found.element);
}

export function detachNicXml(domainXml: string, name: string): string | undefined {
  const found = nicOf(domainXml, name);
  return found && writeXml(found);
}

/**
 * The card as the domain has it, plugged in elsewhere. libvirt finds a running machine's card by its MAC address and
 * cannot change that, nor the kind of network: a card with another one is detached and attached.
 */
export function updateNicXml(domainXml: string, name: string, nic: DomainNic): string | undefined {
  const found = nicOf(domainXml, name);
  return found && writeXml(updatedNic(found, nic));
}

/** The disk as the domain has it, to be attached again: what belongs to the running machine alone is found anew. */
export function reattachDiskXml(domainXml: string, name: string): string | undefined {
  const found = diskEntries(findChild(readXml(domainXml), "devices")).find((disk) => disk.name === name)?.element;
  return found && writeXml(withoutChild(withoutChild(found, "backingStore"), "address"));
}

/** The same for a card, which may have another address or kind of network when it comes back. */
export function reattachNicXml(domainXml: string, name: string, nic: DomainNic): string | undefined {
  const found = nicOf(domainXml, name);
  if (found === undefined) return undefined;
  const plain = withoutChild(withoutChild(updatedNic(found, nic), "target"), "address");
  return writeXml(withChild(plain, element("alias", { name: `${NIC_ALIAS}${name}` })));
}

/** Model, place on the bus, alias and whatever else stay. */
export function updatedNic(before: XmlElement, nic: DomainNic): XmlElement {
  const type = nicType(nic);
  const source = nicSource(nic);
  const moved = withChild({ ...before, attributes: { ...before.attributes, type } }, element("mac", { address: nic.mac }));
  return source === undefined ? withoutChild(moved, "source") : withChild(moved, source);
}

function nicOf(domainXml: string, name: string): XmlElement | undefined {
  return nicEntries(findChild(readXml(domainXml), "devices")).find((nic) => nic.name === name)?.element;
}
