import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { GhostError } from "@ghost/schemas";
import { problem } from "@ghost/schemas";

/** Only the agent's user; who runs the machines is given access by libvirt. */
const PRIVATE = 0o600;

/** Makes what was done to names in a folder last through a power cut. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Gives a file that is complete its good name, replacing what has it. */
export async function publish(partial: string, path: string): Promise<void> {
  await rename(partial, path);
  await syncFolder(dirname(path));
}

/** Replaces a small file at once: a crash leaves the old one or the new one. HOST_OUT_OF_DISK. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await writeBeside(path, async (file) => await file.writeFile(content), publish);
}

/**
 * Makes a file that is not there yet, all of it or nothing; one that is there stays and gives false. `write` may leave
 * holes. HOST_OUT_OF_DISK.
 */
export async function makeFile(path: string, write: (file: FileWriter) => Promise<void>): Promise<boolean> {
  let made = true;
  await writeBeside(path, write, async (partial) => {
    try {
      // Unlike a rename, a link never takes the name of a disk that exists.
      await link(partial, path);
    } catch (reason) {
      if (codeOf(reason) !== "EEXIST") throw reason;
      made = false;
    }
    await rm(partial);
    await syncFolder(dirname(path));
  });
  return made;
}

/** Removes a file that `replaceFile` or `makeFile` made, and what a crash has left of it. */
export async function removeFile(path: string): Promise<void> {
  await rm(partialOf(path), { force: true });
  await rm(path, { force: true });
}

export type FileWriter = Pick<Awaited<ReturnType<typeof open>>, "write" | "writeFile" | "truncate">;

/** What a failed write means to a person: HOST_OUT_OF_DISK when the disk is full, else as it was. */
export function writeFailure(reason: unknown, path: string): unknown {
  const code = codeOf(reason);
  if (code === "ENOSPC" || code === "EDQUOT")
    return diskFull(dirname(path), code === "EDQUOT" ? "the quota is used up" : "it is full", reason);
  return reason;
}

/** `why` ends a sentence that begins with the folder. */
export function diskFull(dir: string, why: string, cause?: unknown): GhostError {
  return problem(
    "HOST_OUT_OF_DISK",
    `The disk that holds ${dir} cannot take it: ${why}. What was written so far is removed.`,
    { hint: "Make room on that disk (images that nobody uses: `ghost agent prune`), then run it again." },
    { cause },
  );
}

export function codeOf(reason: unknown): string {
  return reason instanceof Error && "code" in reason ? String(reason.code) : "";
}

function partialOf(path: string): string {
  return `${path}.new`;
}

async function writeBeside(
  path: string,
  write: (file: FileWriter) => Promise<void>,
  finish: (partial: string, path: string) => Promise<void>,
): Promise<void> {
  const partial = partialOf(path);
  try {
    // What a crash left under this name is of no use to anybody.
    await rm(partial, { force: true });
    const file = await open(partial, "wx", PRIVATE);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await finish(partial, path);
  } catch (reason) {
    await rm(partial, { force: true });
    throw writeFailure(reason, path);
  }
}
