import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";
import { bundleCli } from "./cli.ts";
import { NEEDED_MAJOR, ROOT } from "./common.ts";
import { thirdPartyNotices } from "./notices.ts";
import { bundleProvider } from "./provider.ts";

/** Writes the CLI, with the provider in a folder of it, as an npm package that has no dependencies. */
export async function bundleRelease(folder: string): Promise<readonly Metafile[]> {
  rmSync(folder, { recursive: true, force: true });
  const cli = await bundleCli(folder);
  const provider = await bundleProvider(path.join(folder, "provider"));
  copyFileSync(path.join(ROOT, "LICENSE"), path.join(folder, "LICENSE"));
  writeFileSync(path.join(folder, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices([cli]));
  writeFileSync(path.join(folder, "package.json"), packageText());
  return [cli, provider];
}

function packageText(): string {
  const { version, description, license } = JSON.parse(readFileSync(path.join(ROOT, "cli/package.json"), "utf8")) as Record<string, string>;
  const facts = {
    name: "@ghost/cli",
    version,
    description,
    license,
    type: "module",
    engines: { node: `>=${NEEDED_MAJOR}` },
    bin: { ghost: "ghost.mjs", ghostctl: "ghostctl.mjs" },
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}
