/**
 * `npm run test:terraform [-- ARGS]`: the provider judged by the real terraform, over simulated hosts. Arguments as for
 * `npm test`. Without a terraform there is nothing to ask: a developer is told so, and on CI that is a failure.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { terraformVersion } from "../test/bench/terraform.ts";
import { makeMirror } from "../test/terraform/support/mirror.ts";
import { runTests } from "./run-tests.ts";

const version = terraformVersion();
if (version === undefined) {
  const isCi = (process.env["CI"] ?? "") !== "";
  process.stderr.write(
    isCi
      ? "Error: there is no terraform on the PATH, and on CI the provider has to be judged by one. Install terraform 1.11 or newer.\n"
      : "Skipped: there is no terraform on the PATH. Install terraform 1.11 or newer to run these tests.\n",
  );
  process.exitCode = isCi ? 1 : 0;
} else {
  process.stdout.write(`terraform ${version}\n`);
  const mirror = await mkdtemp(path.join(tmpdir(), "ghost-mirror-"));
  try {
    await makeMirror(mirror);
    process.exitCode = await runTests({
      patterns: ["test/terraform/**/*.test.ts"],
      args: process.argv.slice(2),
      env: { GHOST_TEST_MIRROR: mirror },
    });
  } finally {
    await rm(mirror, { recursive: true, force: true });
  }
}
