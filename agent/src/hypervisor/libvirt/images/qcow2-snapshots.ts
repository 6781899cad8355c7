import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/*
 * The names of the snapshots inside a qcow2 file, after the format's description in QEMU's documentation
 * (docs/interop/qcow2.txt). Every number is big-endian.
 */
const MAGIC = 0x51_46_49_fb;
const HEADER_BYTES = 72;
const COUNT_OFFSET = 60;
const TABLE_OFFSET = 64;
/** Of an entry, before its extra data, its id and its name. */
const ENTRY_BYTES = 40;
/** QEMU's own limits. */
const MAX_SNAPSHOTS = 65_536;
const MAX_EXTRA_BYTES = 1024;

/** Empty for a file that is no qcow2. RangeError ("it …") when its table of snapshots is none. */
export async function qcow2Snapshots(path: string): Promise<readonly string[]> {
  await using file = await open(path, "r");
  const header = await readAt(file, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC) return [];
  const count = header.readUInt32BE(COUNT_OFFSET);
  if (count > MAX_SNAPSHOTS) throw new RangeError(`it says that it has ${count} snapshots`);
  const names: string[] = [];
  let at = Number(header.readBigUInt64BE(TABLE_OFFSET));
  for (let index = 0; index < count; index++) {
    const entry = await readAt(file, at, ENTRY_BYTES);
    if (entry.length < ENTRY_BYTES) throw new RangeError("it ends within its table of snapshots");
    const [idBytes, nameBytes, extraBytes] = [entry.readUInt16BE(12), entry.readUInt16BE(14), entry.readUInt32BE(36)];
    if (extraBytes > MAX_EXTRA_BYTES) throw new RangeError("its table of snapshots makes no sense");
    const name = await readAt(file, at + ENTRY_BYTES + extraBytes + idBytes, nameBytes);
    if (name.length < nameBytes) throw new RangeError("it ends within its table of snapshots");
    names.push(name.toString("utf8"));
    at = Math.ceil((at + ENTRY_BYTES + extraBytes + idBytes + nameBytes) / 8) * 8;
  }
  return names;
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
