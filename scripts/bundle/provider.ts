import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { Metafile } from "esbuild";
import { COMMON, ROOT } from "./common.ts";
import { thirdPartyNotices } from "./notices.ts";

/**
 * Writes the provider into a folder: `start.cjs`, `provider.cjs` with everything, the licences, and the launchers, so
 * that Terraform can run the folder as it is (`dev_overrides`).
 */
export async function bundleProvider(folder: string): Promise<Metafile> {
  const { metafile, outputFiles } = await build({
    ...COMMON,
    entryPoints: { provider: "provider/src/main.ts" },
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    // A script can be compiled with a code cache, a module cannot.
    format: "cjs",
    // start.cjs does not decode it.
    charset: "ascii",
    legalComments: "eof",
  });
  const code = outputFiles.find(({ path: file }) => file.endsWith(".cjs"));
  if (code === undefined) throw new Error("esbuild wrote no provider.cjs");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "provider.cjs"), code.text);
  const digest = createHash("sha256").update(code.contents).digest("hex").slice(0, 16);
  const start = readFileSync(path.join(ROOT, "provider/bin/start.cjs"), "utf8");
  writeFileSync(path.join(folder, "start.cjs"), start.replace('BUILD = "development"', `BUILD = "${digest}"`));
  for (const launcher of ["terraform-provider-ghost", "terraform-provider-ghost.bat"]) {
    copyFileSync(path.join(ROOT, "provider/bin", launcher), path.join(folder, launcher));
    chmodSync(path.join(folder, launcher), 0o755);
  }
  copyFileSync(path.join(ROOT, "LICENSE"), path.join(folder, "LICENSE"));
  writeFileSync(path.join(folder, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices([metafile]));
  return metafile;
}
