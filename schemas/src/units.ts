/**
 * Units. `_gb` in every spec, wire field and Terraform attribute means GiB: 2^30 bytes.
 */
const KIB_PER_GIB = 1024 * 1024;
const BYTES_PER_GIB = 1024 * 1024 * 1024;

/** GiB to KiB, which is what libvirt's `<memory>` counts. */
export function gibToKib(gib: number): number {
  return Math.round(gib * KIB_PER_GIB);
}

/** KiB to GiB; not a whole number where the host has something between. */
export function kibToGib(kib: number): number {
  return kib / KIB_PER_GIB;
}

export function gibToBytes(gib: number): number {
  return Math.round(gib * BYTES_PER_GIB);
}

export function bytesToGib(bytes: number): number {
  return bytes / BYTES_PER_GIB;
}
