import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { qcow2Snapshots } from "./qcow2-snapshots.ts";

const skip = spawnSync("qemu-img", ["--version"]).error === undefined ? false : "qemu-img is not installed";

async function fileIn(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ghost-qcow2-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "disk.qcow2");
}

suite("snapshots inside a qcow2", () => {
  for (const compat of ["0.10", "1.1"])
    test(`of compat ${compat} have the names that QEMU wrote`, { skip }, async (t) => {
      const file = await fileIn(t);
      execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-o", `compat=${compat}`, file, "1M"]);
      assert.deepEqual(await qcow2Snapshots(file), []);
      const names = ["a", "before-upgrade", "x".repeat(63), "Grüße"];
      for (const name of names) execFileSync("qemu-img", ["snapshot", "-c", name, file]);
      assert.deepEqual(await qcow2Snapshots(file), names);
      execFileSync("qemu-img", ["snapshot", "-d", "a", file]);
      assert.deepEqual(await qcow2Snapshots(file), names.slice(1));
    });

  test("are none in another file", async (t) => {
    const file = await fileIn(t);
    for (const content of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.from("QFI")]) {
      await writeFile(file, content);
      assert.deepEqual(await qcow2Snapshots(file), []);
    }
  });

  test("that make no sense are said to, in bounds", { skip }, async (t) => {
    const file = await fileIn(t);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", file, "1M"]);
    execFileSync("qemu-img", ["snapshot", "-c", "a", file]);
    const good = await readFile(file);
    const damages: readonly ((bytes: Buffer) => unknown)[] = [
      (bytes) => bytes.writeUInt32BE(0xff_ff_ff_ff, 60),
      (bytes) => bytes.writeBigUInt64BE(BigInt(bytes.length), 64),
      (bytes) => bytes.writeUInt32BE(0xff_ff_ff_ff, Number(bytes.readBigUInt64BE(64)) + 36),
      (bytes) => bytes.writeBigUInt64BE(2n ** 63n, 64),
    ];
    for (const damage of damages) {
      const bytes = Buffer.from(good);
      damage(bytes);
      await writeFile(file, bytes);
      await assert.rejects(qcow2Snapshots(file), RangeError);
    }
  });
});
