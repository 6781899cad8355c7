import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { backingPath } from "./backing-path.ts";
import { writeFailure } from "./files.ts";
import { isOpenInQemu } from "./in-use.ts";
import { inspectImage } from "./inspect.ts";
import { parseQcow2, QCOW2_HEADER_BYTES } from "./qcow2.ts";

/** Of a qcow2's header, written at once and within one sector: the size, the kind of encryption, the length of the L1 table. */
const SIZE_OFFSET = 24;
const L1_LENGTH_OFFSET = 36;
const SNAPSHOTS_OFFSET = 60;
const AUTOCLEAR_OFFSET = 88;
const HAS_BITMAPS = 1n;

/**
 * Makes a disk larger that nobody uses; snapshots inside it stay as they are. One that has the size already stays. What
 * cannot be done is a RangeError ("it …"): to shrink it, to grow one that a machine has open, and the rare qcow2 that has no
 * room for its map, which QEMU makes while the machine runs. HOST_OUT_OF_DISK.
 *
 * `format` is what the machine takes it for: a guest may write the beginning of a qcow2 into its raw disk.
 */
export async function growImage(path: string, format: "qcow2" | "raw", sizeBytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    if (await isOpenInQemu(file)) throw new RangeError("it is open in a machine that runs");
    if (format === "raw") await growRaw(file, sizeBytes);
    else {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(QCOW2_HEADER_BYTES), 0, QCOW2_HEADER_BYTES, 0);
      await growQcow2(file, path, buffer.subarray(0, bytesRead), sizeBytes);
    }
    await file.sync();
  } catch (reason) {
    throw writeFailure(reason, path);
  } finally {
    await file.close();
  }
}

async function growRaw(file: FileHandle, sizeBytes: number): Promise<void> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new RangeError("it is no file");
  const { size } = stat;
  if (size > sizeBytes) throw new RangeError("it is larger already");
  if (size < sizeBytes) await file.truncate(sizeBytes);
}

async function growQcow2(file: FileHandle, path: string, bytes: Buffer, sizeBytes: number): Promise<void> {
  const header = parseQcow2(bytes);
  if (header === undefined) throw new RangeError("it is no qcow2");
  if (header.virtualSizeBytes === sizeBytes) return;
  if (header.virtualSizeBytes > sizeBytes) throw new RangeError("it is larger already");
  if (header.isCorrupt) throw new RangeError("it is marked as corrupt");
  if (header.hasUnknownFeatures || header.hasExternalData) throw new RangeError("it uses a feature of qcow2 that is not known here");
  // Version 2 does not note how large the disk was at a snapshot.
  if (header.version === 2 && bytes.readUInt32BE(SNAPSHOTS_OFFSET) > 0) throw new RangeError("it is of qcow2 version 2 and has snapshots");
  if (header.version === 3 && (bytes.readBigUInt64BE(AUTOCLEAR_OFFSET) & HAS_BITMAPS) !== 0n)
    throw new RangeError("it has bitmaps of what was written, which would have to grow with it");
  if (header.backingFile !== undefined) {
    const backing = backingPath(header.backingFile, path);
    if (backing === undefined) throw new RangeError("the image that it stands on is on a network");
    // What is below and was cut off until now must not come to light.
    if ((await inspectImage(backing)).virtualSizeBytes > header.virtualSizeBytes)
      throw new RangeError("the image that it stands on is larger than it is");
  }
  const clusterBytes = 2 ** header.clusterBits;
  const clustersInTable = clusterBytes / (header.hasExtendedL2 ? 16 : 8);
  const wanted = Math.ceil(sizeBytes / (clusterBytes * clustersInTable));
  const room = (Math.ceil((Math.max(header.l1Entries, 1) * 8) / clusterBytes) * clusterBytes) / 8;
  if (header.l1OffsetBytes === 0 || wanted > room) throw new RangeError("its map has no room for that");
  if (wanted > header.l1Entries) {
    // The rest of the table's last cluster is nobody's, and may hold anything.
    await writeAll(file, Buffer.alloc((wanted - header.l1Entries) * 8), header.l1OffsetBytes + header.l1Entries * 8);
    await file.sync();
  }
  const changed = Buffer.from(bytes.subarray(SIZE_OFFSET, L1_LENGTH_OFFSET + 4));
  changed.writeBigUInt64BE(BigInt(sizeBytes), 0);
  changed.writeUInt32BE(Math.max(wanted, header.l1Entries), L1_LENGTH_OFFSET - SIZE_OFFSET);
  await writeAll(file, changed, SIZE_OFFSET);
}

async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}
