/** The host behind a libvirt, as a Hypervisor. */
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { libvirtVersion } from "@ghost/libvirt";
import type { Hypervisor } from "../driver.ts";
import { Changes } from "./changes.ts";
import { consoleCalls } from "./console.ts";
import { ConsoleLogs } from "./console-log.ts";
import type { AccelFacts } from "./domain-xml/accel.ts";
import { domainTypeOf } from "./domain-xml/accel.ts";
import { effectCalls } from "./effects.ts";
import { makeFolder } from "./effects/places.ts";
import { hostFacts, hostNetworks, observedImages } from "./facts.ts";
import { GuestWatch } from "./guest-watch.ts";
import type { DownloadLimits } from "./images/download.ts";
import { ImageStore } from "./images/store.ts";
import type { VendorImage } from "./images/vendor-images.ts";
import { vendorImages } from "./images/vendor-images.ts";
import { openLink, told } from "./link.ts";
import type { LibvirtParts } from "./parts.ts";
import { LibvirtReadings } from "./readings.ts";
import { snapshotCalls } from "./snapshots.ts";
import { StartTimes } from "./start-times.ts";
import { UsageReader } from "./usage.ts";

export interface LibvirtOptions {
  /** `qemu:///system`. */
  readonly uri: string;
  /** Default: where libvirt of this URI listens. */
  readonly socketPath?: string;
  /** Folder of disks, seeds and console logs. */
  readonly dir: string;
  /** Folder of images. */
  readonly imageDir: string;
  /** The host's network that `network: default` of a VM means. */
  readonly network: string;
  /** Folder for disks instead of `dir/disks`. */
  readonly diskDir?: string;
  /** Addresses of folders that are asked for the catalogue's images before their vendors. */
  readonly mirrors?: readonly string[];
  /** Instead of the catalogue. */
  readonly vendorImages?: ReadonlyMap<string, VendorImage>;
  readonly downloadLimits?: Partial<DownloadLimits>;
  /** A question that libvirt does not answer within it is HOST_ERROR. Default 8,000. */
  readonly answerTimeoutMs?: number;
}

/** Opens the driver; libvirt need not answer yet: then every call is HOST_ERROR until it does. */
export async function openLibvirtHypervisor(options: LibvirtOptions): Promise<Hypervisor> {
  const folders = {
    disks: options.diskDir ?? join(options.dir, "disks"),
    seeds: join(options.dir, "seeds"),
    consoles: join(options.dir, "consoles"),
  };
  for (const folder of Object.values(folders)) await told("The agent's folders", async () => await makeFolder(folder));
  const catalogue = options.vendorImages ?? vendorImages(process.arch === "arm64" ? "arm64" : "amd64", options.mirrors);
  const images = new ImageStore({
    dir: options.imageDir,
    vendorImages: catalogue,
    ...(options.downloadLimits !== undefined && { limits: options.downloadLimits }),
  });
  images.clear();
  const accel = await accelFacts();
  const startTimes = new StartTimes();
  const changes = new Changes({
    read: async (uid) => await readings.find(uid),
    list: async () => await readings.list(),
    onStart: (uid) => startTimes.forget(uid),
    onBalloon: (uid) => readings.balloonMoved(uid),
  });
  const link = openLink({
    uri: options.uri,
    ...(options.socketPath !== undefined && { socketPath: options.socketPath }),
    ...(options.answerTimeoutMs !== undefined && { answerTimeoutMs: options.answerTimeoutMs }),
    onState: ({ state }) => state === "up" && changes.up(link.ask),
  });
  const guests = new GuestWatch({ ...link, onNews: (uid) => changes.look(uid) });
  const readings: LibvirtReadings = new LibvirtReadings({
    ask: link.ask,
    probe: link.probe,
    autoType: domainTypeOf("auto", accel),
    defaultNetwork: options.network,
    guests: async (running) => await guests.says(running),
    startTimes,
    startReading: () => changes.now,
    onRead: (found) => {
      changes.noticed(found);
      guests.noticed(found);
    },
  });
  const usage = new UsageReader({
    ...link,
    active: async (uid) => await readings.active(uid),
    ...(options.answerTimeoutMs !== undefined && { answerTimeoutMs: options.answerTimeoutMs }),
  });
  const parts: LibvirtParts = { ...link, folders, images, accel, defaultNetwork: options.network, readings };
  const consoleLogs = new ConsoleLogs(folders.consoles);
  return {
    kind: "libvirt",
    // Of libvirt, not of QEMU: after its start libvirtd takes seconds to look what its QEMU can do.
    ping: async () => void (await told("The host's libvirt", async () => await libvirtVersion(link.ask))),
    facts: async () => await hostFacts(link.ask, folders.disks, accel),
    images: async () => await observedImages(images, catalogue.keys()),
    networks: async () => await hostNetworks(parts),
    list: async () => await readings.list(),
    find: async (uid) => await readings.find(uid),
    findByName: async (name) => await readings.findByName(name),
    usage: async (uid) => await usage.read(uid),
    onChange: (listener) => changes.listen(listener),
    ...effectCalls(parts),
    ...snapshotCalls(parts),
    ...consoleCalls(parts, consoleLogs),
    async [Symbol.asyncDispose]() {
      changes[Symbol.dispose]();
      guests[Symbol.dispose]();
      consoleLogs[Symbol.dispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}

async function accelFacts(): Promise<AccelFacts> {
  const kvmOpens = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return { kvmOpens, cpuInfo: await readFile("/proc/cpuinfo", "utf8").catch(() => "") };
}
