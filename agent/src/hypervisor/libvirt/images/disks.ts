import { bytesToGib, problem } from "@ghost/schemas";
import { makeFile } from "./files.ts";
import { emptyQcow2 } from "./qcow2.ts";
import type { CachedImage } from "./cache.ts";

/**
 * Makes a qcow2 of this size that begins as the image: only what the guest writes takes room. False, and nothing is
 * changed, when the file is there already. VM_INVALID when the image is larger, HOST_OUT_OF_DISK.
 */
export async function createOverlay(path: string, sizeBytes: number, image: CachedImage): Promise<boolean> {
  if (sizeBytes < image.virtualSizeBytes)
    throw problem(
      "VM_INVALID",
      `A disk of ${bytesToGib(sizeBytes)} GiB is smaller than its image, which has ${bytesToGib(image.virtualSizeBytes)} GiB.`,
      {
        hint: "Give the disk at least the size of the image.",
        path: ["disk_gb"],
      },
    );
  const content = emptyQcow2(sizeBytes, { path: image.path, format: image.format });
  return await makeFile(path, async (file) => await file.writeFile(content));
}

/** Makes a disk of zeros that takes room only as it is written. False, and nothing is changed, when it is there. HOST_OUT_OF_DISK. */
export async function createEmptyDisk(path: string, sizeBytes: number, format: "qcow2" | "raw"): Promise<boolean> {
  return await makeFile(path, async (file) => {
    if (format === "raw") await file.truncate(sizeBytes);
    else await file.writeFile(emptyQcow2(sizeBytes));
  });
}
