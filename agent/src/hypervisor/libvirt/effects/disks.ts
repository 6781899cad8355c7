/** Disks of domains: files in a folder for each domain, named by the disk's id. */
import { open, readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bytesToGib, gibToBytes, problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import { blockInfo, resizeBlock } from "@ghost/libvirt";
import type { DomainRef } from "@ghost/libvirt";
import type { Hypervisor } from "../../driver.ts";
import { DISK_ID } from "../../identity.ts";
import { createEmptyDisk, createOverlay } from "../images/disks.ts";
import { codeOf, removeFile, syncFolder } from "../images/files.ts";
import { growImage } from "../images/grow.ts";
import { isOpenInQemu } from "../images/in-use.ts";
import { told } from "../link.ts";
import type { LibvirtParts, Reading } from "../parts.ts";
import { removeDomainFiles } from "./leftovers.ts";
import { DISK_ENDING, diskFolder, diskPath, makeFolder, NVRAM_FILE } from "./places.ts";
import { refuseSaved } from "./saved.ts";
import type { SharedLock } from "./shared-lock.ts";

/** A machine that has just ended, or lost a disk, may take this long to close its file. */
const CLOSING_MS = 3_000;
const LOOK_AGAIN_MS = 100;

type DiskCalls = Pick<Hypervisor, "createDisk" | "listDisks" | "deleteDisk" | "growDisk">;

/** `imageUse` is held while a disk is made from an image. */
export function diskCalls(parts: LibvirtParts, imageUse: SharedLock): DiskCalls {
  const { folders, images, readings } = parts;
  return {
    async createDisk(owner, name, disk, imageDigest, { signal } = {}) {
      const path = diskPath(folders, owner, disk.id);
      if (path === undefined) throw problem("HOST_ERROR", `The disk "${name}" cannot be named ${JSON.stringify(disk.id)} on the host.`);
      signal?.throwIfAborted();
      await told(`Disk "${name}"`, async () => {
        await imageUse.shared(async () => {
          if (await isThere(path)) return;
          const image = imageDigest === undefined ? undefined : await images.find(imageDigest);
          if (imageDigest !== undefined && image === undefined) throw missingImage(name, imageDigest);
          try {
            await makeFolder(diskFolder(folders, owner));
            const sizeBytes = gibToBytes(disk.sizeGb);
            if (image === undefined) await createEmptyDisk(path, sizeBytes, "qcow2");
            else await createOverlay(path, sizeBytes, image);
          } catch (reason) {
            await removeIfEmpty(diskFolder(folders, owner));
            throw reason;
          }
        });
      });
    },

    listDisks: (owner) => told("Disks", async () => await diskIds(diskFolder(folders, owner))),

    async deleteDisk(owner, diskId) {
      const path = diskPath(folders, owner, diskId);
      if (path === undefined) return;
      const reading = await readings.read(owner);
      const holder = reading && [reading.live, reading.stored].find((facts) => holds(facts, diskId, path));
      if (holder !== undefined)
        throw problem("HOST_ERROR", `The disk ${diskId} is attached to "${holder.config.name}" and cannot be deleted.`, {
          hint: "Take it away from the machine first.",
        });
      await told(`Disk ${diskId}`, async () => {
        await refuseOpen(path);
        await removeFile(path);
        const folder = diskFolder(folders, owner);
        if ((await diskIds(folder)).length > 0) return await syncFolder(folder);
        // What else an interrupted removal of the domain has left goes with the last of it.
        if (reading !== undefined) return await removeIfEmpty(folder);
        await removeFolder(folder);
        await removeDomainFiles(folders, owner);
      });
    },

    async growDisk(uid, name, sizeGb) {
      const reading = await readings.require(uid);
      const subject = `Disk "${name}" of VM "${reading.domain.stored.name}"`;
      const places = placesOf(reading, name);
      if (places.length === 0) throw problem("HOST_ERROR", `VM "${reading.domain.stored.name}" has no disk named "${name}".`);
      const larger = places.find((place) => place.sizeGb > sizeGb);
      if (larger !== undefined) throw cannotShrink(subject, larger.sizeGb, sizeGb);
      for (const place of places) {
        if (place.sizeGb === sizeGb) continue;
        await told(subject, async () => {
          if (place.isInUse) return await growLive(parts, subject, reading.ref, place.target, sizeGb);
          await refuseSaved(parts, reading);
          await growFile(subject, place, gibToBytes(sizeGb));
        });
      }
    },
  };
}

/** Files of our own, which a copy that somebody laid beside them is not; none when there is no such folder. */
export async function diskIds(folder: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(folder)).filter((file) => file.endsWith(DISK_ENDING)).map((file) => file.slice(0, -DISK_ENDING.length));
    return names.filter((name) => DISK_ID.test(name)).sort();
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return [];
    throw reason;
  }
}

/** HOST_ERROR for a disk that is to be deleted and that another machine, or a program like a backup's, has open. */
export async function refuseOpen(path: string): Promise<void> {
  if (!(await isThere(path)) || (await untilClosed(path))) return;
  throw problem("HOST_ERROR", `The disk ${path} is open in another machine, or in a program like qemu-img, and is not deleted.`, {
    hint: `See who it is, and end that first: lsof ${path}`,
  });
}

/** False when it is still open after the time that closing it may take. */
async function untilClosed(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  for (const endsAt = performance.now() + CLOSING_MS; await isOpenInQemu(file); await sleep(LOOK_AGAIN_MS))
    if (performance.now() >= endsAt) return false;
  return true;
}

/** HOST_ERROR when a disk that is to be attached was never made. */
export async function requireDisk(parts: LibvirtParts, uid: string, vm: string, name: string, diskId: string): Promise<string> {
  const path = diskPath(parts.folders, uid, diskId);
  if (path !== undefined && (await isThere(path))) return path;
  throw problem("HOST_ERROR", `The disk "${name}" of "${vm}" does not exist (${diskId}).`);
}

/** With what belongs to its disks, and what a crash has left of some that were being made. A folder with anything else in it stays. */
export async function removeFolder(folder: string): Promise<void> {
  for (const file of await readdir(folder).catch(() => []))
    if (file.endsWith(".qcow2.new") || file === NVRAM_FILE) await rm(join(folder, file), { force: true });
  await removeIfEmpty(folder);
}

async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return false;
    throw reason;
  }
}

function holds({ disks }: Reading["live"], diskId: string, path: string): boolean {
  return Object.values(disks).some((disk) => disk.id === diskId || disk.source === path);
}

interface DiskInUse {
  readonly source: string;
  readonly format: string;
  readonly target: string;
  readonly sizeGb: number;
  readonly isInUse: boolean;
}

/** The running machine's disk of that name and the stored one's, where that is another. */
function placesOf(reading: Reading, name: string): readonly DiskInUse[] {
  const { isActive, live, stored } = reading;
  const placeIn = (facts: Reading["live"], isInUse: boolean): readonly DiskInUse[] => {
    const disk = Object.hasOwn(facts.disks, name) ? facts.disks[name] : undefined;
    const sizeGb = facts.config.disks[name]?.sizeGb;
    return disk === undefined || sizeGb === undefined ? [] : [{ ...disk, sizeGb, isInUse }];
  };
  const running = isActive ? placeIn(live, true) : [];
  return [...running, ...placeIn(stored, false).filter(({ source }) => !running.some((other) => other.source === source))];
}

/** A size that could not be read is 0 in a reading, and libvirt shrinks as it grows: what the machine says counts. */
async function growLive({ work }: LibvirtParts, subject: string, ref: DomainRef, target: string, sizeGb: number): Promise<void> {
  const { capacityBytes } = await blockInfo(work, ref, target);
  if (capacityBytes > gibToBytes(sizeGb)) throw cannotShrink(subject, bytesToGib(capacityBytes), sizeGb);
  if (capacityBytes < gibToBytes(sizeGb)) await resizeBlock(work, ref, target, gibToBytes(sizeGb));
}

function cannotShrink(subject: string, hasGb: number, sizeGb: number): GhostError {
  return problem("HOST_ERROR", `${subject} has ${hasGb} GiB and cannot shrink to ${sizeGb} GiB.`, {
    hint: "A smaller disk is made anew, and loses what is on the old one.",
  });
}

async function growFile(subject: string, { source, format }: DiskInUse, sizeBytes: number): Promise<void> {
  try {
    if (!source.startsWith("/") || (format !== "qcow2" && format !== "raw")) throw new RangeError("it is neither a qcow2 nor a raw file");
    await untilClosed(source);
    await growImage(source, format, sizeBytes);
  } catch (reason) {
    if (!(reason instanceof RangeError)) throw reason;
    throw problem(
      "HOST_ERROR",
      `${subject} cannot grow to ${bytesToGib(sizeBytes)} GiB while it is stopped: ${reason.message}.`,
      { hint: "Grow it while the machine that it belongs to runs." },
      { cause: reason },
    );
  }
}

function missingImage(name: string, digest: string): GhostError {
  return problem("IMAGE_MISSING", `The image ${digest} is not on the host, so the disk "${name}" cannot be made from it.`, {
    hint: "Run the command again; the image is fetched first.",
  });
}
