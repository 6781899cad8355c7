// What people do to machines and their files beside the agent, which is not to cost them anything.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, readdir, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { diskIdOf } from "../../../agent/src/hypervisor/identity.ts";
import { effectCalls } from "../../../agent/src/hypervisor/libvirt/effects.ts";
import { defineDomain } from "../../../libvirt/src/index.ts";
import { GUEST, make, NETWORK, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot } from "../support/packages.ts";

const GIB = 2 ** 30;
const why = whyNot(...WORKBENCH_PROGRAMS);

suite("beside the agent", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench();
  });
  after(() => bench?.[Symbol.asyncDispose]());

  const fileOf = (uid: string, disk = "root"): string => path.join(bench.folders.disks, uid, `${diskIdOf(uid, disk)}.qcow2`);
  const xmlOf = async (uid: string): Promise<string> => await bench.virsh("dumpxml", uid, "--inactive");

  test("a machine that was saved goes on as it was saved, so nothing of it changes before", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "saved" });
    await calls.start(uid);
    await bench.virsh("managedsave", uid);
    const before = await xmlOf(uid);
    await rejects(calls.change(uid, { vcpu: 2 }, { live: false }), "HOST_ERROR", /was saved while it ran/);
    await rejects(calls.growDisk(uid, "root", 2), "HOST_ERROR", /was saved while it ran/);
    assert.equal(await xmlOf(uid), before);
    await calls.change(uid, { metadata: "other", autostart: true }, { live: false });
    await calls.start(uid);
    const { live, stored, metadata } = await bench.require(uid);
    assert.deepEqual([live, metadata], [stored, "other"]);
  });

  test("files that somebody has put beside a disk stay when the machine goes", async (t) => {
    const { calls, folders } = bench;
    const { uid } = await make(t, bench, { name: "origin" });
    const clone = fileOf(uid).replace(".qcow2", "-clone.qcow2");
    await copyFile(fileOf(uid), clone);
    await writeFile(path.join(folders.disks, uid, "backup.qcow2"), "mine");
    assert.deepEqual(await calls.listDisks(uid), [diskIdOf(uid, "root")]);
    await calls.undefine(uid, { disks: "delete" });
    assert.deepEqual(await readdir(path.join(folders.disks, uid)), [path.basename(clone), "backup.qcow2"].sort());
  });

  test("a machine that is started while it is removed keeps its disks", async (t) => {
    const { calls, parts } = bench;
    const { uid } = await make(t, bench, { name: "awake" });
    const work: typeof parts.work = {
      openStream: (...args) => parts.work.openStream(...args),
      call: async (name, args, options) => {
        if (name === "REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS") await bench.virsh("start", uid);
        return await parts.work.call(name, args, options);
      },
    };
    await rejects(
      effectCalls({ ...parts, work }).undefine(uid, { disks: "delete" }),
      "HOST_ERROR",
      /was started while it was being removed/,
    );
    assert.deepEqual(await calls.listDisks(uid), [diskIdOf(uid, "root")]);
    await calls.powerOff(uid);
    await calls.undefine(uid, { disks: "delete" });
    assert.deepEqual(await calls.listDisks(uid), []);
  });

  test("a copy of a machine gets a seed of its own", async (t) => {
    const { calls, folders } = bench;
    const { uid } = await make(t, bench, { name: "first" });
    const copy = randomUUID();
    const own = path.join(bench.daemon.folder, "copy.qcow2");
    await copyFile(fileOf(uid), own);
    const xml = (await xmlOf(uid))
      .replaceAll(`<uuid>${uid}`, `<uuid>${copy}`)
      .replace("<name>first", "<name>second")
      .replace(fileOf(uid), own);
    await defineDomain(bench.parts.ask, xml.replaceAll(/<mac address='52:54:00:..:..:..'/g, "<mac address='52:54:00:00:00:99'"));
    t.after(() => bench.virsh("undefine", copy).catch(() => ""));
    await calls.setGuest(copy, GUEST);
    assert.match(await bench.virsh("domblklist", copy), new RegExp(`vdzz +${folders.seeds}/${copy}.iso`));
    assert.match(await bench.virsh("domblklist", uid), new RegExp(`vdzz +${folders.seeds}/${uid}.iso`));
  });

  test("a card on libvirt's own default network is not on the one that the agent takes for it", async (t) => {
    const { calls } = bench;
    for (const [index, name] of ["default", NETWORK].entries()) {
      const file = path.join(bench.daemon.folder, "network.xml");
      await writeFile(file, `<network><name>${name}</name><bridge name='behind${index}'/></network>`);
      await bench.virsh("net-define", file);
    }
    const { uid, config } = await make(t, bench, { name: "elsewhere", nics: { lan: { mac: "52:54:00:00:00:77", network: "default" } } });
    assert.equal((await bench.require(uid)).stored.nics["lan"]?.network, "default");
    await defineDomain(bench.parts.ask, (await xmlOf(uid)).replace(`network='${NETWORK}'`, "network='default'"));
    assert.equal((await bench.require(uid)).stored.nics["lan"]?.network, "libvirt/default");
    // It starts, and is moved by a change alone.
    await calls.start(uid);
    assert.match(await bench.virsh("domiflist", uid), /network +default /);
    await calls.change(uid, { updateNics: config.nics }, { live: true });
    assert.match(await bench.virsh("domiflist", uid), new RegExp(`network +${NETWORK} `));
    assert.deepEqual((await bench.require(uid)).live.nics, config.nics);
  });

  test("a disk that another machine runs on neither grows nor goes under it", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "owner" });
    const borrower = await make(t, bench, { name: "borrower" });
    await bench.virsh("attach-disk", borrower.uid, fileOf(uid), "vdx", "--subdriver", "qcow2", "--config");
    await calls.start(borrower.uid);
    await rejects(calls.growDisk(uid, "root", 2), "HOST_ERROR", /is open/);
    assert.equal((await bench.require(uid)).stored.disks["root"]?.sizeGb, 1);
    await rejects(calls.undefine(uid, { disks: "delete" }), "HOST_ERROR", /is open in another machine/);
    assert.equal((await bench.require(uid)).status, "stopped");
    await calls.powerOff(borrower.uid);
    await calls.growDisk(uid, "root", 2);
    assert.equal((await bench.require(uid)).stored.disks["root"]?.sizeGb, 2);
  });

  test("what libvirt does not take over is told, and not kept half", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "numa", vcpu: 1, vcpuMax: 1, ramGb: 0.0625, ramMaxGb: 0.0625 });
    const cells = "<cpu mode='maximum' check='none'><numa><cell id='0' cpus='0' memory='65536' unit='KiB'/></numa></cpu>";
    await defineDomain(bench.parts.ask, (await xmlOf(uid)).replace(/<cpu .*\/>/, cells));
    const before = await xmlOf(uid);
    await rejects(calls.change(uid, { ramGb: 0.125, ramMaxGb: 0.125, metadata: "new" }, { live: false }), "HOST_ERROR", /memory/);
    assert.equal(await xmlOf(uid), before);
  });

  test("what a guest has written into a raw disk is not taken for a qcow2", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "raw" });
    const raw = path.join(bench.daemon.folder, "raw.img");
    await copyFile(fileOf(uid), raw);
    const { size } = await stat(raw);
    const xml = (await xmlOf(uid)).replace(fileOf(uid), raw).replace("type='qcow2'", "type='raw'");
    await defineDomain(bench.parts.ask, xml);
    await calls.growDisk(uid, "root", 3);
    assert.equal((await stat(raw)).size, 3 * GIB);
    assert.equal(execFileSync("cmp", ["-n", String(size), raw, fileOf(uid)], { encoding: "utf8" }), "");
  });
});
