import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { growImage } from "./grow.ts";
import { inspectImage } from "./inspect.ts";
import { emptyQcow2, parseQcow2 } from "./qcow2.ts";

const GIB = 2 ** 30;
const L1_OFFSET = 3 * 2 ** 16;

suite("growImage", () => {
  async function place(t: TestContext): Promise<string> {
    const dir = await mkdtemp(path.join(tmpdir(), "ghost-grow-"));
    t.after(() => rm(dir, { recursive: true }));
    return path.join(dir, "disk");
  }

  test("a qcow2 has the new size and a map for it, and nothing else of it is changed", async (t) => {
    const file = await place(t);
    const before = emptyQcow2(GIB);
    // An entry that is in use, and what an earlier table has left behind the last.
    before.writeBigUInt64BE(0x8000_0000_0005_0000n, L1_OFFSET + 8);
    before.writeBigUInt64BE(0xdead_beefn, L1_OFFSET + 16);
    await writeFile(file, before);
    await growImage(file, "qcow2", 4 * GIB);
    const after = await readFile(file);
    assert.deepEqual([parseQcow2(after)?.virtualSizeBytes, parseQcow2(after)?.l1Entries], [4 * GIB, 8]);
    assert.deepEqual(after.readBigUInt64BE(L1_OFFSET + 8), 0x8000_0000_0005_0000n);
    assert.deepEqual(after.subarray(L1_OFFSET + 16, L1_OFFSET + 64), Buffer.alloc(48));
    const want = Buffer.from(before);
    want.writeBigUInt64BE(BigInt(4 * GIB), 24);
    want.writeUInt32BE(8, 36);
    want.writeBigUInt64BE(0n, L1_OFFSET + 16);
    assert.equal(after.equals(want), true);
    await growImage(file, "qcow2", 4 * GIB);
    assert.equal((await readFile(file)).equals(want), true);
  });

  test("a raw disk is longer and takes no more room", async (t) => {
    const file = await place(t);
    // Its guest keeps a qcow2 in it.
    const content = emptyQcow2(2 ** 20);
    await writeFile(file, content);
    await truncate(file, 2 ** 20);
    await growImage(file, "raw", GIB);
    const { size, blocks } = await stat(file);
    assert.deepEqual([size, blocks * 512 < 2 ** 20], [GIB, true]);
    assert.equal((await readFile(file)).subarray(0, content.length).equals(content), true);
  });

  const refused: readonly { name: string; bytes: () => Buffer; format?: "raw"; sizeBytes: number; why: RegExp }[] = [
    { name: "to be smaller", bytes: () => emptyQcow2(2 * GIB), sizeBytes: GIB, why: /larger already/ },
    { name: "a raw disk to be smaller", bytes: () => Buffer.alloc(1024), format: "raw", sizeBytes: 512, why: /larger already/ },
    { name: "beyond the room of its map", bytes: () => emptyQcow2(GIB), sizeBytes: 4097 * GIB, why: /its map has no room/ },
    { name: "when it is marked as corrupt", bytes: () => marked(72, 2n), sizeBytes: 2 * GIB, why: /corrupt/ },
    { name: "with features that are not known", bytes: () => marked(72, 1n << 40n), sizeBytes: 2 * GIB, why: /not known/ },
    { name: "what is no qcow2 as one", bytes: () => Buffer.alloc(1024), sizeBytes: GIB, why: /no qcow2/ },
    { name: "with bitmaps", bytes: () => marked(88, 1n), sizeBytes: 2 * GIB, why: /bitmaps/ },
  ];
  for (const { name, bytes, format = "qcow2", sizeBytes, why } of refused) {
    test(`not ${name}`, async (t) => {
      const file = await place(t);
      await writeFile(file, bytes());
      await assert.rejects(growImage(file, format, sizeBytes), (error: unknown) => error instanceof RangeError && why.test(error.message));
      assert.equal((await readFile(file)).equals(bytes()), true);
    });
  }

  test("not over an image of which more would come to light", async (t) => {
    const file = await place(t);
    const below = `${file}.below`;
    await writeFile(below, emptyQcow2(3 * GIB));
    await writeFile(file, emptyQcow2(GIB, { path: below, format: "qcow2" }));
    await assert.rejects(growImage(file, "qcow2", 2 * GIB), RangeError);
    assert.equal((await inspectImage(file)).virtualSizeBytes, GIB);
  });
});

/** An empty disk of 1 GiB with a bit set in its header. */
function marked(offset: number, bit: bigint): Buffer {
  const bytes = emptyQcow2(GIB);
  bytes.writeBigUInt64BE(bit, offset);
  return bytes;
}
