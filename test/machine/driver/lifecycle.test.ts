import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { GUEST, make, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot } from "../support/packages.ts";

const why = whyNot(...WORKBENCH_PROGRAMS);

suite("a machine from its making to its removal", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench();
  });
  after(() => bench?.[Symbol.asyncDispose]());

  test("made, started, stopped and removed, as virsh sees it", async (t) => {
    const { calls, folders } = bench;
    const { uid, config } = await make(t, bench);
    assert.equal(await bench.virsh("domstate", uid), "shut off");
    assert.deepEqual((await bench.require(uid)).stored, config);
    assert.equal((await bench.require(uid)).metadata, "note");
    await calls.start(uid);
    await calls.start(uid);
    assert.equal(await bench.virsh("domstate", uid), "running");
    assert.equal(await calls.stop(uid, { timeoutMs: 500 }), "forced");
    assert.equal(await calls.stop(uid, { timeoutMs: 500 }), "graceful");
    assert.equal(await bench.virsh("domstate", uid), "shut off");
    assert.deepEqual(await readdir(folders.seeds), [`${uid}.iso`]);
    assert.deepEqual(await readdir(folders.consoles), [`${uid}.log`]);
    await calls.undefine(uid, { disks: "delete" });
    assert.equal(await bench.virsh("list", "--all", "--name"), "");
    for (const folder of Object.values(folders)) assert.deepEqual(await readdir(folder), []);
    await calls.undefine(uid, { disks: "delete" });
  });

  test("suspended and resumed; one that stands still is powered off at once", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench);
    await rejects(calls.suspend(uid), "HOST_ERROR", /only a running machine/);
    await rejects(calls.resume(uid), "HOST_ERROR", /only a paused machine/);
    await calls.start(uid);
    await calls.suspend(uid);
    await calls.suspend(uid);
    assert.equal(await bench.virsh("domstate", uid, "--reason"), "paused (user)");
    await rejects(calls.start(uid), "HOST_ERROR", /resumed, not started/);
    await calls.resume(uid);
    await calls.resume(uid);
    assert.equal(await bench.virsh("domstate", uid), "running");
    await calls.suspend(uid);
    assert.equal(await calls.stop(uid, { timeoutMs: 3_600_000 }), "forced");
    assert.equal(await bench.virsh("domstate", uid), "shut off");
  });

  test("whoever waits for its end can give up, and sees somebody else end it", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench);
    await calls.start(uid);
    const abort = new AbortController();
    const given = calls.stop(uid, { timeoutMs: 3_600_000, signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    assert.equal(await bench.virsh("domstate", uid), "running");
    const waiting = calls.stop(uid, { timeoutMs: 3_600_000 });
    await bench.virsh("destroy", uid);
    assert.equal(await waiting, "forced");
  });

  test("goes on from where it was saved", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench);
    await calls.start(uid);
    await bench.virsh("managedsave", uid);
    await calls.start(uid);
    assert.equal(await bench.virsh("domstate", uid, "--reason"), "running (restored)");
  });

  test("keeps its disks and what UEFI remembers when only its definition goes", async (t) => {
    const { calls, folders } = bench;
    const { uid, config } = await make(t, bench, { firmware: "uefi" });
    await calls.start(uid);
    await calls.powerOff(uid);
    await rejects(calls.deleteDisk(uid, config.disks["root"]!.id), "HOST_ERROR", /attached/);
    await calls.undefine(uid, { disks: "keep" });
    assert.deepEqual((await readdir(`${folders.disks}/${uid}`)).sort(), [`${config.disks["root"]!.id}.qcow2`, "nvram.fd"]);
    assert.deepEqual(await readdir(folders.seeds), []);
    await calls.deleteDisk(uid, config.disks["root"]!.id);
    assert.deepEqual(await readdir(folders.disks), []);
  });

  test("is not defined over disks that are not there, nor while it runs", async (t) => {
    const { calls } = bench;
    const { uid, config } = await make(t, bench);
    await calls.define(uid, { ...config, vcpuMax: 4 }, "again", GUEST);
    assert.deepEqual([(await bench.require(uid)).stored.vcpuMax, (await bench.require(uid)).metadata], [4, "again"]);
    const disks = { ...config.disks, data: { id: "nowhere", sizeGb: 1 } };
    await rejects(calls.define(uid, { ...config, disks }, "", GUEST), "HOST_ERROR", /"data" of "web" does not exist/);
    await rejects(calls.change(uid, { addDisks: { data: disks.data } }, { live: false }), "HOST_ERROR", /does not exist/);
    await calls.start(uid);
    await rejects(calls.define(uid, config, "", GUEST), "HOST_ERROR", /running and cannot be defined again/);
    assert.equal((await bench.require(uid)).metadata, "again");
  });
});
