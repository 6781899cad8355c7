import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");

/** The frameworks that bindings are made for; the package of each is in a folder of its name. */
export const FRAMEWORKS = ["cdktf", "cdktn"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** From the root of the repository. */
export function packageFolder(framework: Framework): string {
  return `provider/${framework}`;
}

/**
 * Installs what the package-lock.json of each package names, unless that was done. They are npm projects of their own:
 * a quarter of a gigabyte that only they need.
 */
export function installPackages(frameworks: readonly Framework[] = FRAMEWORKS): void {
  for (const framework of frameworks) {
    const folder = path.join(ROOT, packageFolder(framework));
    const stamp = path.join(folder, "node_modules", ".ghost-lock");
    const lock = createHash("sha256")
      .update(readFileSync(path.join(folder, "package-lock.json")))
      .digest("hex");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) continue;
    process.stderr.write(`Installing the packages of ${packageFolder(framework)} (npm ci) …\n`);
    const npm = process.env["npm_execpath"]?.endsWith(".js") === true ? [process.execPath, process.env["npm_execpath"]] : ["npm"];
    const { status, stderr, error } = spawnSync(npm[0]!, [...npm.slice(1), "ci", "--loglevel=error", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    if (status !== 0)
      throw new Error(`npm ci failed in ${packageFolder(framework)}; it needs the npm registry.\n${stderr}${error?.message ?? ""}`);
    writeFileSync(stamp, lock);
  }
}
