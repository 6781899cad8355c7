import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { DomainConfig } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { toDomainXml } from "../../../agent/src/hypervisor/libvirt/domain-xml/to-domain-xml.ts";
import { emptyQcow2 } from "../../../agent/src/hypervisor/libvirt/images/qcow2.ts";
import { metadataOf } from "../../../agent/src/operations/metadata.ts";
import { defineDomain, startDomain } from "../../../libvirt/src/index.ts";
import { pretendedGuest } from "../../machine/support/guests.ts";
import type { BenchHost } from "./bench-host.ts";

const GIB = 2 ** 30;

/** Machines of libvirt's test driver, which emulates nothing: all of them run. */
export async function pretendVms({ libvirt }: BenchHost, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await startDomain(libvirt, await defineDomain(libvirt, pretendedGuest(`vm-${index}`)));
}

/**
 * Machines as the agent makes them: 64 MiB, an empty disk, a seed, a card, what Ghost knows of them; an agent that starts makes its
 * records of that. The first `running` of them run, as far as their firmware goes.
 */
export async function makeVms({ libvirt, dataDir }: BenchHost, count: number, running: number): Promise<void> {
  const [disks, seeds, consoles] = ["disks", "seeds", "consoles"].map((name) => path.join(dataDir, name)) as [string, string, string];
  for (const folder of [disks, seeds, consoles]) await mkdir(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const uid = randomUUID();
    const id = diskIdOf(uid, "root");
    const config: DomainConfig = {
      name: `vm-${index}`,
      vcpu: 1,
      vcpuMax: 2,
      ramGb: 0.0625,
      ramMaxGb: 0.0625,
      firmware: "bios",
      machine: "q35",
      accel: "tcg",
      autostart: true,
      disks: { root: { id, sizeGb: 1 } },
      nics: { default: { mac: macOf(uid, "default"), network: "user" } },
    };
    const [disk, seed] = [path.join(disks, uid, `${id}.qcow2`), path.join(seeds, `${uid}.iso`)];
    await mkdir(path.dirname(disk));
    await writeFile(disk, emptyQcow2(GIB));
    await writeFile(seed, Buffer.alloc(2048));
    const metadata = metadataOf(recordOf(uid, config.name, id));
    const consoleLog = path.join(consoles, `${uid}.log`);
    const xml = toDomainXml(uid, config, { disks: { root: { path: disk } }, seed, consoleLog, metadata, type: "qemu" });
    const domain = await defineDomain(libvirt, xml, { validate: false });
    if (index < running) await startDomain(libvirt, domain);
  }
}

function recordOf(uid: string, name: string, diskId: string): Parameters<typeof metadataOf>[0] {
  const config = { name, image: "debian-12", vcpu: 1, ram_gb: 1, disk_gb: 1, labels: { app: "bench", tier: "front" } };
  const now = new Date();
  return {
    uid,
    name,
    owner: "spec:bench",
    ownedSince: now,
    config,
    applied: config,
    defaults: {},
    imageDigest: `sha256:${"0".repeat(64)}`,
    diskIds: { root: diskId },
    looseDisks: [],
    planHash: "0".repeat(64),
    gitCommit: "",
    revision: "",
    phase: "ready",
    isAwaited: false,
    createdAt: now,
    appliedAt: now,
  };
}
