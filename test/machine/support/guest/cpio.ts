/** An archive as Linux unpacks it at boot: cpio of the format that its documentation calls newc. */
export interface ArchiveFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

const MAGIC = "070701";
const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/** Folders are made for the files that are in them. */
export function cpioArchive(files: readonly ArchiveFile[]): Buffer {
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const parts = [...folders].sort().map((folder) => entry(folder, DIRECTORY, new Uint8Array()));
  for (const { path, content, isExecutable } of files) parts.push(entry(path, isExecutable ? PROGRAM : FILE, content));
  return Buffer.concat([...parts, entry("TRAILER!!!", 0, new Uint8Array())]);
}

function parentsOf(path: string): readonly string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

function entry(path: string, mode: number, content: Uint8Array): Buffer {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device and the device it is, twice two numbers, length of name, checksum
  const numbers = [0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(MAGIC + numbers.map((number) => number.toString(16).padStart(8, "0")).join(""));
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
