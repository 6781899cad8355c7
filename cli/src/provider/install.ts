/*
 * Puts the provider into a mirror of Terraform's: HOST/NAMESPACE/NAME/VERSION/OS_ARCH/.
 *
 * (1) The folder appears whole or not at all: it is written under another name and renamed.
 * (2) Other versions are left alone, and so is a folder that is what it would become.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { PROVIDER_HOST, PROVIDER_NAME, PROVIDER_NAMESPACE } from "@ghost/schemas";
import type { PackageFile } from "./package.ts";

/** `installed`: it was not there. `replaced`: something else of this version was. `present`: it was there already. */
export type InstallOutcome = "installed" | "replaced" | "present";

/** The folder of one version for one platform, `linux_amd64`. */
export function packageFolder(mirror: string, version: string, platform: string): string {
  return path.join(mirror, PROVIDER_HOST, PROVIDER_NAMESPACE, PROVIDER_NAME, version, platform);
}

/** Makes the folder hold exactly these files. Fails as the file system does. */
export async function installPackage(folder: string, files: readonly PackageFile[]): Promise<InstallOutcome> {
  const before = await state(folder, files);
  if (before === "same") return "present";
  const [fresh, old] = [`${folder}.new-${process.pid}`, `${folder}.old-${process.pid}`];
  try {
    await mkdir(fresh, { recursive: true });
    for (const { name, bytes, executable } of files) {
      const file = path.join(fresh, name);
      await writeFile(file, bytes);
      await chmod(file, executable ? 0o755 : 0o644);
    }
    if (before === "other") await rename(folder, old);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
  return before === "other" ? "replaced" : "installed";
}

async function state(folder: string, files: readonly PackageFile[]): Promise<"missing" | "same" | "other"> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "missing";
    throw error;
  }
  if (names.length !== files.length) return "other";
  const isSame = await Promise.all(
    files.map(async ({ name, bytes }) => names.includes(name) && (await readFile(path.join(folder, name))).equals(bytes)),
  );
  return isSame.every(Boolean) ? "same" : "other";
}
