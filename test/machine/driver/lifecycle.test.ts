import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { make, openWorkbench } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "qemu:///system";
const why = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img");

suite("a machine from its making to its removal", { skip: why ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let bench: Workbench;
  before(async () => {
    daemon = await startLibvirtd({ ownNetwork: true });
    bench = await openWorkbench(daemon);
  });
  after(async () => {
    await bench?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("made, started, stopped and removed, as virsh sees it", async (t) => {
    const { calls, folders } = bench;
    const { uid, config } = await make(t, bench);
    assert.equal(await daemon.virsh(URI, "domstate", uid), "shut off");
    assert.deepEqual((await bench.require(uid)).stored, config);
    assert.equal((await bench.require(uid)).metadata, "note");
    await calls.start(uid);
    await calls.start(uid);
    assert.equal(await daemon.virsh(URI, "domstate", uid), "running");
    assert.equal(await calls.stop(uid, { timeoutMs: 500 }), "forced");
    assert.equal(await calls.stop(uid, { timeoutMs: 500 }), "graceful");
    assert.equal(await daemon.virsh(URI, "domstate", uid), "shut off");
    assert.deepEqual(await readdir(folders.seeds), [`${uid}.iso`]);
    assert.deepEqual(await readdir(folders.consoles), [`${uid}.log`]);
    await calls.undefine(uid, { disks: "delete" });
    assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "");
    for (const folder of Object.values(folders)) assert.deepEqual(await readdir(folder), []);
    await calls.undefine(uid, { disks: "delete" });
  });
});
