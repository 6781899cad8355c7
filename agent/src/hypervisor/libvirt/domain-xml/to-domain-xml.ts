/** A VM's configuration → libvirt's domain XML. */
import { gibToKib, problem } from "@ghost/schemas";
import type { DomainConfig } from "../../driver.ts";
import type { DomainType } from "./accel.ts";
import { diskElement, freeTarget, nicElement, ROOT_DISK, seedElement } from "./devices.ts";
import type { DiskPlace } from "./devices.ts";
import { metadataElement } from "./metadata-element.ts";
import { element, writeXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

export interface DomainParts {
  /** By disk name; every disk of the configuration has one. */
  readonly disks: Readonly<Record<string, DiskPlace>>;
  /** Image with the cloud-init seed. */
  readonly seed?: string;
  /** What the guest writes on its first serial port is added to this file. */
  readonly consoleLog: string;
  readonly metadata: string;
  /** What `domainTypeOf` made of `accel`. */
  readonly type: DomainType;
  /** Path of the QEMU binary; without it libvirt takes its own choice. */
  readonly emulator?: string;
  /** Where a UEFI machine keeps its variables; without it libvirt chooses by the machine's name. */
  readonly nvram?: string;
  /** UEFI images; without them libvirt chooses by the firmware descriptions of the host. */
  readonly firmware?: { readonly loader: string; readonly nvramTemplate: string; readonly nvram: string };
}

/** A card or disk can be plugged into a running q35 machine only where a free port is. */
const SPARE_PORTS = 8;
/** Devices besides disks and cards that take a port: balloon, random numbers, virtio-serial, USB. */
const OTHER_PORTS = 4;
/** So often the guest says how much memory it uses. */
const STATS_PERIOD_S = 5;

/** HOST_ERROR for a name or path that XML cannot carry. */
export function toDomainXml(uid: string, config: DomainConfig, parts: DomainParts): string {
  return writeXml(
    element(
      "domain",
      { type: parts.type },
      element("name", {}, config.name),
      element("uuid", {}, uid),
      element("metadata", {}, metadataElement({ text: parts.metadata, accel: config.accel })),
      ...memoryElements(config),
      vcpuElement(config),
      osElement({ ...config, ...(parts.nvram !== undefined && { nvram: parts.nvram }) }, parts.firmware),
      element("features", {}, element("acpi"), element("apic")),
      cpuElement(parts.type),
      element(
        "clock",
        { offset: "utc" },
        element("timer", { name: "rtc", tickpolicy: "catchup" }),
        element("timer", { name: "pit", tickpolicy: "delay" }),
        element("timer", { name: "hpet", present: "no" }),
      ),
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, "restart"),
      element("on_crash", {}, "destroy"),
      devicesElement(config, parts),
    ),
  );
}

/** `<memory>` is the most that the guest can be given, `<currentMemory>` what it has. */
export function memoryElements({ ramGb, ramMaxGb }: Pick<DomainConfig, "ramGb" | "ramMaxGb">): readonly [XmlElement, XmlElement] {
  return [
    element("memory", { unit: "KiB" }, String(gibToKib(ramMaxGb))),
    element("currentMemory", { unit: "KiB" }, String(gibToKib(ramGb))),
  ];
}

export function vcpuElement({ vcpu, vcpuMax }: Pick<DomainConfig, "vcpu" | "vcpuMax">): XmlElement {
  return element("vcpu", { placement: "static", current: vcpu === vcpuMax ? undefined : vcpu }, String(vcpuMax));
}

export function osElement(
  { firmware, machine, nvram }: Pick<DomainConfig, "firmware" | "machine"> & Pick<DomainParts, "nvram">,
  images?: DomainParts["firmware"],
): XmlElement {
  const type = element("type", { arch: "x86_64", machine }, "hvm");
  if (firmware === "bios") return element("os", {}, type);
  if (images !== undefined)
    return element(
      "os",
      {},
      type,
      element("loader", { readonly: "yes", type: "pflash" }, images.loader),
      element("nvram", { template: images.nvramTemplate }, images.nvram),
    );
  return element(
    "os",
    { firmware: "efi" },
    type,
    // Own and older images are not signed; with Secure Boot they would not start.
    element("firmware", {}, element("feature", { enabled: "no", name: "secure-boot" })),
    nvram === undefined ? undefined : element("nvram", {}, nvram),
  );
}

export function cpuElement(type: DomainType): XmlElement {
  return element(
    "cpu",
    type === "kvm" ? { mode: "host-passthrough", check: "none", migratable: "on" } : { mode: "maximum", check: "none" },
  );
}

function devicesElement(config: DomainConfig, parts: DomainParts): XmlElement {
  const disks = diskElements(config, parts.disks);
  const nics = Object.keys(config.nics)
    .sort()
    .flatMap((name) => (config.nics[name] === undefined ? [] : [nicElement(name, config.nics[name])]));
  const ports = config.machine === "q35" ? disks.length + nics.length + (parts.seed === undefined ? 0 : 1) : undefined;
  return element(
    "devices",
    {},
    parts.emulator === undefined ? undefined : element("emulator", {}, parts.emulator),
    ...disks,
    parts.seed === undefined ? undefined : seedElement(parts.seed),
    ...rootPorts(ports),
    ...nics,
    element("serial", { type: "pty" }, element("log", { file: parts.consoleLog, append: "on" }), element("target", { port: 0 })),
    element("console", { type: "pty" }, element("target", { type: "serial", port: 0 })),
    element("channel", { type: "unix" }, element("target", { type: "virtio", name: "org.qemu.guest_agent.0" })),
    element("memballoon", { model: "virtio" }, element("stats", { period: STATS_PERIOD_S })),
    element("rng", { model: "virtio" }, element("backend", { model: "random" }, "/dev/urandom")),
  );
}

/** Ports of a q35 machine for this many disks and cards, and some to spare; none for undefined. */
export function rootPorts(devices: number | undefined): readonly XmlElement[] {
  if (devices === undefined) return [];
  const length = devices + OTHER_PORTS + SPARE_PORTS;
  return Array.from({ length }, (_, index) => element("controller", { type: "pci", index: index + 1, model: "pcie-root-port" }));
}

/** Root first, the others by name; places that are given are kept. */
function diskElements({ disks }: DomainConfig, places: DomainParts["disks"]): readonly XmlElement[] {
  const taken = new Set(Object.values(places).flatMap(({ target }) => target ?? []));
  const names = Object.keys(disks).sort((a, b) => Number(b === ROOT_DISK) - Number(a === ROOT_DISK) || (a < b ? -1 : 1));
  return names.flatMap((name) => {
    const disk = disks[name];
    const place = places[name];
    if (disk === undefined) return [];
    if (place === undefined) throw problem("INTERNAL", `No path was given for disk ${name}.`);
    const target = place.target ?? freeTarget(taken);
    taken.add(target);
    return [diskElement(name, disk, { ...place, target })];
  });
}
