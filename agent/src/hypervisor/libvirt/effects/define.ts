import { rm } from "node:fs/promises";
import { defineDomain, setAutostart } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { KeyedLock } from "../../../keyed-lock.ts";
import type { Hypervisor } from "../../driver.ts";
import { domainTypeOf } from "../domain-xml/accel.ts";
import { toDomainXml } from "../domain-xml/to-domain-xml.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";
import { requireAcceleration } from "./acceleration.ts";
import { requireDisk } from "./disks.ts";
import { requireFirmware } from "./firmware.ts";
import { onHost, requireNetworks } from "./networks.ts";
import { consoleLogPath, diskFolder, makeFolder, nvramPath, seedPath } from "./places.ts";
import { layDownSeed } from "./seeds.ts";
import { keysOf, requireFreeMacs, requireFreeName } from "./taken.ts";

/** `taken` is held for the machine's name and cards. */
export function defineCall(parts: LibvirtParts, taken: KeyedLock): Hypervisor["define"] {
  return async (uid, config, metadata, guest) =>
    await taken.hold(keysOf(config.name, config.nics), () => define(parts, uid, config, metadata, guest));
}

async function define(parts: LibvirtParts, ...[uid, config, metadata, guest]: Parameters<Hypervisor["define"]>): Promise<void> {
  const { folders, readings, work, accel } = parts;
  const { name } = config;
  const before = await readings.read(uid);
  if (before?.isActive === true)
    throw problem("HOST_ERROR", `VM "${before.domain.live.name}" is ${before.domain.status} and cannot be defined again.`);
  const type = domainTypeOf(config.accel, accel);
  const nics = onHost(parts, config.nics);
  await requireFreeName(parts, uid, name);
  await requireFreeMacs(parts, uid, name, nics);
  const disks: Record<string, { path: string }> = {};
  for (const [disk, { id }] of Object.entries(config.disks)) disks[disk] = { path: await requireDisk(parts, uid, name, disk, id) };
  requireAcceleration(parts, config);
  await requireFirmware(parts, config, type);
  await requireNetworks(parts, name, nics);

  await told(`VM "${name}"`, async () => {
    await makeFolder(folders.consoles);
    const seed = await layDownSeed(folders, uid, guest);
    try {
      if (config.firmware === "uefi") await makeFolder(diskFolder(folders, uid));
      const nvram = nvramPath(folders, uid);
      const consoleLog = consoleLogPath(folders, uid);
      const domain = await defineDomain(work, toDomainXml(uid, { ...config, nics }, { disks, seed, consoleLog, metadata, type, nvram }));
      if ((before?.domain.stored.autostart ?? false) !== config.autostart) await setAutostart(work, domain, config.autostart);
    } catch (reason) {
      // Where libvirt cannot be asked any more, it may have been defined, and needs its seed.
      const after = before ?? (await readings.read(uid).catch(() => "unknown"));
      if (after === undefined) await rm(seedPath(folders, uid), { force: true });
      throw reason;
    }
  });
}
