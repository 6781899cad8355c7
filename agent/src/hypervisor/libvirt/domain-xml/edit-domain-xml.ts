/**
 * Changes a stored domain's XML and keeps everything else, so that a domain of somebody else loses nothing by being
 * adopted. The name is not among the changes: libvirt has a call of its own for it.
 */
import { problem } from "@ghost/schemas";
import type { DomainChange, DomainDisk } from "../../driver.ts";
import type { DomainType } from "./accel.ts";
import { DISK_ALIAS, NIC_ALIAS, diskElement, freeTarget, nicElement } from "./devices.ts";
import type { DiskPlace } from "./devices.ts";
import { diskEntries, nicEntries } from "./entries.ts";
import type { DeviceEntry } from "./entries.ts";
import { ownMetadata, withMetadata } from "./metadata-element.ts";
import { updatedNic } from "./plug.ts";
import { readXml } from "./read-xml.ts";
import { cpuElement, memoryElements, osElement, rootPorts, vcpuElement } from "./to-domain-xml.ts";
import type { DomainParts } from "./to-domain-xml.ts";
import { childrenOf, element, findChild, withChild, withoutChild, writeXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** The parts of a change that the XML carries, absent parts stay. Numbers of one kind go together. */
export interface DomainEdit extends Pick<DomainChange, "addNics" | "removeNics" | "updateNics" | "removeDisks" | "metadata" | "accel"> {
  readonly vcpus?: { readonly vcpu: number; readonly vcpuMax: number };
  readonly ram?: { readonly ramGb: number; readonly ramMaxGb: number };
  readonly os?: Parameters<typeof osElement>[0] & { readonly images?: DomainParts["firmware"] };
  /** What `accel` comes to. */
  readonly type?: DomainType;
  readonly addDisks?: Readonly<Record<string, DomainDisk & DiskPlace>>;
}

/** Names that were derived become aliases, so that they hold from now on. HOST_ERROR as with `fromDomainXml`. */
export function editDomainXml(text: string, edit: DomainEdit): string {
  let domain = withDevices(readXml(text), edit);
  if (edit.vcpus !== undefined) domain = withVcpus(domain, edit.vcpus);
  if (edit.ram !== undefined) for (const child of memoryElements(edit.ram)) domain = withChild(domain, child);
  if (edit.os !== undefined) domain = withOs(domain, edit.os);
  if (edit.type !== undefined && edit.type !== domain.attributes["type"])
    domain = withChild({ ...domain, attributes: { ...domain.attributes, type: edit.type } }, cpuElement(edit.type));
  if (edit.metadata !== undefined || edit.accel !== undefined) {
    const before = ownMetadata(domain);
    domain = withMetadata(domain, { text: edit.metadata ?? before?.text ?? "", accel: edit.accel ?? before?.accel ?? "auto" });
  }
  return writeXml(domain);
}

/** Without what names single processors and must add up to the old number. */
function withVcpus(domain: XmlElement, vcpus: { vcpu: number; vcpuMax: number }): XmlElement {
  const cpu = findChild(domain, "cpu");
  const changed = withoutChild(withChild(domain, vcpuElement(vcpus)), "vcpus");
  return cpu === undefined ? changed : withChild(changed, withoutChild(cpu, "topology"));
}

function withOs(domain: XmlElement, { images, ...os }: NonNullable<DomainEdit["os"]>): XmlElement {
  const made = osElement(os, images);
  const before = findChild(domain, "os");
  const kept = childrenOf(before).filter(({ name }) => !["type", "loader", "nvram", "firmware"].includes(name));
  const after = withChild(domain, { ...made, children: [...made.children, ...kept] });
  const wasPc =
    (findChild(before, "type")?.attributes["machine"] ?? "").includes("i440fx") ||
    findChild(before, "type")?.attributes["machine"] === "pc";
  return wasPc === (os.machine === "pc") ? after : withOtherBus(after, os.machine === "q35");
}

/** No place on one machine's bus is one on the other's: libvirt finds new ones. */
function withOtherBus(domain: XmlElement, isQ35: boolean): XmlElement {
  const devices = findChild(domain, "devices") ?? element("devices");
  const kept = childrenOf(devices)
    .filter(({ name, attributes }) => name !== "controller" || !["pci", "usb", "sata", "ide"].includes(attributes["type"] ?? ""))
    .map((device) => (findChild(device, "address")?.attributes["type"] === "pci" ? withoutChild(device, "address") : device));
  const plugged = kept.filter(({ name }) => name === "disk" || name === "interface").length;
  return withChild(domain, { ...devices, children: [...kept, ...rootPorts(isQ35 ? plugged : undefined)] });
}

function withDevices(domain: XmlElement, edit: DomainEdit): XmlElement {
  const before = findChild(domain, "devices") ?? element("devices");
  const disks = diskEntries(before);
  const nics = nicEntries(before);
  const removed = new Set([
    ...disks.filter(({ name }) => edit.removeDisks?.includes(name)).map(({ element: disk }) => disk),
    ...nics.filter(({ name }) => edit.removeNics?.includes(name)).map(({ element: nic }) => nic),
  ]);
  const changed = new Map<XmlElement, XmlElement>([
    ...disks.map((disk): [XmlElement, XmlElement] => [disk.element, withAlias(disk, DISK_ALIAS)]),
    ...nics.map((nic): [XmlElement, XmlElement] => {
      const update = edit.updateNics?.[nic.name];
      const aliased = withAlias(nic, NIC_ALIAS);
      return [nic.element, update === undefined ? aliased : updatedNic(aliased, update)];
    }),
  ]);
  const missing = Object.keys(edit.updateNics ?? {}).find((name) => !nics.some((nic) => nic.name === name));
  if (missing !== undefined) throw problem("HOST_ERROR", `The domain has no network card ${missing}.`);

  const kept = childrenOf(before).filter((device) => !removed.has(device));
  const taken = new Set(childrenOf(before, "disk").map((disk) => findChild(disk, "target")?.attributes["dev"] ?? ""));
  const stays = (entries: readonly DeviceEntry[], name: string): boolean =>
    entries.some((entry) => entry.name === name && !removed.has(entry.element));
  const bootsByKind = findChild(domain, "os", "boot") !== undefined;
  const added = [
    ...Object.entries(edit.addDisks ?? {}).flatMap(([name, disk]) => {
      if (stays(disks, name)) return [];
      // A disk made anew has the place of the one that it replaces.
      const replaced = findChild(disks.find((entry) => entry.name === name)?.element, "target")?.attributes["dev"];
      const target = disk.target ?? (replaced?.startsWith("vd") === true ? replaced : freeTarget(taken));
      taken.add(target);
      const made = diskElement(name, disk, { ...disk, target });
      // libvirt refuses a boot order on a device where the domain has one of its own.
      return [bootsByKind ? withoutChild(made, "boot") : made];
    }),
    ...Object.entries(edit.addNics ?? {}).flatMap(([name, nic]) => (stays(nics, name) ? [] : [nicElement(name, nic)])),
  ];
  return withChild(domain, { ...before, children: [...kept.map((device) => changed.get(device) ?? device), ...added] });
}

/** A name that an alias cannot hold stays derived. */
function withAlias({ name, element: device, own }: DeviceEntry, prefix: string): XmlElement {
  return own || !/^[A-Za-z0-9_-]+$/.test(name) ? device : withChild(device, element("alias", { name: prefix + name }));
}
