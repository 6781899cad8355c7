/** The files that a domain has besides its disks. */
import { rm } from "node:fs/promises";
import { removeFile } from "../images/files.ts";
import type { Folders } from "../parts.ts";
import { consoleLogPath, seedNotePath, seedPath } from "./places.ts";

export async function removeDomainFiles(folders: Folders, uid: string): Promise<void> {
  for (const path of [seedPath(folders, uid), seedNotePath(folders, uid)]) await removeFile(path);
  await rm(consoleLogPath(folders, uid), { force: true });
}
