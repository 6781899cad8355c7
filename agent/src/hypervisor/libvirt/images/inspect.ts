import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { Qcow2Header } from "./qcow2.ts";
import { parseQcow2, QCOW2_HEADER_BYTES } from "./qcow2.ts";

export interface ImageFacts {
  readonly format: "qcow2" | "raw";
  /** What the guest sees. */
  readonly virtualSizeBytes: number;
  readonly backingFile?: string;
}

const SECTOR_BYTES = 512;
const GPT_PROTECTIVE = 0xee;
const OFFSET_BITS = 0x00ff_ffff_ffff_fe00n;
const COMPRESSED_BIT = 1n << 62n;
/** QEMU's own limit. */
const L1_MAX_BYTES = 32 * 2 ** 20;

/** What a disk image is, by its first bytes. Throws RangeError, which says what it is not ("it …"). */
export async function inspectImage(path: string): Promise<ImageFacts> {
  return await withFile(path, async (file, sizeBytes) => {
    const { start, header } = await headerOf(file, sizeBytes);
    if (header === undefined) return { format: "raw", virtualSizeBytes: rawSize(start, sizeBytes) };
    const { virtualSizeBytes, backingFile } = header;
    return { format: "qcow2", virtualSizeBytes, ...(backingFile !== undefined && { backingFile }) };
  });
}

/** What a qcow2 says that it stands on; undefined for one that stands on its own, and for any other file. Throws RangeError. */
export async function findBackingFile(path: string): Promise<string | undefined> {
  return await withFile(path, async (file, sizeBytes) => (await headerOf(file, sizeBytes)).header?.backingFile);
}

/**
 * What an image is that disks are to be made from: it stands on its own and all of it is there. An image names no
 * other file, since QEMU would open that one with its own rights and show it to the guest. Throws RangeError.
 */
export async function checkImage(path: string): Promise<ImageFacts> {
  return await withFile(path, async (file, sizeBytes) => {
    const { start, header } = await headerOf(file, sizeBytes);
    if (header === undefined) return { format: "raw", virtualSizeBytes: rawSize(start, sizeBytes) };
    if (header.backingFile !== undefined)
      throw new RangeError(`it is no image of its own but an overlay over ${JSON.stringify(header.backingFile)}`);
    if (header.hasExternalData) throw new RangeError("its data is in another file");
    if (header.isEncrypted) throw new RangeError("it is encrypted");
    if (header.isCorrupt) throw new RangeError("it is marked as corrupt");
    if (header.hasUnknownFeatures) throw new RangeError("it uses a feature of qcow2 that is not known here");
    if (header.virtualSizeBytes === 0) throw new RangeError("it has a size of 0");
    await requireWhole(file, header, sizeBytes);
    return { format: "qcow2", virtualSizeBytes: header.virtualSizeBytes };
  });
}

async function withFile<T>(path: string, use: (file: FileHandle, sizeBytes: number) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    return await use(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function headerOf(file: FileHandle, sizeBytes: number): Promise<{ start: Buffer; header: Qcow2Header | undefined }> {
  const start = await readAt(file, 0, Math.min(sizeBytes, QCOW2_HEADER_BYTES));
  return { start, header: parseQcow2(start) };
}

/** Every table and every cluster that a table names lies within the file. */
async function requireWhole(file: FileHandle, header: Qcow2Header, sizeBytes: number): Promise<void> {
  const clusterBytes = 2 ** header.clusterBits;
  const entryBytes = header.hasExtendedL2 ? 16 : 8;
  const l1Bytes = header.l1Entries * 8;
  const wantedEntries = Math.ceil(header.virtualSizeBytes / (clusterBytes * (clusterBytes / entryBytes)));
  if (l1Bytes > L1_MAX_BYTES || header.l1Entries < wantedEntries) throw new RangeError("its header does not fit its size");
  const require = (end: number): void => {
    if (end > sizeBytes) throw new RangeError(`it is cut off: it has ${sizeBytes} bytes and refers to what is at ${end}`);
  };
  require(header.refcountOffsetBytes + Math.min(header.refcountClusters * clusterBytes, 8));
  require(header.l1OffsetBytes + l1Bytes);
  const l1 = await readAt(file, header.l1OffsetBytes, l1Bytes);
  // Of a compressed cluster the upper bits of an entry are its length.
  const compressedOffsetBits = (1n << BigInt(62 - (header.clusterBits - 8))) - 1n;
  for (let at = 0; at < l1Bytes; at += 8) {
    const tableOffset = Number(l1.readBigUInt64BE(at) & OFFSET_BITS);
    if (tableOffset === 0) continue;
    require(tableOffset + clusterBytes);
    const table = await readAt(file, tableOffset, clusterBytes);
    for (let entryAt = 0; entryAt < clusterBytes; entryAt += entryBytes) {
      const entry = table.readBigUInt64BE(entryAt);
      // The last cluster of a file may be a short one.
      if ((entry & COMPRESSED_BIT) !== 0n) require(Number(entry & compressedOffsetBits) + 1);
      else if ((entry & OFFSET_BITS) !== 0n) require(Number(entry & OFFSET_BITS) + 1);
    }
  }
}

/** A raw disk is known by its partition table: any other file (a web page, a key) would make a disk too. */
function rawSize(start: Buffer, sizeBytes: number): number {
  if (sizeBytes < 2 * SECTOR_BYTES || start[510] !== 0x55 || start[511] !== 0xaa)
    throw new RangeError("it is no disk image: neither qcow2 nor a raw disk with a boot sector");
  if (sizeBytes % SECTOR_BYTES !== 0) throw new RangeError(`it is cut off: ${sizeBytes} bytes are no whole number of sectors`);
  const ends = [0, 1, 2, 3].map((index) => {
    const at = 446 + 16 * index;
    return start[at + 4] === 0 || start[at + 4] === GPT_PROTECTIVE ? 0 : start.readUInt32LE(at + 8) + start.readUInt32LE(at + 12);
  });
  const hasGpt = start.toString("latin1", SECTOR_BYTES, SECTOR_BYTES + 8) === "EFI PART";
  // A GPT has a copy of itself in the last sector.
  const gptEnd = hasGpt ? Number(start.readBigUInt64LE(SECTOR_BYTES + 32)) + 1 : 0;
  const end = Math.max(gptEnd, ...ends) * SECTOR_BYTES;
  if (end > sizeBytes) throw new RangeError(`it is cut off: it has ${sizeBytes} bytes and its partitions end at ${end}`);
  return sizeBytes;
}

async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) return buffer.subarray(0, done);
    done += bytesRead;
  }
  return buffer;
}
