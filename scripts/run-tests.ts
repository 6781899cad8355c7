import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** For one file, whatever it does: a bound on what a hanging test costs. */
const FILE_TIMEOUT_MS = 600_000;
const root = path.join(import.meta.dirname, "..");

export interface TestRun {
  /** From the root of the repository. */
  readonly patterns: readonly string[];
  /** Folders whose tests have a command of their own. */
  readonly except?: readonly string[];
  /** Those of the command line: a plain one keeps the files whose path contains it, an option goes to the runner. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs tests on Node's own runner and gives its exit code; 1 when no file is left by the arguments. */
export async function runTests({ patterns, except = [], args, env = {} }: TestRun): Promise<number> {
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const files = globSync([...patterns], { cwd: root })
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => !except.some((folder) => file.startsWith(`${folder}/`)))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .toSorted();
  if (files.length === 0) {
    process.stderr.write(`Error: no test file has ${filters.map((filter) => `"${filter}"`).join(" or ")} in its path.\n`);
    return 1;
  }
  const concurrency = Math.max(2, os.availableParallelism() - 1);
  const runner = ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, `--test-timeout=${FILE_TIMEOUT_MS}`];
  const options = args.filter((arg) => arg.startsWith("-"));
  const child = spawn(process.execPath, [...process.execArgv, ...runner, ...options, ...files], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  // The runner ends its files and prints what it has; the terminal's Ctrl-C has reached it already.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}
