// What a machine does only when its guest plays along: a small Linux does.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { DomainConfig } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { agentCommand, defineNetwork } from "../../../libvirt/src/index.ts";
import { make, NETWORK, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { guestImage } from "../support/guest-image.ts";
import { whyNot } from "../support/packages.ts";

const why = whyNot(...WORKBENCH_PROGRAMS);

suite("a running guest", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench({ image: await guestImage() });
    await defineNetwork(
      bench.parts.ask,
      `<network><name>${NETWORK}</name><bridge name='ghost-lab'/><ip address='192.168.31.1' netmask='255.255.255.0'/></network>`,
    );
  });
  after(() => bench?.[Symbol.asyncDispose]());

  /** Booted to its agent. */
  async function booted(t: TestContext, changes: Partial<DomainConfig> = {}): Promise<{ uid: string; config: DomainConfig }> {
    const made = await make(t, bench, { ramGb: 0.375, ramMaxGb: 0.5, vcpu: 1, vcpuMax: 2, ...changes });
    await bench.calls.start(made.uid);
    await ready(made.uid);
    return made;
  }

  async function ready(uid: string): Promise<void> {
    for (;;) {
      try {
        return void (await agentCommand(bench.parts.work, { uuid: uid }, { execute: "guest-ping" }, { agentTimeoutS: 1 }));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  test("takes and hands back memory, lets go of disks and cards, and shuts down when asked", async (t) => {
    const { calls } = bench;
    const { uid } = await booted(t);
    await calls.change(uid, { ramGb: 0.25 }, { live: true });
    assert.match(await bench.virsh("dominfo", uid), /Used memory: +262144 KiB/);
    await calls.change(uid, { ramGb: 0.5 }, { live: true });
    assert.match(await bench.virsh("dominfo", uid), /Used memory: +524288 KiB/);
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    const anew = { id: diskIdOf(uid, "data", "2"), sizeGb: 1 };
    await calls.createDisk(uid, "data", data);
    await calls.createDisk(uid, "data", anew);
    await calls.change(uid, { addDisks: { data } }, { live: true });
    await calls.change(uid, { addDisks: { data: anew }, removeDisks: ["data"] }, { live: true });
    for (const args of [[], ["--inactive"]]) assert.match(await bench.virsh("domblklist", uid, ...args), new RegExp(`vdb +.*${anew.id}`));
    await calls.change(uid, { removeDisks: ["data"] }, { live: true });
    const lan = { mac: macOf(uid, "lan"), network: "default" };
    await calls.change(uid, { addNics: { lan } }, { live: true });
    const other = { mac: "52:54:00:aa:bb:cc", network: "user" };
    await calls.change(uid, { updateNics: { lan: other } }, { live: true });
    for (const args of [[], ["--inactive"]])
      assert.match(await bench.virsh("domiflist", uid, ...args), /user +- +virtio +52:54:00:aa:bb:cc/);
    await calls.change(uid, { removeNics: ["lan"] }, { live: true });
    await calls.change(uid, { vcpu: 2 }, { live: true });
    const { live, stored } = await bench.require(uid);
    assert.deepEqual(live, stored);
    const how = await calls.stop(uid, { timeoutMs: 30_000 });
    assert.equal(await bench.virsh("domstate", uid, "--reason"), "shut off (shutdown)");
    assert.equal(how, "graceful");
  });
});
