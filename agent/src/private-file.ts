import { chmodSync, closeSync, existsSync, openSync } from "node:fs";

const OWNER_ONLY = 0o600;

/**
 * Makes an SQLite file that only its owner may read, before SQLite makes one that everybody may: the agent's folder is
 * one that others pass through. One that is there is not even opened: closing it again would give up the locks that
 * SQLite has on it in this process.
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", OWNER_ONLY));
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
  }
}

/** Takes a database of an earlier release, with its logs, away from others; new logs have the mode of their database. */
export function keepPrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, OWNER_ONLY);
}
