/**
 * `npm run bundle`: the release, one folder that needs nothing but Node. dist/release/ghost.mjs and ghostctl.mjs are the
 * programs; lib/ holds the bundled code in chunks, so that a command loads only what it uses (a plan never loads the
 * agent, nothing but a terminal loads React).
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build as bundle } from "esbuild";
import type { Metafile, Plugin } from "esbuild";

const NEEDED_MAJOR = 24;
const root = path.join(import.meta.dirname, "..");
const release = path.join(root, "dist/release");
const lib = path.join(release, "lib");

/**
 * yargs measures text with string-width, which compiles regular expressions for 25 ms when it is loaded; width.ts does
 * the same at once. ink, which needs every emoji right and is loaded late, keeps it.
 */
const quickWidth: Plugin = {
  name: "quick-width",
  setup(build) {
    build.onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /node_modules\/(yargs|cliui|wrap-ansi)\//.test(importer) ? { path: "string-width", namespace: "quick-width" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "quick-width" }, () => ({
      contents: 'export { textWidth as default } from "./cli/src/output/width.ts";',
      resolveDir: root,
    }));
  },
};

rmSync(release, { recursive: true, force: true });
mkdirSync(lib, { recursive: true });

const { metafile } = await bundle({
  absWorkingDir: root,
  entryPoints: { start: "cli/src/start.ts" },
  outdir: lib,
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  // Names of functions and classes show in error texts and in Error.name.
  keepNames: true,
  format: "esm",
  platform: "node",
  target: `node${NEEDED_MAJOR}`,
  conditions: ["@ghost/source"],
  jsx: "automatic",
  legalComments: "linked",
  metafile: true,
  plugins: [quickWidth],
  // Only looked for where a developer sets DEV; see ink's reconciler.
  external: ["react-devtools-core"],
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
  // CommonJS packages ask for Node's own modules with require.
  banner: { js: 'import { createRequire as ghostCreateRequire } from "node:module"; const require = ghostCreateRequire(import.meta.url);' },
  logLevel: "warning",
});

for (const program of ["ghost", "ghostctl"]) {
  writeFileSync(path.join(release, `${program}.mjs`), entryText(program), { mode: 0o755 });
}
copyFolder("schemas/json", path.join(lib, "schemas"));
copyFileSync(path.join(root, "LICENSE"), path.join(release, "LICENSE"));
writeFileSync(path.join(release, "package.json"), packageText());
process.stdout.write(report(metafile));

/** Plain JavaScript that an older Node can read, to say what is needed. */
function entryText(program: string): string {
  return `#!/usr/bin/env node
if (Number(process.versions.node.split(".")[0]) < ${NEEDED_MAJOR}) {
  process.stderr.write("Error: Ghost needs Node ${NEEDED_MAJOR} or newer; this is " + process.version + " (" + process.execPath + ").\\n");
  process.exitCode = 1;
} else {
  const { start } = await import("./lib/start.mjs");
  await start("${program}");
}
`;
}

function packageText(): string {
  const { version, description, license } = JSON.parse(readFileSync(path.join(root, "cli/package.json"), "utf8")) as Record<string, string>;
  const facts = {
    name: "@ghost/release",
    version,
    description,
    license,
    type: "module",
    engines: { node: `>=${NEEDED_MAJOR}` },
    bin: { ghost: "ghost.mjs", ghostctl: "ghostctl.mjs" },
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(path.join(root, from))) copyFileSync(path.join(root, from, name), path.join(to, name));
}

/** What the start loads, and the largest chunks with what is in them. */
function report({ outputs }: Metafile): string {
  const size = (file: string): string => `${(statSync(path.join(root, file)).size / 1024).toFixed(0)} KiB`;
  const largest = Object.entries(outputs)
    .filter(([file]) => file.endsWith(".mjs"))
    .toSorted(([, a], [, b]) => b.bytes - a.bytes)
    .slice(0, 8);
  const lines = largest.map(([file, { inputs }]) => {
    const [main] = Object.entries(inputs).toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
    return `  ${size(file).padStart(9)}  ${path.basename(file)}  (${main?.[0].replace(/^node_modules\//, "") ?? ""})`;
  });
  const total = Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
  return `dist/release: ${Object.keys(outputs).length} files, ${(total / 1024 / 1024).toFixed(1)} MiB; the largest chunks:\n${lines.join("\n")}\n`;
}
