/*
 * The header of a qcow2 file, read and written, after the format's description in QEMU's documentation
 * (docs/interop/qcow2.txt, versions 2 and 3). Every number is big-endian.
 */
import { gibToBytes } from "@ghost/schemas";

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly virtualSizeBytes: number;
  /** As it is written in the file; nobody has looked where it points. */
  readonly backingFile?: string;
  /** Clusters are in another file, whose name is in this one. */
  readonly hasExternalData: boolean;
  readonly isEncrypted: boolean;
  readonly isCorrupt: boolean;
  /** Features without which it cannot be read and that this list does not know. */
  readonly hasUnknownFeatures: boolean;
  readonly hasExtendedL2: boolean;
  readonly l1Entries: number;
  readonly l1OffsetBytes: number;
  readonly refcountOffsetBytes: number;
  readonly refcountClusters: number;
}

/** Of the start of a file that reading a header needs: with the longest name of a backing file in a 2 MiB cluster. */
export const QCOW2_HEADER_BYTES: number = 2 ** 21;

const MAGIC = 0x51_46_49_fb;
const V2_BYTES = 72;
const V3_BYTES = 104;
/** What a backing file's name may have at most. */
const NAME_MAX_BYTES = 1023;
const MAX_CLUSTER_BITS = 21;
const MIN_CLUSTER_BITS = 9;

const INCOMPATIBLE = { dirty: 1n, corrupt: 2n, externalData: 4n, compression: 8n, extendedL2: 16n } as const;
const KNOWN_FEATURES = Object.values(INCOMPATIBLE).reduce<bigint>((all, bit) => all | bit, 0n);

/** Written images: 64 KiB clusters, 16-bit reference counts, as qemu-img makes them. */
const CLUSTER_BITS = 16;
const CLUSTER_BYTES = 2 ** CLUSTER_BITS;
const REFCOUNT_ORDER = 4;
const L2_ENTRIES = CLUSTER_BYTES / 8;
const BACKING_FORMAT = 0xe2_79_2a_ca;

/** QEMU's own limit of the L1 table (32 MiB) is far above it. */
const MAX_VIRTUAL_BYTES = gibToBytes(64 * 1024);

/** Undefined when the bytes do not begin as a qcow2 does; throws RangeError with what is wrong with one that does. */
export function parseQcow2(start: Buffer): Qcow2Header | undefined {
  if (start.length < 8 || start.readUInt32BE(0) !== MAGIC) return undefined;
  const version = start.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new RangeError(`it is of qcow2 version ${version}, and 2 and 3 are known`);
  if (start.length < (version === 2 ? V2_BYTES : V3_BYTES)) throw new RangeError("it ends within its header");
  const clusterBits = start.readUInt32BE(20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    throw new RangeError(`its header says clusters of 2^${clusterBits} bytes`);
  const incompatible = version === 2 ? 0n : start.readBigUInt64BE(72);
  const backingFile = backingOf(start);
  return {
    version,
    clusterBits,
    virtualSizeBytes: numberAt(start, 24),
    ...(backingFile !== undefined && { backingFile }),
    hasExternalData: (incompatible & INCOMPATIBLE.externalData) !== 0n,
    isEncrypted: start.readUInt32BE(32) !== 0,
    isCorrupt: (incompatible & INCOMPATIBLE.corrupt) !== 0n,
    hasUnknownFeatures: (incompatible & ~KNOWN_FEATURES) !== 0n,
    hasExtendedL2: (incompatible & INCOMPATIBLE.extendedL2) !== 0n,
    l1Entries: start.readUInt32BE(36),
    l1OffsetBytes: numberAt(start, 40),
    refcountOffsetBytes: numberAt(start, 48),
    refcountClusters: start.readUInt32BE(56),
  };
}

export interface BackingFile {
  /** Absolute: then QEMU takes no part of it for a protocol. */
  readonly path: string;
  /** Always said, so that no guest can make QEMU take its raw disk for something else by what it writes into it. */
  readonly format: "qcow2" | "raw";
}

/**
 * A qcow2 without data: all of it reads as the backing file, or as zeros. The bytes are the start of the file, and its
 * whole. RangeError for a size or a name that the format has no room for.
 */
export function emptyQcow2(virtualSizeBytes: number, backing?: BackingFile): Buffer {
  if (
    !Number.isSafeInteger(virtualSizeBytes) ||
    virtualSizeBytes <= 0 ||
    virtualSizeBytes > MAX_VIRTUAL_BYTES ||
    virtualSizeBytes % 512 !== 0
  )
    throw new RangeError(`a disk cannot have ${virtualSizeBytes} bytes`);
  const name = Buffer.from(backing?.path ?? "");
  if (backing !== undefined && (!backing.path.startsWith("/") || name.length > NAME_MAX_BYTES))
    throw new RangeError(`the backing file ${backing.path} has no absolute path of at most ${NAME_MAX_BYTES} bytes`);
  const l1Entries = Math.ceil(virtualSizeBytes / (CLUSTER_BYTES * L2_ENTRIES));
  // Header, refcount table, refcount block, L1 table.
  const clusters = 3 + Math.ceil((l1Entries * 8) / CLUSTER_BYTES);
  const bytes = Buffer.alloc(clusters * CLUSTER_BYTES);
  const extension = backing === undefined ? Buffer.alloc(0) : extensionOf(BACKING_FORMAT, backing.format);
  // The empty extension that ends the list stands between.
  const nameOffset = V3_BYTES + extension.length + 8;
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(3, 4);
  bytes.writeBigUInt64BE(BigInt(backing === undefined ? 0 : nameOffset), 8);
  bytes.writeUInt32BE(name.length, 16);
  bytes.writeUInt32BE(CLUSTER_BITS, 20);
  bytes.writeBigUInt64BE(BigInt(virtualSizeBytes), 24);
  bytes.writeUInt32BE(l1Entries, 36);
  bytes.writeBigUInt64BE(BigInt(3 * CLUSTER_BYTES), 40);
  bytes.writeBigUInt64BE(BigInt(CLUSTER_BYTES), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(REFCOUNT_ORDER, 96);
  bytes.writeUInt32BE(V3_BYTES, 100);
  extension.copy(bytes, V3_BYTES);
  name.copy(bytes, nameOffset);
  bytes.writeBigUInt64BE(BigInt(2 * CLUSTER_BYTES), CLUSTER_BYTES);
  for (let cluster = 0; cluster < clusters; cluster += 1) bytes.writeUInt16BE(1, 2 * CLUSTER_BYTES + 2 * cluster);
  return bytes;
}

function extensionOf(type: number, text: string): Buffer {
  const extension = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8);
  extension.writeUInt32BE(type, 0);
  extension.writeUInt32BE(text.length, 4);
  extension.write(text, 8, "latin1");
  return extension;
}

function backingOf(start: Buffer): string | undefined {
  const offset = numberAt(start, 8);
  const length = start.readUInt32BE(16);
  if (offset === 0) return undefined;
  if (length > NAME_MAX_BYTES || offset + length > start.length) throw new RangeError("it ends within the name of its backing file");
  return start.toString("utf8", offset, offset + length);
}

function numberAt(bytes: Buffer, offset: number): number {
  const value = Number(bytes.readBigUInt64BE(offset));
  if (!Number.isSafeInteger(value)) throw new RangeError("its header has a number that no file can have");
  return value;
}
