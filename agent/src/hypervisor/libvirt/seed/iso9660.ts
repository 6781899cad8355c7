/*
 * A small ISO 9660 image (ECMA-119) of files in one folder, with Rock Ridge (IEEE P1282 over SUSP) for their real names.
 * ISO 9660 rather than FAT: nobody can write to it, and reading it needs no code page modules in the guest's kernel.
 *
 * sectors 0–15  empty            18, 19  path table, little- and big-endian
 *         16    volume           20      the folder
 *         17    end of volumes   21      what Rock Ridge says of itself
 *                                22 …    the files
 *
 * The same input gives the same bytes: no time of making is in it.
 */

export interface IsoFile {
  /** As the guest sees it. */
  readonly name: string;
  readonly content: Uint8Array;
}

const SECTOR_BYTES = 2048;
const SECTOR = { volume: 16, end: 17, pathLittle: 18, pathBig: 19, folder: 20, extension: 21, files: 22 } as const;
const PATH_TABLE_BYTES = 10;
const RECORD_BYTES = 33;
const RECORD_MAX_BYTES = 254;
/** 1980-01-01 00:00:00 UTC: the least that every reader knows. */
const RECORD_TIME = [80, 1, 1, 0, 0, 0, 0];
const VOLUME_TIME = "1980010100000000\0";
const NO_TIME = "0000000000000000\0";
const IS_FOLDER = 2;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/** Files are readable by root only, the folder too. RangeError when the files do not fit into one sector's folder. */
export function isoImage(volume: string, files: readonly IsoFile[]): Buffer {
  if (!/^[A-Z0-9_]{1,32}$/.test(volume)) throw new RangeError("a volume's name has 1 to 32 of A to Z, 0 to 9 and _");
  const ordered = files.map((file, index) => ({ ...file, isoName: `FILE${String(index).padStart(3, "0")}.;1` }));
  let next: number = SECTOR.files;
  const placed = ordered.map((file) => {
    // An empty file still names a sector that exists.
    const at = next;
    next += Math.max(1, Math.ceil(file.content.length / SECTOR_BYTES));
    return { ...file, at };
  });
  const extension = rockRidgeEntry();
  const folder = Buffer.concat([
    record("\0", SECTOR.folder, SECTOR_BYTES, IS_FOLDER, [sharing(), continuation(extension.length), attributes(S_IFDIR | 0o500, 2)]),
    record("\u0001", SECTOR.folder, SECTOR_BYTES, IS_FOLDER, [attributes(S_IFDIR | 0o500, 2)]),
    ...placed.map(({ isoName, name, at, content }) =>
      record(isoName, at, content.length, 0, [attributes(S_IFREG | 0o400, 1), nameEntry(name)]),
    ),
  ]);
  if (folder.length > SECTOR_BYTES) throw new RangeError("too many files for one seed");
  const image = Buffer.alloc(next * SECTOR_BYTES);
  volumeDescriptor(volume, next).copy(image, SECTOR.volume * SECTOR_BYTES);
  Buffer.from("\u00ffCD001\u0001", "latin1").copy(image, SECTOR.end * SECTOR_BYTES);
  pathTable("LE").copy(image, SECTOR.pathLittle * SECTOR_BYTES);
  pathTable("BE").copy(image, SECTOR.pathBig * SECTOR_BYTES);
  folder.copy(image, SECTOR.folder * SECTOR_BYTES);
  extension.copy(image, SECTOR.extension * SECTOR_BYTES);
  for (const { content, at } of placed) image.set(content, at * SECTOR_BYTES);
  return image;
}

function volumeDescriptor(volume: string, sectors: number): Buffer {
  const bytes = Buffer.alloc(SECTOR_BYTES);
  const text = (value: string, offset: number, length: number): void =>
    void bytes.write(value.padEnd(length, " "), offset, length, "latin1");
  bytes.write("\u0001CD001\u0001", 0, "latin1");
  text("", 8, 32);
  text(volume, 40, 32);
  both32(sectors).copy(bytes, 80);
  both16(1).copy(bytes, 120);
  both16(1).copy(bytes, 124);
  both16(SECTOR_BYTES).copy(bytes, 128);
  both32(PATH_TABLE_BYTES).copy(bytes, 132);
  bytes.writeUInt32LE(SECTOR.pathLittle, 140);
  bytes.writeUInt32BE(SECTOR.pathBig, 148);
  record("\0", SECTOR.folder, SECTOR_BYTES, IS_FOLDER, []).copy(bytes, 156);
  // Volume set, publisher, preparer, application; then copyright, abstract and bibliography files.
  text("", 190, 512 + 111);
  text(VOLUME_TIME, 813, 17);
  text(VOLUME_TIME, 830, 17);
  text(NO_TIME, 847, 17);
  text(NO_TIME, 864, 17);
  bytes[881] = 1;
  return bytes;
}

/** The root alone. */
function pathTable(order: "LE" | "BE"): Buffer {
  const bytes = Buffer.alloc(PATH_TABLE_BYTES);
  bytes[0] = 1;
  bytes[order === "LE" ? "writeUInt32LE" : "writeUInt32BE"](SECTOR.folder, 2);
  bytes[order === "LE" ? "writeUInt16LE" : "writeUInt16BE"](1, 6);
  return bytes;
}

function record(isoName: string, sector: number, sizeBytes: number, flags: number, entries: readonly Buffer[]): Buffer {
  const name = Buffer.from(isoName, "latin1");
  const padding = Buffer.alloc(name.length % 2 === 0 ? 1 : 0);
  const head = Buffer.alloc(RECORD_BYTES);
  both32(sector).copy(head, 2);
  both32(sizeBytes).copy(head, 10);
  head.set(RECORD_TIME, 18);
  head[25] = flags;
  both16(1).copy(head, 28);
  head[32] = name.length;
  const bytes = Buffer.concat([head, name, padding, ...entries]);
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  if (even.length > RECORD_MAX_BYTES) throw new RangeError("a file's name is too long for a seed");
  even[0] = even.length;
  return even;
}

/** SUSP "SP": entries of this kind follow from the first byte of each record's system area on. */
function sharing(): Buffer {
  return entry("SP", [0xbe, 0xef, 0]);
}

/** SUSP "CE": more entries of the folder are in a sector of their own. */
function continuation(bytes: number): Buffer {
  return entry("CE", Buffer.concat([both32(SECTOR.extension), both32(0), both32(bytes)]));
}

/** SUSP "ER": the extension by its registered name. */
function rockRidgeEntry(): Buffer {
  const id = "RRIP_1991A";
  const description = "THE ROCK RIDGE INTERCHANGE PROTOCOL";
  return entry("ER", Buffer.concat([Buffer.from([id.length, description.length, 0, 1]), Buffer.from(id + description, "latin1")]));
}

/** Rock Ridge "PX": mode, links, owner root. */
function attributes(mode: number, links: number): Buffer {
  return entry("PX", Buffer.concat([both32(mode), both32(links), both32(0), both32(0)]));
}

/** Rock Ridge "NM". */
function nameEntry(name: string): Buffer {
  return entry("NM", Buffer.concat([Buffer.alloc(1), Buffer.from(name)]));
}

function entry(type: string, data: Uint8Array | readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(type, "latin1"), Buffer.from([data.length + 4, 1]), Buffer.from(data)]);
}

/** Numbers stand there twice, once in each byte order. */
function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}
