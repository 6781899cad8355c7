import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PROVIDER_ADDRESS, PROVIDER_NAME } from "../../schemas/src/provider-source.ts";
import type { SchemaJson } from "../../provider/src/faces/schema-json.ts";
import { schemaJson } from "../../provider/src/faces/schema-json.ts";
import { ghostProvider } from "../../provider/src/ghost/provider.ts";
import type { Framework } from "./packages.ts";
import { installPackages, packageFolder } from "./packages.ts";

const ROOT = path.join(import.meta.dirname, "../..");

export type Files = readonly (readonly [name: string, text: string])[];

/** Written by hand once, for both frameworks. */
const GHOST_SPEC: Readonly<Record<string, string>> = {
  "ghost-spec/index.ts": "provider/cdk/ghost-spec/index.ts",
  "ghost-spec/resolved-spec.ts": "provider/src/cdk/resolved-spec.ts",
};

/** Among the sources: what they are, and what they were made from. */
export const STAMP = "generated.json";

/** What the bindings are generated from, as `terraform providers schema -json` prints it. */
export function providerSchema(): SchemaJson {
  return schemaJson(PROVIDER_ADDRESS, ghostProvider(providerVersion()));
}

/** The sources of a package: the framework's own generator's, and the construct GhostSpec. Installs the generator when it is not there. */
export function makeBindings(framework: Framework): Files {
  installPackages([framework]);
  const scratch = mkdtempSync(path.join(os.tmpdir(), "ghost-cdk-"));
  try {
    runGenerator(framework, scratch);
    const folder = path.join(scratch, "providers", PROVIDER_NAME);
    const generated = globSync("**/*.*", { cwd: folder }).map((name) => name.replaceAll(path.sep, "/"));
    return [
      ...generated.map((name) => [name, withGhostSpec(name, readFileSync(path.join(folder, name), "utf8"))] as const),
      ...Object.entries(GHOST_SPEC).map(([name, source]) => [name, ghostSpecSource(framework, source)] as const),
    ];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * What the sources of a package have to be; undefined when that is what they are. Those that are there
 * carry hashes of themselves and of what they were made from, so that this is known without the framework's packages,
 * which take long to install.
 */
export function staleBindings(framework: Framework): Files | undefined {
  const present = presentBindings(framework);
  const stamp = present.find(([name]) => name === STAMP)?.[1];
  if (stamp === stampOf(framework, present)) return undefined;
  const files = makeBindings(framework);
  return [...files, [STAMP, stampOf(framework, files)]];
}

function stampOf(framework: Framework, sources: Files): string {
  const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, packageFolder(framework), "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const inputs = [
    JSON.stringify(generatorInput()),
    JSON.stringify(devDependencies),
    readFileSync(import.meta.filename, "utf8"),
    ...Object.values(GHOST_SPEC).map((source) => ghostSpecSource(framework, source)),
  ];
  const files = sources.filter(([name]) => name !== STAMP).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ from: digest(inputs), files: digest(files.flat()) }, undefined, 2)}\n`;
}

/** The sources that are there. */
export function presentBindings(framework: Framework): Files {
  const folder = path.join(ROOT, packageFolder(framework), "src");
  if (!existsSync(folder)) return [];
  return globSync("**/*.*", { cwd: folder }).map((name) => [name.replaceAll(path.sep, "/"), readFileSync(path.join(folder, name), "utf8")]);
}

function generatorInput(): object {
  // The bindings ask Terraform for exactly this version: their attributes are its.
  return { ...providerSchema(), provider_versions: { [PROVIDER_ADDRESS]: providerVersion() } };
}

function providerVersion(): string {
  return (JSON.parse(readFileSync(path.join(ROOT, "provider/package.json"), "utf8")) as { readonly version: string }).version;
}

/** A process of its own: the generator's packages are CommonJS, look for a terraform when they are loaded, and report their use. */
function runGenerator(framework: Framework, folder: string): void {
  const program = `
    const { TerraformProviderGenerator, CodeMaker } = require("@${framework}/provider-generator");
    const code = new CodeMaker();
    code.indentation = 2;
    new TerraformProviderGenerator(code, JSON.parse(require("node:fs").readFileSync(0, "utf8"))).generateAll();
    code.save(process.argv[1]);
  `;
  execFileSync(process.execPath, ["-e", program, folder], {
    cwd: path.join(ROOT, packageFolder(framework)),
    input: JSON.stringify(generatorInput()),
    env: { ...process.env, PATH: "", CHECKPOINT_DISABLE: "1", LOG_LEVEL: "off" },
    stdio: ["pipe", "ignore", "pipe"],
  });
}

function ghostSpecSource(framework: Framework, source: string): string {
  return `// Generated by "npm run generate" from ${source}. Do not edit.\n${readFileSync(path.join(ROOT, source), "utf8").replaceAll('"cdktf"', `"${framework}"`)}`;
}

/** Its line in the two indexes, in the form of the others. */
function withGhostSpec(name: string, text: string): string {
  const line = {
    "index.ts": "export * as ghostSpec from './ghost-spec/index';",
    "lazy-index.ts": "Object.defineProperty(exports, 'ghostSpec', { get: function () { return require('./ghost-spec'); } });",
  }[name];
  return line === undefined ? text : `${text.trimEnd()}\n${line}\n`;
}

function digest(parts: readonly string[]): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}
