import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { COMMON, ROOT } from "../bundle/common.ts";
import { thirdPartyNotices } from "../bundle/notices.ts";
import type { Framework } from "./packages.ts";
import { installPackages, packageFolder } from "./packages.ts";

/** Of those that run the CDK; a binding has nothing newer to ask for. */
const TARGET = "node20";

/** Compiles the package of a framework into its folder `lib`, as published bindings have it. */
export async function buildPackage(framework: Framework): Promise<void> {
  installPackages([framework]);
  const folder = path.join(ROOT, packageFolder(framework));
  const lib = path.join(folder, "lib");
  rmSync(lib, { recursive: true, force: true });
  execFileSync(process.execPath, [path.join(ROOT, "node_modules/typescript/bin/tsc"), "--project", folder], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  // Whoever takes the whole package loads only what is used of it. The types stay those of index.ts.
  copyFileSync(path.join(lib, "lazy-index.js"), path.join(lib, "index.js"));
  const { metafile, outputFiles } = await build({
    ...COMMON,
    entryPoints: { "read-spec": "provider/src/cdk/read-spec.ts" },
    outdir: path.join(lib, "ghost-spec"),
    format: "cjs",
    target: TARGET,
    legalComments: "eof",
  });
  for (const { path: file, contents } of outputFiles) writeFileSync(file, contents);
  writeFileSync(path.join(folder, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices([metafile]));
  copyFileSync(path.join(ROOT, "LICENSE"), path.join(folder, "LICENSE"));
}
