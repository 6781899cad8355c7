import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Where Node looks for its program: https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html. */
const RESOURCE = "NODE_SEA_BLOB";
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** The Node that runs this, with the provider and V8's code cache of it inside: one executable for this platform that needs nothing. */
export function standaloneExecutable(script: string): Uint8Array {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "ghost-standalone-"));
  try {
    const [config, blob, executable] = [path.join(scratch, "sea.json"), path.join(scratch, "blob"), path.join(scratch, "provider")];
    writeFileSync(config, JSON.stringify({ main: script, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }));
    execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "ignore" });
    writeFileSync(executable, readFileSync(process.execPath), { mode: 0o755 });
    const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
    // It warns of section names of Node's own that it cannot read.
    execFileSync(process.execPath, [postject, executable, RESOURCE, blob, "--sentinel-fuse", FUSE], { stdio: "ignore" });
    return readFileSync(executable);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
