import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import { createEmptyDisk, createOverlay } from "./disks.ts";
import { checkImage, inspectImage } from "./inspect.ts";
import { emptyQcow2, parseQcow2 } from "./qcow2.ts";

const dir = mkdtempSync(join(tmpdir(), "ghost-qcow2-"));
after(() => rmSync(dir, { recursive: true }));
let count = 0;
const fresh = (): string => join(dir, `${(count += 1)}.img`);
const GIB = 2 ** 30;
const hasQemuImg = spawnSync("qemu-img", ["--version"]).error === undefined;
const needsQemuImg = { skip: hasQemuImg ? false : "qemu-img is not installed" };

function qemuImg(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("qemu-img", args, { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

function written(content: Uint8Array): string {
  const path = fresh();
  writeFileSync(path, content);
  return path;
}

/** A header with some bytes changed. */
function patched(change: (bytes: Buffer) => void): Buffer {
  const bytes = emptyQcow2(GIB);
  change(bytes);
  return bytes;
}

function mbr(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(2 ** 20);
  bytes.writeUInt16BE(0x55aa, 510);
  change(bytes);
  return bytes;
}

suite("what is no image to make disks from", () => {
  const cases: readonly { name: string; content: Uint8Array; want: RegExp }[] = [
    { name: "nothing", content: Buffer.alloc(0), want: /^it is no disk image/ },
    { name: "a web page", content: Buffer.from("<html>not found</html>".repeat(1000)), want: /^it is no disk image/ },
    { name: "only the magic", content: Buffer.from([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]), want: /^it ends within its header/ },
    { name: "version 1", content: patched((bytes) => bytes.writeUInt32BE(1, 4)), want: /^it is of qcow2 version 1/ },
    { name: "clusters of a byte", content: patched((bytes) => bytes.writeUInt32BE(0, 20)), want: /clusters of 2\^0 bytes/ },
    { name: "numbers beyond every file", content: patched((bytes) => bytes.fill(0xff, 24, 32)), want: /number that no file can have/ },
    { name: "no size", content: patched((bytes) => bytes.fill(0, 24, 32)), want: /a size of 0/ },
    { name: "tables too short for its size", content: patched((bytes) => bytes.writeUInt32BE(1, 36)), want: /does not fit its size/ },
    {
      name: "tables without end",
      content: patched((bytes) => bytes.writeUInt32BE(0xffff_ffff, 36)),
      want: /does not fit its size/,
    },
    {
      name: "a name of a backing file that is not there",
      content: patched((bytes) => bytes.writeBigUInt64BE(2n ** 40n, 8)),
      want: /ends within the name/,
    },
    {
      name: "a backing file outside",
      content: emptyQcow2(GIB, { path: "/etc/shadow", format: "raw" }),
      want: /an overlay over "\/etc\/shadow"/,
    },
    {
      name: "data in another file",
      content: patched((bytes) => bytes.writeBigUInt64BE(4n, 72)),
      want: /its data is in another file/,
    },
    { name: "encrypted", content: patched((bytes) => bytes.writeUInt32BE(1, 32)), want: /encrypted/ },
    { name: "corrupt", content: patched((bytes) => bytes.writeBigUInt64BE(2n, 72)), want: /corrupt/ },
    { name: "a feature of tomorrow", content: patched((bytes) => bytes.writeBigUInt64BE(2n ** 40n, 72)), want: /not known here/ },
    {
      name: "a table that is cut off",
      content: patched((bytes) => bytes.writeBigUInt64BE(2n ** 20n, 3 * 65536)),
      want: /cut off/,
    },
    { name: "a raw disk of half a sector", content: mbr().subarray(0, 2 ** 20 - 100), want: /no whole number of sectors/ },
    {
      name: "a raw disk without its last partition",
      content: mbr((bytes) => {
        bytes[450] = 0x83;
        bytes.writeUInt32LE(2048, 454);
        bytes.writeUInt32LE(2048, 458);
      }),
      want: /partitions end at 2097152/,
    },
    {
      name: "a raw disk without the copy of its GPT",
      content: mbr((bytes) => {
        bytes[450] = 0xee;
        bytes.write("EFI PART", 512);
        bytes.writeBigUInt64LE(4095n, 544);
      }),
      want: /partitions end at 2097152/,
    },
  ];
  for (const { name, content, want } of cases)
    test(name, async () => {
      const path = written(content);
      await assert.rejects(checkImage(path), (reason) => {
        assert.ok(reason instanceof RangeError, String(reason));
        assert.match(reason.message, want);
        return true;
      });
    });

  test("a real image that lost its end, wherever it was cut", needsQemuImg, async () => {
    const raw = written(Buffer.alloc(4 * 2 ** 20, "data"));
    for (const options of [[], ["-c"], ["-o", "compat=0.10"], ["-o", "cluster_size=4k"], ["-o", "extended_l2=on"]]) {
      const path = fresh();
      qemuImg("convert", "-f", "raw", "-O", "qcow2", ...options, raw, path);
      assert.deepEqual(await checkImage(path), { format: "qcow2", virtualSizeBytes: 4 * 2 ** 20 });
      const { size } = statSync(path);
      for (const part of [0.7, 0.3, 0.01]) {
        truncateSync(path, Math.floor(size * part));
        await assert.rejects(checkImage(path), RangeError, `${options.join(" ")} cut at ${part}`);
      }
    }
  });

  test("no bytes of a header make anything but a RangeError", async () => {
    let seed = 1;
    for (let round = 0; round < 300; round += 1) {
      const bytes = emptyQcow2(GIB);
      for (let flips = 0; flips < 4; flips += 1) {
        seed = (seed * 48271) % 0x7fff_ffff;
        bytes[8 + (seed % 104)] = seed >> 8;
      }
      try {
        parseQcow2(bytes);
      } catch (reason) {
        assert.ok(reason instanceof RangeError);
      }
      const path = join(dir, "flipped.img");
      writeFileSync(path, bytes);
      await checkImage(path).catch((reason: unknown) => assert.ok(reason instanceof RangeError, String(reason)));
    }
  });
});

suite("disks", () => {
  test("qemu-img finds nothing wrong with an overlay, and reads the image through it", needsQemuImg, async () => {
    const raw = written(Buffer.alloc(2 ** 20, "data"));
    for (const format of ["qcow2", "raw"] as const) {
      const image = join(dir, `with "quotes" and ü, ${format}.img`);
      qemuImg("convert", "-f", "raw", "-O", format, raw, image);
      const facts = { digest: "", path: image, sizeBytes: 0, format, virtualSizeBytes: 2 ** 20 };
      for (const sizeBytes of [2 ** 20, 10 * GIB, 1000 * GIB]) {
        const path = fresh();
        assert.equal(await createOverlay(path, sizeBytes, facts), true);
        qemuImg("check", "-q", path);
        const info = JSON.parse(qemuImg("info", "--output=json", path)) as Record<string, unknown>;
        assert.equal(info["virtual-size"], sizeBytes);
        assert.equal(info["backing-filename"], image);
        assert.equal(info["backing-filename-format"], format);
        assert.deepEqual(await inspectImage(path), { format: "qcow2", virtualSizeBytes: sizeBytes, backingFile: image });
        if (sizeBytes === 2 ** 20) qemuImg("compare", "-q", path, image);
      }
    }
  });

  test("an overlay is written to by qemu, and grows", needsQemuImg, async () => {
    const path = fresh();
    await createEmptyDisk(path, GIB, "qcow2");
    assert.equal(spawnSync("qemu-io", ["-c", "write -P 7 500M 1M", path]).status, 0);
    qemuImg("resize", "-q", path, "20G");
    qemuImg("check", "-q", path);
    assert.equal((await checkImage(path)).virtualSizeBytes, 20 * GIB);
  });

  test("a raw disk takes no room until it is written", async () => {
    const path = fresh();
    assert.equal(await createEmptyDisk(path, 100 * GIB, "raw"), true);
    const { size, blocks, mode } = statSync(path);
    assert.deepEqual([size, blocks, mode & 0o777], [100 * GIB, 0, 0o600]);
  });

  test("a disk that is there is left as it is", async () => {
    const path = written(Buffer.from("somebody's data"));
    assert.equal(await createEmptyDisk(path, GIB, "qcow2"), false);
    assert.equal(await createEmptyDisk(path, GIB, "raw"), false);
    assert.equal(statSync(path).size, 15);
    assert.ok(!readdirSync(dir).some((name) => name.endsWith(".new")));
  });

  test("what a crash left of it is made anew", async () => {
    const path = fresh();
    writeFileSync(`${path}.new`, "half");
    assert.equal(await createEmptyDisk(path, GIB, "qcow2"), true);
    assert.equal((await checkImage(path)).virtualSizeBytes, GIB);
  });

  test("a disk smaller than its image is refused before anything is written", async () => {
    const path = fresh();
    const image = { digest: "", path: "/image", sizeBytes: 0, format: "raw", virtualSizeBytes: 2 * GIB } as const;
    await assert.rejects(createOverlay(path, GIB, image), (reason) => {
      assert.ok(reason instanceof GhostError);
      assert.equal(reason.diagnostics[0].code, "VM_INVALID");
      assert.match(reason.message, /1 GiB is smaller than its image, which has 2 GiB/);
      return true;
    });
    assert.ok(!readdirSync(dir).includes(`${count}.img`));
  });

  const wrong = [
    { name: "no size", make: () => emptyQcow2(0) },
    { name: "half a sector", make: () => emptyQcow2(100) },
    { name: "more than the tables hold", make: () => emptyQcow2(65 * 1024 * GIB) },
    { name: "a backing file by a relative name", make: () => emptyQcow2(GIB, { path: "image", format: "raw" }) },
    { name: "a backing file with a protocol", make: () => emptyQcow2(GIB, { path: "nbd:host:1", format: "raw" }) },
    { name: "a backing file with a name too long", make: () => emptyQcow2(GIB, { path: `/${"x".repeat(1023)}`, format: "raw" }) },
  ];
  for (const { name, make } of wrong) test(`no qcow2 is written with ${name}`, () => assert.throws(make, RangeError));
  test("64 TiB and the longest name have room", () => {
    const path = `/${"x".repeat(1022)}`;
    assert.equal(parseQcow2(emptyQcow2(64 * 1024 * GIB, { path, format: "qcow2" }))?.backingFile, path);
  });
});
