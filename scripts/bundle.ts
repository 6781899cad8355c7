/**
 * `npm run bundle`: the release, one folder that needs nothing but Node. dist/release/ghost.mjs and ghostctl.mjs are the
 * programs, one and the same file; lib/ holds the bundled code in chunks, so that a command loads only what it uses (a plan never loads the
 * agent, nothing but a terminal loads React).
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import type { Metafile, Plugin } from "esbuild";

const NEEDED_MAJOR = 24;
/** CommonJS packages ask for Node's own modules with require, and everything else is in the bundle. */
const BANNER = "const require=process.getBuiltinModule;";
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

/** grpc-js asks for it only to serve channelz, which nobody here does; it is a quarter of a megabyte. */
const noProtoLoader: Plugin = {
  name: "no-proto-loader",
  setup(build) {
    build.onResolve({ filter: /^@grpc\/proto-loader$/ }, () => ({ path: "proto-loader", namespace: "no-proto-loader" }));
    build.onLoad({ filter: /.*/, namespace: "no-proto-loader" }, () => ({
      contents: 'exports.loadSync = () => { throw new Error("channelz is not in this bundle"); };',
    }));
  },
};

/** `await import("yaml")` of a CommonJS package has a name for each export in Node, and only a default in esbuild's chunks. */
const namedExports: Plugin = {
  name: "named-exports",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path: name, kind, resolveDir }) =>
      kind === "dynamic-import" && !isBuiltin(name) && !build.initialOptions.external?.includes(name)
        ? { path: name, namespace: "named-exports", pluginData: resolveDir }
        : undefined,
    );
    build.onLoad(
      { filter: /.*/, namespace: "named-exports" },
      async ({ path: name, pluginData: resolveDir }: { path: string; pluginData: string }) => {
        const file = createRequire(path.join(resolveDir, "x.js")).resolve(name);
        const names = Object.keys((await import(pathToFileURL(file).href)) as object).filter(
          (each) => each !== "default" && each !== "module.exports",
        );
        return { contents: `import * as all from ${JSON.stringify(name)}; export const { ${names.join(", ")} } = all;`, resolveDir };
      },
    );
  },
};

rmSync(release, { recursive: true, force: true });
mkdirSync(lib, { recursive: true });

const { metafile, outputFiles } = await bundle({
  absWorkingDir: root,
  entryPoints: { ghost: "cli/src/release.ts" },
  outdir: release,
  outExtension: { ".js": ".mjs" },
  chunkNames: "lib/[name]-[hash]",
  bundle: true,
  splitting: true,
  // Identifiers keep their names: they show in errors, and keeping them any other way costs time at every start.
  minifyWhitespace: true,
  minifySyntax: true,
  format: "esm",
  platform: "node",
  target: `node${NEEDED_MAJOR}`,
  conditions: ["@ghost/source"],
  jsx: "automatic",
  legalComments: "linked",
  metafile: true,
  plugins: [quickWidth, noProtoLoader, namedExports],
  write: false,
  // Only looked for where a developer sets DEV; see ink's reconciler.
  external: ["react-devtools-core"],
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
  banner: { js: BANNER },
  logLevel: "warning",
});

for (const { path: file, text } of outputFiles) writeFileSync(file, file.endsWith(".mjs") ? withHead(file, withPlainBuiltins(text)) : text);
copyFileSync(path.join(release, "ghost.mjs"), path.join(release, "ghostctl.mjs"));
for (const program of ["ghost", "ghostctl"]) chmodSync(path.join(release, `${program}.mjs`), 0o755);
copyFolder("schemas/json", path.join(lib, "schemas"));
copyFileSync(path.join(root, "LICENSE"), path.join(release, "LICENSE"));
writeFileSync(path.join(release, "package.json"), packageText());
process.stdout.write(report(metafile));

/**
 * An import of one of Node's modules reads every export of it, and so runs every lazy getter: `node:util` alone loads
 * worker threads, `node:crypto` the web's cryptography. Taken as the plain objects that they are, they cost nothing.
 */
function withPlainBuiltins(code: string): string {
  return code.replace(/(?<=^|[;}\n])import\s*([\w$*{][^"';()]*?)\s*from\s*"([^"]+)";/g, (whole: string, what: string, id: string) =>
    isBuiltin(id) ? takenPlain(what, `process.getBuiltinModule("node:${id.replace(/^node:/, "")}")`) : whole,
  );
}

/** The entry also says which Node it needs, before any code of its own runs, and in words that an older one can read. */
function withHead(file: string, code: string): string {
  if (path.dirname(file) !== release) return code;
  return `#!/usr/bin/env node
if (Number(process.versions.node.split(".")[0]) < ${NEEDED_MAJOR}) {
  process.stderr.write("Error: Ghost needs Node ${NEEDED_MAJOR} or newer; this is " + process.version + " (" + process.execPath + ").\\n");
  process.exit(1);
}
${code}`;
}

/** `import main, { some as other } from …` as constants. */
function takenPlain(what: string, source: string): string {
  const [, main, all, some] = /^\s*(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([^}]*)\})?\s*$/.exec(what) ?? [];
  const names = [main, all, some === undefined ? undefined : `{${some.replaceAll(/\s+as\s+/g, ":")}}`];
  return names.flatMap((name) => (name === undefined ? [] : [`const ${name}=${source};`])).join("");
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
