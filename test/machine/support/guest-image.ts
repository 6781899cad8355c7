import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { cpioArchive } from "./guest/cpio.ts";
import type { ArchiveFile } from "./guest/cpio.ts";
import { findDependency, findPackages, librariesOf, refreshLists, unpackPackages } from "./guest/debian.ts";
import { bootableDisk } from "./guest/disk.ts";
import { modulesInOrder } from "./guest/modules.ts";

const run = promisify(execFile);
const GUEST_FOLDER = path.join(import.meta.dirname, "guest");
/** Always Debian's newest kernel for virtual machines. */
const KERNEL = "linux-image-cloud-amd64";
/** For the guest, and for making its disk. */
const PACKAGES = ["busybox-static", "qemu-guest-agent", "dropbear-bin", "grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "mtools"];
const PROGRAMS = ["usr/sbin/qemu-ga", "usr/sbin/dropbear"];
const MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_balloon", "virtio_console", "virtio-rng", "isofs", "button", "evdev"];

/**
 * A disk image (qcow2) with a small Linux that starts by BIOS or UEFI within seconds and tells over HTTP what it sees;
 * guest/README.md says what it can do. It is made of Debian's packages once, and kept until they or its own files
 * change. Gives its path.
 */
export async function guestImage(): Promise<string> {
  try {
    return await findOrMake();
  } catch (error) {
    // Versions that the machine's lists have may be gone from the mirror.
    if (!(await refreshLists())) throw error;
    return await findOrMake();
  }
}

async function findOrMake(): Promise<string> {
  const kernel = await findDependency(KERNEL, "linux-image-");
  const packages = await findPackages([kernel, ...PACKAGES]);
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "ghost-test");
  const image = path.join(cache, `guest-${await contentKey(packages)}.qcow2`);
  if (await exists(image)) return image;
  await mkdir(cache, { recursive: true });
  // Several tests may make it at the same time; the first to be done counts.
  const work = await mkdtemp(path.join(cache, "work-"));
  try {
    await unpackPackages(packages, work);
    const version = kernel.slice("linux-image-".length);
    const initrd = cpioArchive([...(await ownFiles()), ...(await systemFiles(work, version))]);
    const raw = path.join(work, "raw");
    const made = path.join(work, "qcow2");
    await writeFile(raw, await bootableDisk(work, path.join(work, "boot", `vmlinuz-${version}`), initrd));
    await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, made]);
    await rename(made, image);
    return image;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function contentKey(packages: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(packages.join("\n"));
  hash.update(await readFile(import.meta.filename));
  for (const file of await filesIn(GUEST_FOLDER)) hash.update(`\n${file}\n`).update(await readFile(path.join(GUEST_FOLDER, file)));
  return hash.digest("hex").slice(0, 16);
}

/** What is written for the guest: scripts, and files of no more than a few lines. */
async function ownFiles(): Promise<readonly ArchiveFile[]> {
  const folder = path.join(GUEST_FOLDER, "root");
  return await Promise.all(
    (await filesIn(folder)).map(async (file): Promise<ArchiveFile> => {
      const content = await readFile(path.join(folder, file));
      return { path: file, content, isExecutable: content.subarray(0, 2).toString() === "#!" };
    }),
  );
}

/** Busybox, kernel modules and the order to load them in, programs and their libraries. */
async function systemFiles(unpacked: string, kernelVersion: string): Promise<readonly ArchiveFile[]> {
  const take = async (from: string, to: string, isExecutable: boolean): Promise<ArchiveFile> => ({
    path: to,
    content: await readFile(path.join(unpacked, from)),
    isExecutable,
  });
  const modules = await modulesInOrder(path.join(unpacked, "lib/modules", kernelVersion), MODULES);
  const programs = new Set(PROGRAMS);
  for (const program of PROGRAMS) for (const library of await librariesOf(unpacked, program)) programs.add(library);
  const order = modules.map((file) => `${path.basename(file)}\n`).join("");
  return [
    await take("bin/busybox", "bin/busybox", true),
    ...(await Promise.all([...programs].map(async (file) => await take(file, file, true)))),
    ...(await Promise.all(
      modules.map(async (file) => await take(path.relative(unpacked, file), `lib/modules/${path.basename(file)}`, false)),
    )),
    { path: "lib/modules/order", content: Buffer.from(order), isExecutable: false },
  ];
}

/** Relative and in order. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
