/**
 * `npm test [-- ARGS]`: every test that needs no hypervisor, on Node's own runner. A plain argument keeps the files
 * whose path contains it (`npm test -- engine/src/diff`); an option goes to the runner (`--test-update-snapshots`,
 * `--test-name-pattern=…`). Tests that need a machine, Terraform or time of their own have their own commands.
 */
import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const ELSEWHERE = ["test/machine", "test/terraform", "test/bench"];
/** For one file, whatever it does: a bound on what a hanging test costs. */
const FILE_TIMEOUT_MS = 600_000;

const root = path.join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const filters = args.filter((arg) => !arg.startsWith("-"));

const { workspaces } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { workspaces: readonly string[] };
const files = globSync([...workspaces.map((name) => `${name}/src/**/*.test.{ts,tsx}`), "test/**/*.test.ts"], { cwd: root })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => !ELSEWHERE.some((folder) => file.startsWith(`${folder}/`)))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .toSorted();

if (files.length === 0) {
  process.stderr.write(`Error: no test file has ${filters.map((filter) => `"${filter}"`).join(" or ")} in its path.\n`);
  process.exitCode = 1;
} else {
  runTests();
}

function runTests(): void {
  const concurrency = Math.max(2, os.availableParallelism() - 1);
  const runner = ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, `--test-timeout=${FILE_TIMEOUT_MS}`];
  const child = spawn(process.execPath, [...process.execArgv, ...runner, ...options, ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  // The runner ends its files and prints what it has; the terminal's Ctrl-C has reached it already.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.on("close", (code) => (process.exitCode = code ?? 1));
}
