import { readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/**
 * Whether a QEMU of this host has a disk open: each locks the files that it uses, also those that its disks stand on.
 * `locks` is the kernel's list. Of a file system of another host it says nothing.
 */
export async function isOpenInQemu(file: FileHandle, locks = "/proc/locks"): Promise<boolean> {
  const { ino } = await file.stat({ bigint: true });
  const text = await readFile(locks, "utf8").catch(() => "");
  // Not by the device too: of some file systems (btrfs) the list has another number of it than the file says.
  return text.split("\n").some((line) => /^\d+: OFDLCK /.test(line) && line.includes(`:${ino} `));
}
