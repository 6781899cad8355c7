/**
 * `npm test [-- ARGS]`: every test that needs no hypervisor, on Node's own runner. A plain argument keeps the files
 * whose path contains it (`npm test -- engine/src/diff`); an option goes to the runner (`--test-update-snapshots`,
 * `--test-name-pattern=…`). Tests that need a machine, Terraform or time of their own have their own commands.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { runTests } from "./run-tests.ts";

const manifest = path.join(import.meta.dirname, "../package.json");
const { workspaces } = JSON.parse(readFileSync(manifest, "utf8")) as { workspaces: readonly string[] };

process.exitCode = await runTests({
  patterns: [...workspaces.map((name) => `${name}/src/**/*.test.{ts,tsx}`), "test/**/*.test.ts"],
  except: ["test/machine", "test/terraform", "test/bench"],
  args: process.argv.slice(2),
});
