import { zipSync } from "fflate";
import type { Zippable } from "fflate";
import type { PackageFile } from "../../cli/src/provider/package.ts";

/** The oldest a zip can tell, in whatever time zone: the same files give the same bytes. */
const MTIME = new Date(1980, 0, 1);
const UNIX = 3;
const REGULAR_FILE = 0o100000;

/** A zip whose entries keep their permissions on Unix. */
export function zipOf(files: readonly PackageFile[]): Uint8Array {
  const entries: Zippable = {};
  for (const { name, bytes, executable } of files)
    entries[name] = [bytes, { level: 9, mtime: MTIME, os: UNIX, attrs: (REGULAR_FILE | (executable ? 0o755 : 0o644)) << 16 }];
  return zipSync(entries);
}
