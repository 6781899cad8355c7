// Snapshots of real machines without a system: virsh says what libvirt keeps, qemu-io what is on the disks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { diskIdOf } from "../../../agent/src/hypervisor/identity.ts";
import { snapshotCalls } from "../../../agent/src/hypervisor/libvirt/snapshots.ts";
import { make, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot, whyNoUefi } from "../support/packages.ts";

suite("snapshots of libvirt's machines", { skip: whyNot(...WORKBENCH_PROGRAMS) ?? false }, () => {
  let bench: Workbench;
  let snapshots: ReturnType<typeof snapshotCalls>;
  before(async () => {
    bench = await startWorkbench();
    snapshots = snapshotCalls(bench.parts);
  });
  after(() => bench?.[Symbol.asyncDispose]());

  const virsh = (...args: readonly string[]): Promise<string> => bench.virsh(...args);
  const fileOf = (uid: string, disk = "root"): string => path.join(bench.folders.disks, uid, `${diskIdOf(uid, disk)}.qcow2`);
  /** Only while nothing else uses the disk. */
  const io = (file: string, command: string): string => execFileSync("qemu-io", ["-c", command, file], { encoding: "utf8" });
  const inside = (file: string): readonly string[] =>
    [...execFileSync("qemu-img", ["snapshot", "-U", "-l", file], { encoding: "utf8" }).matchAll(/^\d+ +(\S+)/gm)].map(
      ([, name = ""]) => name,
    );
  const isFilledWith = (file: string, pattern: number): boolean =>
    !io(file, `read -P ${pattern} 512k 64k`).includes("Pattern verification failed");

  test("a stopped machine goes back to the content and the definition of then", async (t) => {
    const { uid, config } = await make(t, bench);
    io(fileOf(uid), "write -P 1 512k 64k");
    await snapshots.createSnapshot(uid, { name: "before", description: "<first> & 'last'" });
    assert.match(await virsh("snapshot-list", uid, "--parent"), /^ *before .* shutoff *$/);
    assert.match(await virsh("snapshot-info", uid, "before"), /Location: +internal/);
    assert.deepEqual(inside(fileOf(uid)), ["before"]);
    io(fileOf(uid), "write -P 2 512k 64k");
    await bench.calls.change(uid, { vcpu: 2, metadata: "later" }, { live: false });
    await bench.calls.growDisk(uid, "root", 2);
    await snapshots.createSnapshot(uid, { name: "after", description: "" });
    const listed = await snapshots.snapshots(uid);
    const byName = Object.fromEntries(
      listed.map(({ name, description, status, parent, isCurrent }) => [name, { description, status, parent, isCurrent }]),
    );
    assert.deepEqual(byName, {
      before: { description: "<first> & 'last'", status: "stopped", parent: undefined, isCurrent: false },
      after: { description: "", status: "stopped", parent: "before", isCurrent: true },
    });
    assert.equal(
      String(Math.floor((listed.find(({ name }) => name === "before")?.createdAt.getTime() ?? 0) / 1000)),
      /<creationTime>(\d+)</.exec(await virsh("snapshot-dumpxml", uid, "before"))?.[1],
    );
    await snapshots.revertSnapshot(uid, "before");
    assert.equal(isFilledWith(fileOf(uid), 1), true);
    assert.equal(await virsh("snapshot-current", uid, "--name"), "before");
    const { stored, status, metadata } = await bench.require(uid);
    assert.deepEqual([stored, status, metadata], [config, "stopped", "note"]);
    await snapshots.revertSnapshot(uid, "after");
    assert.equal(isFilledWith(fileOf(uid), 2), true);
    assert.equal((await bench.require(uid)).stored.disks["root"]?.sizeGb, 2);
    execFileSync("qemu-img", ["check", "-q", fileOf(uid)]);
  });

  test("a running machine goes back to running, from wherever it is, with another definition too", async (t) => {
    const { uid } = await make(t, bench);
    await bench.calls.start(uid);
    await snapshots.createSnapshot(uid, { name: "up", description: "" });
    assert.equal(await virsh("domstate", uid), "running");
    assert.match(await virsh("snapshot-list", uid), /up .* running/);
    await bench.calls.suspend(uid);
    await snapshots.createSnapshot(uid, { name: "still", description: "" });
    await snapshots.revertSnapshot(uid, "up");
    assert.equal(await virsh("domstate", uid, "--reason"), "running (from snapshot)");
    await bench.calls.powerOff(uid);
    await snapshots.createSnapshot(uid, { name: "down", description: "" });
    await bench.calls.change(uid, { vcpu: 2, vcpuMax: 3, ramGb: 0.125, machine: "pc" }, { live: false });
    await bench.calls.start(uid);
    await snapshots.revertSnapshot(uid, "up");
    assert.equal(await virsh("domstate", uid), "running");
    const { live, stored } = await bench.require(uid);
    for (const config of [live, stored]) assert.deepEqual([config.vcpuMax, config.machine], [2, "q35"]);
    await snapshots.revertSnapshot(uid, "still");
    assert.equal(await virsh("domstate", uid), "paused");
    await snapshots.revertSnapshot(uid, "down");
    assert.equal(await virsh("domstate", uid), "shut off");
    assert.deepEqual((await snapshots.snapshots(uid)).map(({ name, status }) => `${name} ${status}`).sort(), [
      "down stopped",
      "still paused",
      "up running",
    ]);
  });

  test("after processors were plugged in, the memory is not kept and a machine not ended for it", async (t) => {
    const { uid } = await make(t, bench);
    await bench.calls.start(uid);
    await bench.calls.change(uid, { vcpu: 2 }, { live: true });
    await rejects(snapshots.createSnapshot(uid, { name: "mine", description: "" }), "UNSUPPORTED", /was given processors while it runs/);
    await virsh("snapshot-create-as", uid, "theirs");
    await rejects(snapshots.revertSnapshot(uid, "theirs"), "UNSUPPORTED", /QEMU cannot load its memory/);
    assert.equal(await virsh("domstate", uid), "running");
    await bench.calls.powerOff(uid);
    await bench.calls.start(uid);
    await snapshots.createSnapshot(uid, { name: "mine", description: "" });
    await snapshots.revertSnapshot(uid, "mine");
    assert.equal(await virsh("vcpucount", uid, "--live", "--active"), "2");
  });

  test("what is deleted is gone, and nothing else", async (t) => {
    const { uid } = await make(t, bench);
    for (const name of ["one", "two", "three"]) await snapshots.createSnapshot(uid, { name, description: "" });
    await snapshots.deleteSnapshot(uid, "two");
    await snapshots.deleteSnapshot(uid, "two");
    assert.deepEqual(inside(fileOf(uid)), ["one", "three"]);
    assert.deepEqual((await snapshots.snapshots(uid)).find(({ name }) => name === "three")?.parent, "one");
    await bench.calls.start(uid);
    await snapshots.deleteSnapshot(uid, "three");
    assert.equal(await virsh("domstate", uid), "running");
    assert.equal(await virsh("snapshot-list", uid, "--name"), "one");
    assert.equal((await snapshots.snapshots(uid))[0]?.isCurrent, true);
  });

  test("a machine is removed with its snapshots, and one of the same disks starts without them", async (t) => {
    const { uid, config } = await make(t, bench);
    await snapshots.createSnapshot(uid, { name: "one", description: "" });
    await bench.calls.undefine(uid, { disks: "delete" });
    await rejects(snapshots.snapshots(uid), "HOST_ERROR");
    await bench.calls.createDisk(uid, "root", config.disks["root"]!, bench.image);
    await bench.calls.define(uid, config, "", { hostname: "web", sshKeys: [], packages: [] });
    assert.deepEqual(await snapshots.snapshots(uid), []);
    assert.deepEqual(inside(fileOf(uid)), []);
  });

  test("with other disks than then a machine is left as it is, and such a snapshot can be deleted", async (t) => {
    const { uid } = await make(t, bench);
    await snapshots.createSnapshot(uid, { name: "first", description: "" });
    const anew = { id: diskIdOf(uid, "root", "2"), sizeGb: 1 };
    await bench.calls.createDisk(uid, "root", anew, bench.image);
    await bench.calls.change(uid, { removeDisks: ["root"], addDisks: { root: anew } }, { live: false });
    const before = await bench.require(uid);
    await rejects(snapshots.revertSnapshot(uid, "first"), "UNSUPPORTED", /"root" of then is gone, "root" came since/);
    assert.deepEqual(await bench.require(uid), before);
    await bench.calls.deleteDisk(uid, diskIdOf(uid, "root"));
    await snapshots.createSnapshot(uid, { name: "second", description: "" });
    for (const isUp of [false, true]) {
      if (isUp) await bench.calls.start(uid);
      await snapshots.deleteSnapshot(uid, isUp ? "second" : "first");
    }
    assert.deepEqual(await snapshots.snapshots(uid), []);
  });

  test("a disk that no snapshot can hold is named, and nothing is made", async (t) => {
    const { uid } = await make(t, bench);
    const raw = path.join(bench.daemon.folder, `${uid}.raw`);
    await writeFile(raw, Buffer.alloc(1024 * 1024));
    await virsh("attach-disk", uid, raw, "vdx", "--subdriver", "raw", "--config");
    await rejects(snapshots.createSnapshot(uid, { name: "one", description: "" }), "UNSUPPORTED", /disk "vdx" is raw/);
    assert.deepEqual([await virsh("snapshot-list", uid, "--name"), inside(fileOf(uid))], ["", []]);
  });

  test("a name that a disk has inside and libvirt does not know is not used a second time", async (t) => {
    const { uid } = await make(t, bench);
    await snapshots.createSnapshot(uid, { name: "one", description: "" });
    await virsh("snapshot-delete", uid, "one", "--metadata");
    await rejects(snapshots.createSnapshot(uid, { name: "one", description: "" }), "HOST_ERROR", /has a snapshot "one" inside/);
    assert.deepEqual(inside(fileOf(uid)), ["one"]);
  });

  test("what a snapshot does not have of a disk is found out while the machine still runs", async (t) => {
    const { uid } = await make(t, bench);
    await snapshots.createSnapshot(uid, { name: "one", description: "" });
    execFileSync("qemu-img", ["snapshot", "-d", "one", fileOf(uid)]);
    await bench.calls.start(uid);
    await rejects(snapshots.revertSnapshot(uid, "one"), "UNSUPPORTED", /has nothing of the disk "root"/);
    assert.equal(await virsh("domstate", uid), "running");
    await snapshots.deleteSnapshot(uid, "one");
    assert.deepEqual(await snapshots.snapshots(uid), []);
  });

  test("memory that was saved beside is not thrown away, nor mixed with other disks", async (t) => {
    const { uid } = await make(t, bench);
    await snapshots.createSnapshot(uid, { name: "one", description: "" });
    await bench.calls.start(uid);
    await virsh("managedsave", uid);
    await rejects(snapshots.revertSnapshot(uid, "one"), "HOST_ERROR", /was saved while it ran/);
    await virsh("managedsave-remove", uid);
    await snapshots.revertSnapshot(uid, "one");
  });

  test("what others keep beside the disks is listed, and not gone back to", async (t) => {
    const { uid } = await make(t, bench);
    await virsh("snapshot-create-as", uid, "beside", "--disk-only", "--no-metadata", "--print-xml");
    const target = path.join(bench.daemon.folder, `${uid}-beside.qcow2`);
    await virsh("snapshot-create-as", uid, "beside", "--disk-only", "--diskspec", `vda,file=${target}`);
    assert.deepEqual(
      (await snapshots.snapshots(uid)).map(({ name, status }) => [name, status]),
      [["beside", "stopped"]],
    );
    await rejects(snapshots.revertSnapshot(uid, "beside"), "UNSUPPORTED", /beside its disks/);
    assert.match(await virsh("domblklist", uid), /beside/);
  });

  test("a machine with UEFI: what libvirt refuses is told, with what to do", { skip: whyNoUefi() ?? false }, async (t) => {
    const { uid } = await make(t, bench, { firmware: "uefi" });
    await bench.calls.start(uid);
    await rejects(
      snapshots.createSnapshot(uid, { name: "one", description: "" }),
      "UNSUPPORTED",
      /libvirt \d+\.\d+\.\d+ does not keep those of a running VM with UEFI firmware \(.*pflash/,
    );
    assert.equal(await virsh("domstate", uid), "running");
    assert.deepEqual([await snapshots.snapshots(uid), inside(fileOf(uid))], [[], []]);
    await bench.calls.powerOff(uid);
    io(fileOf(uid), "write -P 1 512k 64k");
    try {
      await snapshots.createSnapshot(uid, { name: "one", description: "" });
    } catch (reason) {
      // A newer libvirt knows the firmware of a stopped machine too.
      return await rejects(Promise.reject(reason), "UNSUPPORTED", /of a stopped VM with UEFI firmware/);
    }
    io(fileOf(uid), "write -P 2 512k 64k");
    await snapshots.revertSnapshot(uid, "one");
    assert.equal(isFilledWith(fileOf(uid), 1), true);
    await bench.calls.start(uid);
    await snapshots.revertSnapshot(uid, "one");
    assert.equal(await virsh("domstate", uid), "shut off");
    assert.equal(isFilledWith(fileOf(uid), 1), true);
  });
});
