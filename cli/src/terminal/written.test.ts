import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { suite, test } from "node:test";
import { watchWrites } from "./written.ts";

const BIN = path.join(import.meta.dirname, "../../bin/ghost.js");

function failing(code: string): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: no`), { code })) });
}

suite("watchWrites", () => {
  const cases: readonly (readonly [code: string, want: RegExp | undefined])[] = [
    ["EPIPE", undefined],
    ["ENOSPC", /^Standard output cannot be written: the disk is full\./],
    ["EIO", /^Standard output cannot be written: EIO: no\./],
  ];
  for (const [code, want] of cases) {
    test(`${code} is ${want === undefined ? "no failure" : "told"}`, async () => {
      const stream = failing(code);
      const failure = watchWrites({ "Standard output": stream });
      assert.equal(failure(), undefined);
      const closed = once(stream, "close");
      stream.write("x");
      await closed.catch(() => undefined);
      if (want === undefined) assert.equal(failure(), undefined);
      else assert.match(failure()?.detail ?? "", want);
    });
  }
});

suite("a stdout that cannot be written", () => {
  for (const argv of [["schema", "vm"], ["schema", "--json"], ["version"], ["--help"]]) {
    test(`ghost ${argv.join(" ")} says so and ends with 1`, async () => {
      const home = await mkdtemp(path.join(tmpdir(), "ghost-written-"));
      // A file that is open for reading only refuses every write, on every system.
      const unwritable = openSync(BIN, "r");
      try {
        const child = spawn(process.execPath, [BIN, ...argv], {
          stdio: ["ignore", unwritable, "pipe"],
          env: { PATH: process.env["PATH"], HOME: home },
        });
        let said = "";
        child.stderr?.on("data", (text) => (said += String(text)));
        const [code] = (await once(child, "close")) as [number];
        assert.deepEqual([code, /\[FILE_NOT_WRITABLE\]/.test(said)], [1, true], said);
      } finally {
        closeSync(unwritable);
        await rm(home, { recursive: true, force: true });
      }
    });
  }
});
