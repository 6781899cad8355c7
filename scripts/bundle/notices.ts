import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";
import { ROOT } from "./common.ts";

interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/**
 * The licences of everything in a bundle that others wrote, which they ask to be passed on. Throws when a package has
 * neither a licence file nor the name of a licence.
 */
export function thirdPartyNotices(metafiles: readonly Metafile[]): string {
  const notices = bundledPackages(metafiles).map(notice);
  const rule = "=".repeat(80);
  return [`Ghost contains the following packages.`, ...notices].join(`\n\n${rule}\n\n`) + "\n";
}

/** Folders of the packages that a bundle has something of, sorted, seen from the root. */
export function bundledPackages(metafiles: readonly Metafile[]): readonly string[] {
  return [
    ...new Set(metafiles.flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => packageFolders(inputs)))),
  ].toSorted();
}

function packageFolders(inputs: Metafile["outputs"][string]["inputs"]): readonly string[] {
  return Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
    return folder === undefined || bytesInOutput === 0 ? [] : [folder];
  });
}

function notice(folder: string): string {
  const absolute = path.join(ROOT, folder);
  const { name, version, license } = JSON.parse(readFileSync(path.join(absolute, "package.json"), "utf8")) as PackageFacts;
  const texts = globSync("{LICENSE,LICENCE,License,license,NOTICE,COPYING}*", { cwd: absolute })
    .filter((file) => existsSync(path.join(absolute, file)) && !file.endsWith(".js"))
    .toSorted()
    .map((file) => readFileSync(path.join(absolute, file), "utf8").trim());
  if (texts.length === 0 && license === undefined) throw new Error(`${folder} says nothing of its licence.`);
  return [`${name} ${version} (${license ?? "see below"})`, ...texts].join("\n\n");
}
