/*
 * The seeds that cloud-init reads, each with a note of which one it is of its domain's.
 *
 * (1) The first seed of a domain has its uid as instance id, a later one the uid and a number that only grows.
 * (2) A seed that says the same as the one that is there does not set the guest up again.
 * (3) The note is written before the seed: a crash between the two skips a number and repeats none.
 */
import { readFile } from "node:fs/promises";
import type { GuestSetup } from "../../driver.ts";
import { codeOf, replaceFile } from "../images/files.ts";
import type { Folders } from "../parts.ts";
import { seedFiles, seedImage, writeSeed } from "../seed/seed.ts";
import { makeFolder, seedNotePath, seedPath } from "./places.ts";

interface SeedNote {
  /** How often the guest was to be set up again. */
  readonly renewals: number;
}

/** The seed for a guest that is defined: one that was defined before is not set up again. Gives its path. */
export async function layDownSeed(folders: Folders, uid: string, guest: GuestSetup): Promise<string> {
  const path = seedPath(folders, uid);
  await makeFolder(folders.seeds);
  await writeSeed(path, instanceId(uid, await readNote(folders, uid)), guest);
  return path;
}

/** The seed from which the guest sets itself up anew at its next start, unless it says what the last one said. Gives its path. */
export async function renewSeed(folders: Folders, uid: string, guest: GuestSetup): Promise<string> {
  const path = seedPath(folders, uid);
  const note = await readNote(folders, uid);
  const same = seedImage(await seedFiles(instanceId(uid, note), guest));
  if ((await readOrNothing(path))?.equals(same) === true) return path;
  await makeFolder(folders.seeds);
  const next: SeedNote = { renewals: note.renewals + 1 };
  await replaceFile(seedNotePath(folders, uid), JSON.stringify(next));
  await writeSeed(path, instanceId(uid, next), guest);
  return path;
}

function instanceId(uid: string, { renewals }: SeedNote): string {
  return renewals === 0 ? uid : `${uid}-${renewals}`;
}

async function readNote(folders: Folders, uid: string): Promise<SeedNote> {
  const text = await readOrNothing(seedNotePath(folders, uid));
  return text === undefined ? { renewals: 0 } : (JSON.parse(text.toString("utf8")) as SeedNote);
}

async function readOrNothing(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return undefined;
    throw reason;
  }
}
