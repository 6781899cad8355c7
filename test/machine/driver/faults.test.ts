// libvirtd killed at every step of what changes a machine: the same call goes on from what there is.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { DomainConfig } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { GUEST, make, openWorkbench, rejects, tinyConfig, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";
import { startProxy } from "../support/proxy.ts";
import type { Fault, LibvirtProxy, Procedure } from "../support/proxy.ts";

const URI = "qemu:///system";
const why = whyNot(...WORKBENCH_PROGRAMS);

suite("libvirtd killed", { skip: why ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let proxy: LibvirtProxy;
  let bench: Workbench;
  before(async () => {
    daemon = await startLibvirtd({ ownNetwork: true });
    proxy = await startProxy(path.join(daemon.folder, "proxy"), daemon.socketPath);
    bench = await openWorkbench(daemon, { socketPath: proxy.socketPath });
  });
  after(async () => {
    await bench?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  /** Calls with libvirtd killed when this passes; then again, as often as it takes libvirtd to be itself. */
  async function interrupted(procedure: Procedure, at: Fault["at"], call: () => Promise<unknown>): Promise<void> {
    const act = async (): Promise<"drop"> => {
      await daemon.end("KILL");
      return "drop";
    };
    const happened = proxy.inject({ procedure, at, act });
    await rejects(call(), "HOST_ERROR");
    await happened;
    await daemon.start();
    await call();
  }

  const moments = ["call", "reply"] as const;

  for (const at of moments) {
    const when = at === "call" ? "before it is done" : "after it was done, and nobody knows";

    test(`in a definition, ${when}`, async (t) => {
      const { calls } = bench;
      const uid = randomUUID();
      const config = tinyConfig(uid, { autostart: true });
      t.after(() => calls.undefine(uid, { disks: "delete" }));
      await calls.createDisk(uid, "root", config.disks["root"]!);
      await interrupted("REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS", at, () => calls.define(uid, config, "note", GUEST));
      assert.deepEqual((await bench.require(uid)).stored, config);
      assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "web");
    });

    test(`in a start and an end, ${when}`, async (t) => {
      const { calls } = bench;
      const { uid } = await make(t, bench);
      await interrupted("REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS", at, () => calls.start(uid));
      assert.equal(await daemon.virsh(URI, "domstate", uid), "running");
      await interrupted("REMOTE_PROC_DOMAIN_DESTROY_FLAGS", at, () => calls.powerOff(uid));
      assert.equal(await daemon.virsh(URI, "domstate", uid), "shut off");
      await interrupted("REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS", at, () => calls.undefine(uid, { disks: "delete" }));
      assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "");
      for (const folder of Object.values(bench.folders)) assert.deepEqual(await readdir(folder), []);
    });

    const steps: readonly Procedure[] = [
      "REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS",
      "REMOTE_PROC_DOMAIN_ATTACH_DEVICE_FLAGS",
      "REMOTE_PROC_DOMAIN_SET_METADATA",
      "REMOTE_PROC_DOMAIN_SET_MEMORY_FLAGS",
      "REMOTE_PROC_DOMAIN_SET_VCPUS_FLAGS",
    ];
    test(`in each step of a change, ${when}`, async (t) => {
      for (const step of steps) await t.test(step, (inner) => changed(inner, step, at));
    });
  }

  async function changed(t: TestContext, step: Procedure, at: Fault["at"]): Promise<void> {
    const { calls } = bench;
    const { uid, config } = await make(t, bench);
    await calls.start(uid);
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    const lan = { mac: macOf(uid, "lan"), network: "user" };
    await calls.createDisk(uid, "data", data);
    const change = { vcpu: 2, ramGb: 0.125, addDisks: { data }, addNics: { lan }, metadata: "new" };
    await interrupted(step, at, () => calls.change(uid, change, { live: true }));
    const want: DomainConfig = {
      ...config,
      vcpu: 2,
      ramGb: 0.125,
      disks: { ...config.disks, data },
      nics: { ...config.nics, lan },
    };
    const domain = await bench.require(uid);
    assert.deepEqual([domain.live, domain.stored, domain.metadata, domain.status], [want, want, "new", "running"]);
  }
});
