import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { COMMON, NEEDED_MAJOR, ROOT } from "./common.ts";

/** CommonJS packages ask for Node's own modules with require, and everything else is in the bundle. */
const BANNER = "const require=process.getBuiltinModule;";

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
      resolveDir: ROOT,
    }));
  },
};

/** `await import("yaml")` of a CommonJS package has a name for each export in Node, and only a default in esbuild's chunks. */
const namedExports: Plugin = {
  name: "named-exports",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path: name, kind, resolveDir }) =>
      kind === "dynamic-import" && !isBuiltin(name) ? { path: name, namespace: "named-exports", pluginData: resolveDir } : undefined,
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

/** Only looked for where a developer sets DEV; see ink's reconciler. */
const noDevtools: Plugin = {
  name: "no-devtools",
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, () => ({ path: "devtools", namespace: "no-devtools" }));
    build.onLoad({ filter: /.*/, namespace: "no-devtools" }, () => ({ contents: "export default {};" }));
  },
};

const OPTIONS = {
  ...COMMON,
  entryPoints: { ghost: "cli/src/release.ts" },
  outExtension: { ".js": ".mjs" },
  format: "esm",
  jsx: "automatic",
  plugins: [quickWidth, noDevtools, ...COMMON.plugins, namedExports],
  banner: { js: BANNER },
} as const satisfies BuildOptions;

/**
 * Writes the CLI into a folder. ghost.mjs and ghostctl.mjs are the programs, one and the same file; lib/ holds the code
 * in chunks, so that a command loads only what it uses (a plan never loads the agent, nothing but a terminal loads React).
 */
export async function bundleCli(folder: string): Promise<Metafile> {
  const { metafile, outputFiles } = await bundle({ ...OPTIONS, outdir: folder, splitting: true, chunkNames: "lib/[name]-[hash]" });
  for (const { path: file, text } of outputFiles) {
    mkdirSync(path.dirname(file), { recursive: true });
    const isEntry = path.dirname(file) === folder;
    const code = file.endsWith(".mjs") ? withPlainBuiltins(text) : text;
    writeFileSync(file, isEntry && file.endsWith(".mjs") ? withHead(code) : code);
  }
  copyFileSync(path.join(folder, "ghost.mjs"), path.join(folder, "ghostctl.mjs"));
  for (const program of ["ghost", "ghostctl"]) chmodSync(path.join(folder, `${program}.mjs`), 0o755);
  return metafile;
}

/** Writes the CLI as one file, for whoever wants to copy one; it starts slower, and has no provider beside it. */
export async function bundleCliFile(file: string): Promise<Metafile> {
  const { metafile, outputFiles } = await bundle({ ...OPTIONS, outdir: path.dirname(file), legalComments: "eof" });
  const code = outputFiles.find(({ path: output }) => output.endsWith(".mjs"));
  if (code === undefined) throw new Error("esbuild wrote no program");
  writeFileSync(file, withHead(withPlainBuiltins(code.text)));
  chmodSync(file, 0o755);
  return metafile;
}

/**
 * An import of one of Node's modules reads every export of it, and so runs every lazy getter: `node:util` alone loads
 * worker threads, `node:crypto` the web's cryptography. Taken as the plain objects that they are, they cost nothing.
 */
function withPlainBuiltins(code: string): string {
  return code.replace(/(?<=^|[;}\n])import\s*([\w$*{][^"';()]*?)\s*from\s*"([^"]+)";/g, (whole: string, what: string, id: string) =>
    isBuiltin(id) ? takenPlain(what, `process.getBuiltinModule("node:${id.replace(/^node:/, "")}")`) : whole,
  );
}

/** `import main, { some as other } from …` as constants. */
function takenPlain(what: string, source: string): string {
  const [, main, all, some] = /^\s*(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([^}]*)\})?\s*$/.exec(what) ?? [];
  const names = [main, all, some === undefined ? undefined : `{${some.replaceAll(/\s+as\s+/g, ":")}}`];
  return names.flatMap((name) => (name === undefined ? [] : [`const ${name}=${source};`])).join("");
}

/** The entry also says which Node it needs, before any code of its own runs, and in words that an older one can read. */
function withHead(code: string): string {
  return `#!/usr/bin/env node
if (Number(process.versions.node.split(".")[0]) < ${NEEDED_MAJOR}) {
  process.stderr.write("Error: Ghost needs Node ${NEEDED_MAJOR} or newer; this is " + process.version + " (" + process.execPath + ").\\n");
  process.exit(1);
}
${code}`;
}
