/** From a VM's configuration to what the hypervisor is asked for. */
import { own, sameValue } from "@ghost/engine";
import type { VmConfig } from "@ghost/schemas";
import type { Domain, DomainChange, DomainConfig, DomainDisk, DomainNic, GuestSetup } from "../hypervisor/driver.ts";
import { macOf } from "../hypervisor/identity.ts";

/** Path of the one secret a VM has, as it travels beside a step. */
export const PASSWORD_PATH = "cloud_init.password";

/**
 * The domain that a complete configuration describes. A card without a MAC address of its own keeps the one it has,
 * or gets the one that follows from uid and name.
 */
export function toDomainConfig(
  uid: string,
  config: VmConfig,
  diskIds: Readonly<Record<string, string>>,
  present?: DomainConfig,
): DomainConfig {
  const vcpu = config.vcpu ?? 1;
  const ramGb = config.ram_gb ?? 1;
  return {
    name: config.name ?? "",
    vcpu,
    vcpuMax: config.vcpu_max ?? vcpu,
    ramGb,
    ramMaxGb: config.ram_max_gb ?? ramGb,
    firmware: config.firmware ?? "bios",
    machine: config.machine ?? "q35",
    accel: config.accel ?? "auto",
    autostart: config.autostart ?? true,
    disks: Object.fromEntries(
      Object.entries(diskSizes(config)).map(([name, sizeGb]): [string, DomainDisk] => [name, { id: own(diskIds, name) ?? "", sizeGb }]),
    ),
    nics: Object.fromEntries(
      Object.entries(config.networks ?? {}).map(([card, { network, bridge, mac }]): [string, DomainNic] => [
        card,
        {
          mac: mac ?? own(present?.nics ?? {}, card)?.mac ?? macOf(uid, card),
          ...(bridge !== undefined ? { bridge } : { network: network ?? "default" }),
        },
      ]),
    ),
  };
}

/** Size in GiB of each disk by name, the root disk under `root`. */
export function diskSizes(config: VmConfig): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  if (config.disk_gb !== undefined) sizes["root"] = config.disk_gb;
  for (const [name, disk] of Object.entries(config.disks ?? {})) sizes[name] = disk.size_gb;
  return sizes;
}

export function guestSetup(config: VmConfig, secrets: Readonly<Record<string, string>>): GuestSetup {
  const { packages, user_data, network_config } = config.cloud_init ?? {};
  return {
    hostname: config.name ?? "",
    sshKeys: config.ssh_keys ?? [],
    packages: packages ?? [],
    ...(user_data !== undefined && { userData: user_data }),
    ...(network_config !== undefined && { networkConfig: network_config }),
    ...(config.cloud_init?.password !== undefined && secrets[PASSWORD_PATH] !== undefined && { password: secrets[PASSWORD_PATH] }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The parts in which a domain, running or stored, is not as wanted; undefined when there are none. Sizes of disks are
 * not among them: a disk grows by a call of its own.
 */
export function changedParts(domain: Domain, want: DomainConfig): DomainChange | undefined {
  const change: Mutable<DomainChange> = {};
  const set = <K extends (typeof PLAIN)[number]>(part: K): void => {
    if (domain.stored[part] !== want[part] || domain.live[part] !== want[part]) change[part] = want[part] as NonNullable<DomainChange[K]>;
  };
  for (const part of PLAIN) set(part);

  const adds: Record<string, DomainDisk> = {};
  const removes: string[] = [];
  for (const [name, disk] of Object.entries(want.disks)) {
    if (everywhere(domain, (config) => own(config.disks, name)?.id === disk.id)) continue;
    adds[name] = disk;
    if (!everywhere(domain, (config) => own(config.disks, name) === undefined)) removes.push(name);
  }
  for (const name of names(domain, "disks")) if (own(want.disks, name) === undefined) removes.push(name);
  if (Object.keys(adds).length > 0) change.addDisks = adds;
  if (removes.length > 0) change.removeDisks = removes;

  const addNics: Record<string, DomainNic> = {};
  const updateNics: Record<string, DomainNic> = {};
  for (const [card, nic] of Object.entries(want.nics)) {
    if (everywhere(domain, (config) => sameValue(own(config.nics, card), nic))) continue;
    if (everywhere(domain, (config) => own(config.nics, card) === undefined)) addNics[card] = nic;
    else updateNics[card] = nic;
  }
  const removeNics = names(domain, "nics").filter((card) => own(want.nics, card) === undefined);
  if (Object.keys(addNics).length > 0) change.addNics = addNics;
  if (Object.keys(updateNics).length > 0) change.updateNics = updateNics;
  if (removeNics.length > 0) change.removeNics = removeNics;

  return Object.keys(change).length === 0 ? undefined : change;
}

const PLAIN = [
  "name",
  "vcpu",
  "vcpuMax",
  "ramGb",
  "ramMaxGb",
  "firmware",
  "machine",
  "accel",
  "autostart",
] as const satisfies readonly (keyof DomainConfig & keyof DomainChange)[];

function everywhere(domain: Domain, is: (config: DomainConfig) => boolean): boolean {
  return is(domain.live) && is(domain.stored);
}

function names(domain: Domain, part: "disks" | "nics"): string[] {
  return [...new Set([...Object.keys(domain.live[part]), ...Object.keys(domain.stored[part])])];
}
