import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { runUnpacked } from "./debian.ts";

const SECTOR_BYTES = 512;
const MIB = 2 ** 20;
/** Before the first partition, where the loader is. */
const GAP_BYTES = MIB;
/** What the guest keeps of its own is in a second partition of this size. */
const DATA_BYTES = MIB;
/** For tables, folders and the loader. */
const SPARE_BYTES = 2 * MIB;
/** An EFI system partition: BIOS does not care, and UEFI looks there. */
const EFI_SYSTEM = 0xef;
const NO_FILE_SYSTEM = 0xda;
const PARTITION_TABLE_AT = 446;
const COMMAND_LINE = "console=ttyS0 quiet nokaslr mitigations=off tsc=reliable no_timer_check";
/** `$root` is the partition, since the loader is told where its files are. */
const GRUB_CONFIG = `linux ($root)/vmlinuz ${COMMAND_LINE}\ninitrd ($root)/initrd\nboot\n`;
const GRUB = "usr/bin/grub-mkimage";
const GRUB_FILES = "usr/lib/grub";

/**
 * A raw disk that starts Linux, by BIOS and by UEFI: `grub` and `mtools` are unpacked below the folder. Nothing is
 * mounted, and no device is needed.
 */
export async function bootableDisk(folder: string, kernel: string, initrd: Uint8Array): Promise<Buffer> {
  const work = await mkdtemp(path.join(folder, "disk-"));
  try {
    const file = (name: string): string => path.join(work, name);
    await writeFile(file("initrd"), initrd);
    await writeFile(file("grub.cfg"), GRUB_CONFIG);
    const makeLoader = async (platform: string, prefix: string, output: string, ...modules: readonly string[]): Promise<void> =>
      await runUnpacked(
        folder,
        GRUB,
        `--directory=${path.join(folder, GRUB_FILES, platform)}`,
        `--format=${platform}`,
        `--prefix=${prefix}`,
        `--config=${file("grub.cfg")}`,
        `--output=${output}`,
        ...modules,
      );
    await makeLoader("i386-pc", "(,msdos1)/", file("core.img"), "biosdisk", "part_msdos", "fat", "linux", "boot");
    await makeLoader("x86_64-efi", "/", file("BOOTX64.EFI"), "part_msdos", "fat", "linux", "boot");
    const bytes = (await stat(kernel)).size + initrd.length + SPARE_BYTES;
    const kib = Math.ceil(bytes / MIB) * 1024;
    const fat = file("fat");
    await runUnpacked(folder, "usr/bin/mformat", "-C", "-i", fat, "-T", String(kib * 2), "-h", "16", "-s", "32", "-c", "64", "::");
    await runUnpacked(folder, "usr/bin/mmd", "-i", fat, "::EFI", "::EFI/BOOT");
    await runUnpacked(folder, "usr/bin/mcopy", "-i", fat, file("BOOTX64.EFI"), "::EFI/BOOT/BOOTX64.EFI");
    await runUnpacked(folder, "usr/bin/mcopy", "-i", fat, kernel, "::vmlinuz");
    await runUnpacked(folder, "usr/bin/mcopy", "-i", fat, file("initrd"), "::initrd");
    return assemble({
      boot: await readFile(path.join(folder, GRUB_FILES, "i386-pc/boot.img")),
      core: await readFile(file("core.img")),
      fat: await readFile(fat),
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** As grub comes, its first sector goes on with the second, and what is there with the third. */
function assemble({ boot, core, fat }: { boot: Buffer; core: Buffer; fat: Buffer }): Buffer {
  if (core.length > GAP_BYTES - SECTOR_BYTES) throw new Error(`grub has ${core.length} bytes, more than there is room for.`);
  const disk = Buffer.alloc(GAP_BYTES + fat.length + DATA_BYTES);
  boot.copy(disk, 0, 0, PARTITION_TABLE_AT);
  core.copy(disk, SECTOR_BYTES);
  fat.copy(disk, GAP_BYTES);
  const partition = (index: number, type: number, startBytes: number, sizeBytes: number): void => {
    const at = PARTITION_TABLE_AT + 16 * index;
    disk[at] = index === 0 ? 0x80 : 0;
    disk[at + 4] = type;
    disk.writeUInt32LE(startBytes / SECTOR_BYTES, at + 8);
    disk.writeUInt32LE(sizeBytes / SECTOR_BYTES, at + 12);
  };
  partition(0, EFI_SYSTEM, GAP_BYTES, fat.length);
  partition(1, NO_FILE_SYSTEM, GAP_BYTES + fat.length, DATA_BYTES);
  disk[510] = 0x55;
  disk[511] = 0xaa;
  return disk;
}
