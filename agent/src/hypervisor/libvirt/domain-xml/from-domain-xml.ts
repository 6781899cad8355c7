/**
 * libvirt's domain XML, of a running machine or the stored one, whoever made it → what the agent knows of a domain.
 *
 * (1) What we wrote comes back as it was written.
 * (2) Nothing in a domain of somebody else makes the reading fail: what has no place in a configuration is named in
 *     `foreign`. A missing uuid or another root element does fail: that is no domain.
 * (3) Disks and cards without our names get names that do not depend on their order, but for the first of each.
 */
import { kibToGib, problem } from "@ghost/schemas";
import type { DomainConfig, DomainDisk, DomainNic } from "../../driver.ts";
import { diskIdOf } from "../../identity.ts";
import type { DomainType } from "./accel.ts";
import { USER_NETWORK } from "./devices.ts";
import { diskEntries, entriesOf, isSeed, nicEntries } from "./entries.ts";
import { ownMetadata } from "./metadata-element.ts";
import { readXml } from "./read-xml.ts";
import { childrenOf, findChild, rawTextOf, textOf } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

const AGENT_CHANNEL = "org.qemu.guest_agent.0";

export interface DomainDiskFacts {
  readonly id: string;
  /** What libvirt calls it: `vda`. */
  readonly target: string;
  /** File or block device, or as `pool/volume`; empty for a disk on a network. */
  readonly source: string;
  /** As the domain's definition says it: `qcow2`, `raw`; empty where it says none. */
  readonly format: string;
  /** Has our alias. */
  readonly own: boolean;
}

/** What the XML does not tell. */
export interface OtherFacts {
  /** Size of a disk, from libvirt's block info. */
  readonly sizeGbOf: (disk: DomainDiskFacts) => number;
  readonly autostart: boolean;
  /** What `accel: auto` comes to on this host; a foreign domain of that type counts as `auto`. */
  readonly autoType: DomainType;
}

export interface DomainXmlFacts {
  readonly uid: string;
  readonly config: DomainConfig;
  readonly type: string;
  /** Text of the agent; empty when no agent has written any. */
  readonly metadata: string;
  /** By disk name, as in the configuration. */
  readonly disks: Readonly<Record<string, DomainDiskFacts>>;
  readonly seed?: string;
  readonly consoleLog?: string;
  /** UEFI variables of this domain. */
  readonly nvram?: string;
  /** Processors that the machine did not start with are in it; of a running machine's XML. */
  readonly hasPluggedVcpus: boolean;
  /** The guest's agent has opened its channel; of a running machine's XML. */
  readonly guestAgent: boolean;
  /** What a configuration cannot say, in words for people: `hostdev`, `cdrom sda`, `interface direct 52:54:…`. */
  readonly foreign: readonly string[];
}

/** HOST_ERROR when the text is not a domain's XML, or out of bounds (read-xml.ts). */
export function fromDomainXml(text: string, other: OtherFacts): DomainXmlFacts {
  const domain = readXml(text);
  const uid = textOf(findChild(domain, "uuid"));
  if (domain.name !== "domain" || uid === "") throw problem("HOST_ERROR", "The XML that the hypervisor gave is not that of a domain.");
  const own = ownMetadata(domain);
  const devices = findChild(domain, "devices");
  const disks = disksOf(uid, devices);
  const type = domain.attributes["type"] ?? "";
  const consoleLog = childrenOf(devices, "serial").flatMap((serial) => findChild(serial, "log")?.attributes["file"] ?? [])[0];
  const seed = childrenOf(devices, "disk").find(isSeed);
  const seedPath = seed && sourceOf(seed);
  const nvram = textOf(findChild(domain, "os", "nvram"));
  return {
    uid,
    type,
    config: {
      name: rawTextOf(findChild(domain, "name")),
      ...memoryOf(domain),
      ...vcpuOf(domain),
      firmware: firmwareOf(domain),
      machine: machineOf(domain) === "pc" ? "pc" : "q35",
      accel: accelOf(type, own?.accel, other.autoType),
      autostart: other.autostart,
      disks: Object.fromEntries(
        Object.entries(disks).map(([name, disk]): [string, DomainDisk] => [name, { id: disk.id, sizeGb: other.sizeGbOf(disk) }]),
      ),
      nics: Object.fromEntries(nicEntries(devices).map(({ name, element }): [string, DomainNic] => [name, nicOf(element)])),
    },
    metadata: own?.text ?? "",
    disks,
    ...(seedPath !== undefined && { seed: seedPath }),
    ...(consoleLog !== undefined && { consoleLog }),
    ...(nvram !== "" && { nvram }),
    hasPluggedVcpus: childrenOf(findChild(domain, "vcpus"), "vcpu").some(
      ({ attributes }) => attributes["enabled"] === "yes" && attributes["hotpluggable"] === "yes",
    ),
    guestAgent: childrenOf(devices, "channel").some((channel) => {
      const target = findChild(channel, "target")?.attributes;
      return target?.["name"] === AGENT_CHANNEL && target["state"] === "connected";
    }),
    foreign: foreignOf(domain, type),
  };
}

function disksOf(uid: string, devices: XmlElement | undefined): Readonly<Record<string, DomainDiskFacts>> {
  return Object.fromEntries(
    diskEntries(devices).map(({ name, element, own }): [string, DomainDiskFacts] => {
      const target = findChild(element, "target")?.attributes["dev"] ?? "";
      const serial = textOf(findChild(element, "serial"));
      return [
        name,
        { id: serial === "" ? diskIdOf(uid, target) : serial, target, source: sourceOf(element), format: formatOf(element), own },
      ];
    }),
  );
}

function formatOf(disk: XmlElement): string {
  return findChild(disk, "driver")?.attributes["type"] ?? "";
}

function sourceOf(disk: XmlElement): string {
  const { file, dev, pool, volume } = findChild(disk, "source")?.attributes ?? {};
  return file ?? dev ?? (pool !== undefined && volume !== undefined ? `${pool}/${volume}` : "");
}

function nicOf(nic: XmlElement): DomainNic {
  const mac = macAddress(nic);
  const source = findChild(nic, "source")?.attributes;
  switch (nic.attributes["type"]) {
    case "bridge":
      return { mac, ...(source?.["bridge"] !== undefined && { bridge: source["bridge"] }) };
    case "network":
      return { mac, ...(source?.["network"] !== undefined && { network: source["network"] }) };
    case "user":
      return { mac, network: USER_NETWORK };
    default:
      return { mac };
  }
}

function macAddress(nic: XmlElement): string {
  return (findChild(nic, "mac")?.attributes["address"] ?? "").toLowerCase();
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 2 ** 10,
  KiB: 2 ** 10,
  MB: 1e6,
  M: 2 ** 20,
  MiB: 2 ** 20,
  GB: 1e9,
  G: 2 ** 30,
  GiB: 2 ** 30,
  TB: 1e12,
  T: 2 ** 40,
  TiB: 2 ** 40,
};

/** `<currentMemory>` of a domain's XML: what the balloon of a running machine leaves its guest this moment. */
export function ramGbIn(text: string): number {
  return memoryOf(readXml(text)).ramGb;
}

function memoryOf(domain: XmlElement): Pick<DomainConfig, "ramGb" | "ramMaxGb"> {
  const most = findChild(domain, "memory");
  const ramMaxGb = gib(most);
  const current = findChild(domain, "currentMemory");
  return { ramGb: current === undefined ? ramMaxGb : gib(current), ramMaxGb };
}

function gib(found: XmlElement | undefined): number {
  const bytes = numberOf(textOf(found), 0) * (UNIT_BYTES[found?.attributes["unit"] ?? "KiB"] ?? 1024);
  return kibToGib(Math.round(bytes / 1024));
}

function vcpuOf(domain: XmlElement): Pick<DomainConfig, "vcpu" | "vcpuMax"> {
  const found = findChild(domain, "vcpu");
  const vcpuMax = numberOf(textOf(found), 1);
  return { vcpu: numberOf(found?.attributes["current"] ?? "", vcpuMax), vcpuMax };
}

function numberOf(text: string, otherwise: number): number {
  return /^\d{1,18}$/.test(text) ? Number(text) : otherwise;
}

/** Direct kernel boot and SeaBIOS count as BIOS. */
function firmwareOf(domain: XmlElement): DomainConfig["firmware"] {
  const os = findChild(domain, "os");
  return os?.attributes["firmware"] === "efi" || findChild(os, "loader")?.attributes["type"] === "pflash" ? "uefi" : "bios";
}

/** libvirt writes the version that the alias stood for: `pc-q35-7.2`, `pc-i440fx-7.2`. */
function machineOf(domain: XmlElement): string {
  const machine = findChild(domain, "os", "type")?.attributes["machine"] ?? "";
  if (machine === "q35" || machine.startsWith("pc-q35-")) return "q35";
  return machine === "pc" || machine.startsWith("pc-i440fx-") ? "pc" : machine;
}

/** What the domain is counts; `auto` stays where it was asked for, whatever came of it. */
function accelOf(type: string, asked: DomainConfig["accel"] | undefined, autoType: DomainType): DomainConfig["accel"] {
  if (asked === "auto" || (asked === undefined && type === autoType)) return "auto";
  return type === "kvm" ? "kvm" : "tcg";
}

/** What every domain has and a configuration need not say. */
const USUAL = new Set([
  "emulator",
  "controller",
  "input",
  "memballoon",
  "rng",
  "serial",
  "console",
  "channel",
  "audio",
  "watchdog",
  "panic",
]);

function foreignOf(domain: XmlElement, type: string): readonly string[] {
  const devices = findChild(domain, "devices");
  const machine = machineOf(domain);
  const isPlain = new Set<XmlElement>([...entriesOf(devices), ...childrenOf(devices, "disk").filter(isSeed)]);
  return [
    ...(type === "kvm" || type === "qemu" ? [] : [`domain type ${type}`]),
    ...(machine === "q35" || machine === "pc" ? [] : [`machine ${machine}`]),
    ...childrenOf(devices).flatMap((device) => {
      if (USUAL.has(device.name)) return [];
      switch (device.name) {
        case "disk":
          return isPlain.has(device)
            ? []
            : [`${device.attributes["device"] ?? "disk"} ${findChild(device, "target")?.attributes["dev"] ?? ""}`.trim()];
        case "interface": {
          const kind = device.attributes["type"] ?? "";
          const isNamedUser = kind === "network" && findChild(device, "source")?.attributes["network"] === USER_NETWORK;
          const known = ["bridge", "network", "user"].includes(kind) && !isNamedUser;
          return known && isPlain.has(device) ? [] : [`interface ${kind} ${macAddress(device)}`.trim()];
        }
        case "video":
          return findChild(device, "model")?.attributes["type"] === "none" ? [] : ["video"];
        default:
          return [device.name];
      }
    }),
  ];
}
