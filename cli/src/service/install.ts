/*
 * What a service needs on the disk.
 *
 * (1) An agent.yaml that is there is never written; a folder that is there keeps its mode.
 * (2) Doing it again changes nothing, or brings the unit to this release's.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { problem } from "@ghost/schemas";
import { fsReason } from "../output/fs-error.ts";

export interface WantedFile {
  /** Absolute, without the root. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** One that is there stays as it is. */
  readonly keep: boolean;
}

export type Outcome = "written" | "updated" | "unchanged" | "kept";

/** FILE_NOT_WRITABLE. With `dryRun` it only tells what it would be. */
export function putFile(root: string, { path: name, text, mode, keep }: WantedFile, dryRun: boolean): Outcome {
  const file = path.join(root, name);
  try {
    const before = existsSync(file) ? readOr(file, keep) : undefined;
    if (before !== undefined && keep) return "kept";
    if (before === text) return "unchanged";
    const outcome = before === undefined ? "written" : "updated";
    if (dryRun) return outcome;
    makeFolder(path.dirname(file));
    const fresh = `${file}.new`;
    writeFileSync(fresh, text, { mode });
    chmodSync(fresh, mode);
    renameSync(fresh, file);
    return outcome;
  } catch (reason) {
    throw notWritable(file, reason);
  }
}

/** Makes a folder that others pass through and do not list. True when it was not there. FILE_NOT_WRITABLE. */
export function putFolder(root: string, name: string, dryRun: boolean): boolean {
  const folder = path.join(root, name);
  if (existsSync(folder)) return false;
  if (dryRun) return true;
  try {
    makeFolder(folder);
    chmodSync(folder, 0o711);
    return true;
  } catch (reason) {
    throw notWritable(folder, reason);
  }
}

/** With those above it. Node's own recursion never ends where a folder is there and holds no new ones, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
}

/** What is kept need not be readable. */
function readOr(file: string, keep: boolean): string {
  return keep ? "" : readFileSync(file, "utf8");
}

function notWritable(file: string, reason: unknown): ReturnType<typeof problem> {
  const isDenied = ["EACCES", "EPERM"].includes((reason as NodeJS.ErrnoException).code ?? "");
  return problem(
    "FILE_NOT_WRITABLE",
    `${file} cannot be written: ${fsReason(reason)}.`,
    { hint: isDenied ? "Run it as root: sudo ghost agent install. Or look first with --dry-run." : "Look at that path, and run it again." },
    { cause: reason },
  );
}
