/**
 * `npm run bundle`: the release as a folder that needs nothing but Node. dist/release has the programs `ghost` and
 * `ghostctl`, and in provider/ the Terraform provider that `ghost provider install` puts where Terraform looks.
 */
import { statSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";
import { ROOT } from "./bundle/common.ts";
import { bundleRelease } from "./bundle/release.ts";

const metafiles = await bundleRelease(path.join(ROOT, "dist/release"));
process.stdout.write(metafiles.map(report).join(""));

/** What was written, and the largest files with what is in them. */
function report({ outputs }: Metafile): string {
  const files = Object.entries(outputs).map(([file, { inputs }]) => ({ file, inputs, bytes: statSync(path.join(ROOT, file)).size }));
  const lines = files
    .filter(({ file }) => /\.[cm]js$/.test(file))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 8)
    .map(({ file, inputs, bytes }) => {
      const [main] = Object.entries(inputs).toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
      return `  ${(bytes / 1024).toFixed(0).padStart(5)} KiB  ${path.basename(file)}  (${main?.[0].replace(/^node_modules\//, "") ?? ""})`;
    });
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const [folder = ""] = files.map(({ file }) => path.dirname(file)).toSorted((a, b) => a.length - b.length);
  return `${folder}: ${files.length} files, ${(total / 1024 / 1024).toFixed(1)} MiB; the largest:\n${lines.join("\n")}\n`;
}
