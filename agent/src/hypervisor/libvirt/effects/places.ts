/** Where the files of a domain are. What is elsewhere is somebody else's, and is never made or removed. */
import { chmod, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DISK_ID } from "../../identity.ts";
import { writeFailure } from "../images/files.ts";
import type { Folders } from "../parts.ts";

/** QEMU's user passes through, and finds only what it is told the name of. */
const PASSABLE = 0o711;

export const NVRAM_FILE = "nvram.fd";

export function diskFolder({ disks }: Folders, uid: string): string {
  return join(disks, uid);
}

export const DISK_ENDING = ".qcow2";

/** Undefined for an id that cannot be one of ours: a disk of somebody else may have any text as its serial number. */
export function diskPath(folders: Folders, uid: string, diskId: string): string | undefined {
  return DISK_ID.test(diskId) ? join(diskFolder(folders, uid), diskId + DISK_ENDING) : undefined;
}

/** True for a file of ours, which goes with its domain. By what it is called: a folder may be reached by several paths. */
export function isOwnDisk(uid: string, source: string): boolean {
  const file = basename(source);
  return basename(dirname(source)) === uid && file.endsWith(DISK_ENDING) && DISK_ID.test(file.slice(0, -DISK_ENDING.length));
}

/** UEFI's variables, beside the disks, which they belong to: under a name of libvirt's choice a renamed machine would lose them. */
export function nvramPath(folders: Folders, uid: string): string {
  return join(diskFolder(folders, uid), NVRAM_FILE);
}

export function seedPath({ seeds }: Folders, uid: string): string {
  return join(seeds, `${uid}.iso`);
}

/** What is remembered of the seeds that a domain had. */
export function seedNotePath({ seeds }: Folders, uid: string): string {
  return join(seeds, `${uid}.json`);
}

export function consoleLogPath({ consoles }: Folders, uid: string): string {
  return join(consoles, `${uid}.log`);
}

/** Makes a folder that is not there, and those above it, passable for everybody. HOST_OUT_OF_DISK. */
export async function makeFolder(dir: string): Promise<void> {
  try {
    // Not by `mode`: the umask would take from it.
    for (let made = await mkdir(dir, { recursive: true }), at = dir; made !== undefined; at = join(at, "..")) {
      await chmod(at, PASSABLE);
      if (at === made) break;
    }
  } catch (reason) {
    throw writeFailure(reason, dir);
  }
}
