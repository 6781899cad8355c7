/**
 * `npm run release [-- --out DIR] [--no-standalone]`: everything that a release is, into dist/release-files. Two runs of
 * one commit on one machine give the same bytes, but for the standalone executable: V8's code cache in it is not
 * reproducible. docs/releasing.md says what is done with the files.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { PROVIDER_NAME } from "@ghost/schemas";
import { providerPackage, providerPlatform } from "../cli/src/provider/package.ts";
import type { ProviderArch, ProviderOs } from "../cli/src/provider/package.ts";
import { bundleCliFile } from "./bundle/cli.ts";
import { ROOT } from "./bundle/common.ts";
import { bundleRelease } from "./bundle/release.ts";
import { softwareBillOfMaterials } from "./release/sbom.ts";
import { standaloneExecutable } from "./release/standalone.ts";
import { zipOf } from "./release/zip.ts";

const OSES: readonly ProviderOs[] = ["linux", "darwin", "windows"];
const ARCHS: readonly ProviderArch[] = ["amd64", "arm64"];
/** What Terraform's registry asks: which version of the plugin protocol to speak. */
const MANIFEST = { version: 1, metadata: { protocol_versions: ["6.0"] } };

const { values: flags } = parseArgs({
  options: { out: { type: "string", default: path.join(ROOT, "dist/release-files") }, standalone: { type: "boolean", default: true } },
  allowNegative: true,
});
const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };
const out = path.resolve(flags.out);
const prefix = `terraform-provider-${PROVIDER_NAME}_${version}`;
const release = path.join(out, "unpacked");
const provider = path.join(release, "provider");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const metafiles = await bundleRelease(release);
for (const os of OSES) {
  const zip = zipOf(await providerPackage(provider, version, os));
  for (const arch of ARCHS) write(`${prefix}_${os}_${arch}.zip`, zip);
}
write(`${prefix}_manifest.json`, `${JSON.stringify(MANIFEST, undefined, 2)}\n`);
// What a registry takes is complete here; the rest has sums of its own.
writeSums(`${prefix}_SHA256SUMS`);
if (flags.standalone) writeStandalone();
await bundleCliFile(path.join(out, `ghost-${version}.mjs`));
execFileSync("npm", ["pack", release, "--pack-destination", out, "--loglevel=error"], { stdio: ["ignore", "ignore", "inherit"] });
rmSync(release, { recursive: true });
write(`ghost_${version}_sbom.cdx.json`, softwareBillOfMaterials(metafiles));
writeSums(`ghost_${version}_SHA256SUMS`, (name) => !name.startsWith(prefix) || name.includes("standalone"));
for (const name of readdirSync(out))
  process.stdout.write(`${(readFileSync(path.join(out, name)).length / 1024).toFixed(0).padStart(8)} KiB  ${name}\n`);

/** The package of this platform with an executable in place of launcher and bundle. */
function writeStandalone(): void {
  const platform = providerPlatform(process.platform, process.arch);
  if (platform === undefined) return;
  const bytes = standaloneExecutable(path.join(provider, "provider.cjs"));
  const texts = ["LICENSE", "THIRD-PARTY-NOTICES.txt"].map((name) => ({
    name,
    bytes: readFileSync(path.join(provider, name)),
    executable: false,
  }));
  const suffix = platform.startsWith("windows") ? ".exe" : "";
  write(
    `${prefix}_${platform}_standalone.zip`,
    zipOf([{ name: `terraform-provider-${PROVIDER_NAME}_v${version}${suffix}`, bytes, executable: true }, ...texts]),
  );
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(path.join(out, name), content);
}

/** As sha256sum writes them. */
function writeSums(file: string, isMeant: (name: string) => boolean = () => true): void {
  const lines = readdirSync(out, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isMeant(entry.name))
    .map(({ name }) => name)
    .toSorted()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(path.join(out, name)))
          .digest("hex")}  ${name}\n`,
    );
  write(file, lines.join(""));
}
