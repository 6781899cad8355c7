/**
 * `npm run check`: everything but the tests that has to hold before a push. Runs all of it, then lists what failed.
 * With names as arguments (`npm run check -- lint types`) only those.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const bin = path.join(root, "node_modules", ".bin");
const GENERATED = [
  "proto/gen",
  "provider/gen",
  "provider/cdk/gen",
  "provider/cdktf/src",
  "provider/cdktn/src",
  "schemas/gen",
  "libvirt/gen",
  "schemas/json",
  "docs/reference",
  "provider/docs",
];

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

const checks: Readonly<Record<string, { readonly fix: string; run(): Outcome }>> = {
  format: { fix: "npm run format", run: () => tool("oxfmt", ["--check", "."]) },
  lint: { fix: "npm run lint", run: () => tool("oxlint", ["--type-aware", "--deny-warnings"]) },
  types: { fix: "npm run build", run: () => tool("tsc", ["-b", "--pretty", "false"]) },
  unused: { fix: "npx knip", run: () => tool("knip", ["--treat-config-hints-as-errors"]) },
  proto: { fix: "npm run check -- proto", run: checkProto },
  generated: { fix: "npm run generate, and commit what it wrote", run: checkGenerated },
};

const wanted = process.argv.slice(2);
const failed: string[] = [];
for (const name of wanted.length === 0 ? Object.keys(checks) : wanted) {
  const check = checks[name];
  if (check === undefined) throw new Error(`There is no check "${name}"; there are ${Object.keys(checks).join(", ")}.`);
  const startedAt = performance.now();
  const { ok, output } = check.run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${ok ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds.padStart(5)} s\n`);
  if (ok) continue;
  process.stdout.write(`${output.trim().replaceAll(/^/gm, "    ")}\n`);
  failed.push(`${name}: ${check.fix}`);
}
if (failed.length > 0) {
  process.stdout.write(`\n${failed.length} failed. To see or to fix it:\n${failed.map((line) => `  ${line}\n`).join("")}`);
  process.exitCode = 1;
}

function checkProto(): Outcome {
  const lint = tool("buf", ["lint"], "proto");
  // Terraform's contract: what may change in it is not for us to say.
  const foreign = tool("buf", ["lint"], "provider/proto");
  if (!lint.ok || !foreign.ok) return { ok: false, output: `${lint.output}${foreign.output}` };
  const base = findBase();
  if (base === undefined) return lint;
  return tool("buf", ["breaking", "--against", `../.git#ref=${base},subdir=proto`], "proto");
}

/** The commit of main, when there is one that differs from what is checked out and has the contracts. */
function findBase(): string | undefined {
  const commitOf = (ref: string): string | undefined => {
    const { ok, output } = execute("git", ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
    return ok ? output.trim() : undefined;
  };
  const base = commitOf("origin/main") ?? commitOf("main");
  if (base === undefined || base === commitOf("HEAD")) return undefined;
  return execute("git", ["cat-file", "-e", `${base}:proto/buf.yaml`]).ok ? base : undefined;
}

/** Generates in place and compares: right in a commit that is being made, too, and where there is no git. */
function checkGenerated(): Outcome {
  const before = hashes();
  const generation = execute(process.execPath, [...process.execArgv, path.join(root, "scripts", "generate.ts")]);
  if (!generation.ok) return generation;
  const after = hashes();
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file));
  return { ok: differing.length === 0, output: `Not what "npm run generate" makes (it has just rewritten them):\n${differing.join("\n")}` };
}

function hashes(): ReadonlyMap<string, string> {
  const files = globSync(
    GENERATED.map((folder) => `${folder}/**/*.*`),
    { cwd: root },
  );
  return new Map(
    files.map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(path.join(root, file)))
        .digest("hex"),
    ]),
  );
}

function tool(name: string, args: readonly string[], folder = "."): Outcome {
  return execute(path.join(bin, name), args, folder);
}

function execute(command: string, args: readonly string[], folder = "."): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: path.join(root, folder),
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
    // The tools are scripts of node: they run on this one, not on the machine's.
    env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` },
  });
  return { ok: status === 0, output: `${stdout}${stderr}${error?.message ?? ""}` };
}
