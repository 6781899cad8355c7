import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { diskIdOf } from "../../../agent/src/hypervisor/identity.ts";
import { effectCalls } from "../../../agent/src/hypervisor/libvirt/effects.ts";
import { defineDomain } from "../../../libvirt/src/index.ts";
import { make, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot } from "../support/packages.ts";

const GIB = 2 ** 30;
/** Ids of disks, in the order of a list. */
const [DATA, ROOT] = ["da".repeat(10), "ee".repeat(10)] as const;
const why = whyNot(...WORKBENCH_PROGRAMS);

suite("disks of a machine", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench();
  });
  after(() => bench?.[Symbol.asyncDispose]());

  const file = (uid: string, id: string): string => path.join(bench.folders.disks, uid, `${id}.qcow2`);
  const mode = async (place: string): Promise<string> => ((await stat(place)).mode & 0o777).toString(8);

  test("are files of their own, which QEMU's user passes by to and nobody else reads", async () => {
    const { calls, folders, image } = bench;
    const uid = randomUUID();
    const umask = process.umask(0o077);
    try {
      await calls.createDisk(uid, "root", { id: ROOT, sizeGb: 2 }, image);
      await calls.createDisk(uid, "data", { id: DATA, sizeGb: 3 });
    } finally {
      process.umask(umask);
    }
    assert.deepEqual(await calls.listDisks(uid), [DATA, ROOT]);
    assert.deepEqual(
      [await mode(folders.disks), await mode(path.join(folders.disks, uid)), await mode(file(uid, ROOT))],
      ["711", "711", "600"],
    );
    const info = JSON.parse(execFileSync("qemu-img", ["info", "--output=json", file(uid, ROOT)], { encoding: "utf8" })) as Record<
      string,
      unknown
    >;
    assert.deepEqual([info["virtual-size"], path.basename(String(info["backing-filename"]))], [2 * GIB, `${image.replace(":", "-")}.img`]);
    const before = await stat(file(uid, ROOT));
    await calls.createDisk(uid, "root", { id: ROOT, sizeGb: 5 }, image);
    assert.deepEqual((await stat(file(uid, ROOT))).mtimeMs, before.mtimeMs);
    await calls.deleteDisk(uid, ROOT);
    await calls.deleteDisk(uid, ROOT);
    assert.deepEqual(await calls.listDisks(uid), [DATA]);
    await calls.deleteDisk(uid, DATA);
    assert.deepEqual(await readdir(folders.disks), []);
  });

  test("are not made from an image that is not there, nor smaller than it", async () => {
    const { calls, folders } = bench;
    const uid = randomUUID();
    await rejects(calls.createDisk(uid, "root", { id: ROOT, sizeGb: 1 }, `sha256:${"0".repeat(64)}`), "IMAGE_MISSING", /"root"/);
    await rejects(calls.createDisk(uid, "root", { id: ROOT, sizeGb: 2 ** -11 }, bench.image), "VM_INVALID", /smaller/);
    await rejects(calls.createDisk(uid, "root", { id: "../r", sizeGb: 1 }), "HOST_ERROR");
    assert.deepEqual(await readdir(folders.disks), []);
  });

  test("grow while the machine is stopped, and the snapshots inside them stay", async (t) => {
    const { calls } = bench;
    const { uid, config } = await make(t, bench);
    const place = file(uid, config.disks["root"]!.id);
    execFileSync("qemu-io", ["-c", "write -P 0xab 0 64k", place]);
    await bench.virsh("snapshot-create-as", uid, "before");
    execFileSync("qemu-io", ["-c", "write -P 0xcd 0 64k", place]);
    await calls.growDisk(uid, "root", 600);
    await calls.growDisk(uid, "root", 600);
    assert.equal((await bench.require(uid)).stored.disks["root"]?.sizeGb, 600);
    assert.match(await bench.virsh("domblkinfo", uid, "vda"), new RegExp(`Capacity: +${600 * GIB}`));
    execFileSync("qemu-img", ["check", "-q", place]);
    execFileSync("qemu-io", ["-c", "read -P 0xcd 0 64k", "-c", `write -P 0xef ${599 * GIB} 64k`, place]);
    execFileSync("qemu-img", ["check", "-q", place]);
    await bench.virsh("snapshot-revert", uid, "before");
    execFileSync("qemu-img", ["check", "-q", place]);
    assert.match(execFileSync("qemu-io", ["-c", "read -P 0xab 0 64k", place], { encoding: "utf8" }), /read 65536/);
    await rejects(calls.growDisk(uid, "root", 0.5), "HOST_ERROR", /cannot shrink/);
    await rejects(calls.growDisk(uid, "logs", 1), "HOST_ERROR", /no disk named "logs"/);
    await rejects(calls.growDisk(uid, "root", 5000), "HOST_ERROR", /its map has no room/);
  });

  test("that do not fit on the host's disk leave nothing half made", async (t) => {
    const small = path.join(bench.daemon.folder, "small");
    await mkdir(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k,mode=711", "none", small]);
    t.after(() => execFileSync("umount", [small]));
    const calls = effectCalls({ ...bench.parts, folders: { ...bench.folders, disks: small } });
    const uid = randomUUID();
    // Header, two tables and the map: 256 KiB.
    await rejects(calls.createDisk(uid, "root", { id: ROOT, sizeGb: 1 }), "HOST_OUT_OF_DISK", /it is full/);
    assert.deepEqual(await readdir(small), []);
    assert.deepEqual(await calls.listDisks(uid), []);
  });

  test("keep the images that they stand on, whoever made them", async (t) => {
    const { calls, folders, image, parts } = bench;
    const images = path.join(path.dirname(folders.disks), "images");
    const name = `${image.replace(":", "-")}.img`;
    const uid = randomUUID();
    await calls.createDisk(uid, "root", { id: ROOT, sizeGb: 1 }, image);
    assert.deepEqual((await calls.pruneImages(new Set())).removed, []);
    // An overlay over an overlay, in a domain of somebody else.
    const theirs = path.join(bench.daemon.folder, "theirs.qcow2");
    const below = path.join(bench.daemon.folder, "below.qcow2");
    await rename(file(uid, ROOT), below);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "below.qcow2", "-F", "qcow2", theirs]);
    const domain = await defineDomain(
      parts.ask,
      `<domain type='qemu'><name>theirs</name><memory>65536</memory><os><type>hvm</type></os><devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='${theirs}'/><target dev='vda'/></disk></devices></domain>`,
    );
    t.after(() => bench.virsh("undefine", domain.uuid).catch(() => ""));
    assert.deepEqual((await calls.pruneImages(new Set())).removed, []);
    execFileSync("qemu-img", ["rebase", "-u", "-F", "qcow2", "-b", `json:{"driver":"qcow2","file.filename":"${below}"}`, theirs]);
    assert.deepEqual((await calls.pruneImages(new Set())).removed, []);
    // The same disk as a volume of a pool.
    const pool = path.join(bench.daemon.folder, "pool");
    await mkdir(pool);
    await rename(theirs, path.join(pool, "theirs.qcow2"));
    await bench.virsh("pool-create-as", "shelf", "dir", "--target", pool);
    t.after(() => bench.virsh("pool-destroy", "shelf"));
    const xml = await bench.virsh("dumpxml", domain.uuid, "--inactive");
    const volume = "<source pool='shelf' volume='theirs.qcow2'/>";
    await defineDomain(parts.ask, xml.replace("<disk type='file'", "<disk type='volume'").replace(/<source file=.*\/>/, volume));
    assert.deepEqual((await calls.pruneImages(new Set())).removed, []);
    await writeFile(below, "QFI\u00fb nonsense", "latin1");
    await rejects(calls.pruneImages(new Set()), "HOST_ERROR", /below.qcow2 stands on/);
    await bench.virsh("undefine", domain.uuid);
    assert.deepEqual((await calls.pruneImages(new Set([image]))).removed, []);
    await writeFile(path.join(images, "x.partial"), "12345");
    const size = (await stat(path.join(images, name))).size;
    const want = { name: "", digest: image, sizeBytes: size };
    assert.deepEqual(await calls.pruneImages(new Set(), { dryRun: true }), { removed: [{ ...want, cached: true }], bytes: size + 5 });
    assert.equal((await readdir(images)).includes(name), true);
    assert.deepEqual(await calls.pruneImages(new Set()), { removed: [{ ...want, cached: false }], bytes: size + 5 });
    assert.deepEqual(await readdir(images), []);
    await rejects(calls.createDisk(uid, "root", { id: diskIdOf(uid, "root"), sizeGb: 1 }, image), "IMAGE_MISSING");
  });
});
