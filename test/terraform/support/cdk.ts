/** The CDK packages, and projects that use them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { buildPackage } from "../../../scripts/cdk/build.ts";
import type { Framework } from "../../../scripts/cdk/packages.ts";
import { packageFolder } from "../../../scripts/cdk/packages.ts";
import { collect } from "../../support/ghost.ts";
import type { RunResult } from "../../support/ghost.ts";

export const ROOT = path.resolve(import.meta.dirname, "../../..");

const built = new Map<Framework, Promise<void>>();

/** Compiles the package, once for all tests of a process. */
export function ensureBuilt(framework: Framework): Promise<void> {
  const present = built.get(framework);
  if (present !== undefined) return present;
  const building = buildPackage(framework);
  built.set(framework, building);
  return building;
}

/** What a program of that framework would get from `require`. */
export async function requireOf(framework: Framework): Promise<NodeJS.Require> {
  await ensureBuilt(framework);
  return createRequire(path.join(ROOT, packageFolder(framework), "program.js"));
}

/** A copy of the framework's example in `dir`, with its packages in place as if npm had installed them. */
export async function linkExample(framework: Framework, dir: string): Promise<void> {
  await ensureBuilt(framework);
  await cp(path.join(ROOT, "examples", framework), dir, {
    recursive: true,
    filter: (file) => !/node_modules|build$|cdktf\.out/.test(file),
  });
  const own = path.join(ROOT, packageFolder(framework));
  const links = {
    [`@ghost/${framework}-provider`]: own,
    [framework]: path.join(own, "node_modules", framework),
    constructs: path.join(own, "node_modules/constructs"),
    "@types/node": path.join(ROOT, "node_modules/@types/node"),
  };
  for (const [name, target] of Object.entries(links)) {
    const link = path.join(dir, "node_modules", name);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(target, link);
  }
}

/** Type-checks and compiles a project as its own tsconfig.json says. */
export async function compile(dir: string): Promise<void> {
  const { code, stdout } = await run(process.execPath, [path.join(ROOT, "node_modules/typescript/bin/tsc"), "--project", dir], dir);
  assert.equal(code, 0, stdout);
}

/** Runs a compiled program, which writes `cdktf.out`. */
export async function synthesize(dir: string, program: string, env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  return await run(process.execPath, [path.join(dir, "build", program)], dir, env);
}

export async function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...own } = process.env;
  return await collect(spawn(command, args, { cwd, env: { ...own, CHECKPOINT_DISABLE: "1", ...env }, stdio: ["ignore", "pipe", "pipe"] }));
}
