import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, suite, test } from "node:test";
import type { Domain } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { defineDomain, defineNetwork, findNetworkByName, isNetworkActive } from "../../../libvirt/src/index.ts";
import { make, NETWORK, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot } from "../support/packages.ts";

const why = whyNot(...WORKBENCH_PROGRAMS);

suite("changes of a machine", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench();
    for (const [name, number] of [
      [NETWORK, 31],
      ["other", 32],
    ] as const)
      await defineNetwork(
        bench.parts.ask,
        `<network><name>${name}</name><bridge name='ghost-${name}'/><ip address='192.168.${number}.1' netmask='255.255.255.0'/></network>`,
      );
  });
  after(() => bench?.[Symbol.asyncDispose]());

  const dump = (uid: string, ...args: readonly string[]): Promise<string> => bench.virsh("dumpxml", uid, ...args);

  test("processors and memory of a running machine, live and stored", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench);
    await calls.start(uid);
    await calls.change(uid, { vcpu: 2, ramGb: 0.125 }, { live: true });
    for (const xml of [await dump(uid), await dump(uid, "--inactive")]) {
      assert.match(xml, /<currentMemory unit='KiB'>131072</);
      assert.match(xml, /<vcpu placement='static'>2</);
    }
  });

  test("disks and cards come to a running machine and are in its stored definition, at the same place", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench);
    await calls.start(uid);
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    const lan = { mac: macOf(uid, "lan"), network: "default" };
    await calls.createDisk(uid, "data", data);
    await calls.change(uid, { addDisks: { data }, addNics: { lan } }, { live: true });
    await calls.change(uid, { addDisks: { data }, addNics: { lan } }, { live: true });
    for (const args of [[], ["--inactive"]]) {
      assert.match(await bench.virsh("domblklist", uid, ...args), new RegExp(`vdb +.*${data.id}.qcow2`));
      assert.match(await bench.virsh("domiflist", uid, ...args), new RegExp(`network +${NETWORK} +virtio +${lan.mac}`));
    }
    const domain = await bench.require(uid);
    assert.deepEqual(domain.live, domain.stored);
    assert.deepEqual(domain.live.nics["lan"], lan);

    await calls.change(uid, { updateNics: { lan: { ...lan, network: "other" } } }, { live: true });
    for (const args of [[], ["--inactive"]])
      assert.match(await bench.virsh("domiflist", uid, ...args), new RegExp(`network +other +virtio +${lan.mac}`));
    await calls.growDisk(uid, "data", 2);
    assert.match(await bench.virsh("domblkinfo", uid, "vdb"), /Capacity: +2147483648/);
    await rejects(calls.growDisk(uid, "data", 1), "HOST_ERROR", /cannot shrink/);
    await rejects(calls.deleteDisk(uid, data.id), "HOST_ERROR", /attached to "web"/);
  });

  test("a guest that does not let go is told of, and all is as it was", async (t) => {
    const { calls } = bench;
    const { uid, config } = await make(t, bench, { name: "deaf" });
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    await calls.createDisk(uid, "data", data);
    await calls.change(uid, { addDisks: { data } }, { live: false });
    await calls.start(uid);
    const before = await bench.require(uid);
    // The second time it was asked already.
    for (const removal of [{ removeDisks: ["data"], vcpu: 2 }, { removeDisks: ["data"] }])
      await rejects(calls.change(uid, removal, { live: true }), "HOST_ERROR", /did not let go of the disk "data" within 3 s/);
    const { startedAt: _, ...now } = await bench.require(uid);
    const { startedAt: __, ...then } = before;
    assert.deepEqual(now, then);
    assert.deepEqual(Object.keys(now.stored.disks).sort(), ["data", ...Object.keys(config.disks)]);
  });

  test("a guest that does not hand back memory is told of, and what was asked stays stored", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "full", ramGb: 0.125 });
    await calls.start(uid);
    await rejects(
      calls.change(uid, { ramGb: 0.0625 }, { live: true }),
      "HOST_ERROR",
      /holds 0.1[23] GiB of memory and was asked for 0.0625 GiB/,
    );
    assert.match(await dump(uid, "--inactive"), /<currentMemory unit='KiB'>65536</);
  });

  test("of two machines with one address made at the same time, the second is refused", async (t) => {
    const nics = { lan: { mac: "52:54:00:99:00:01", network: "user" } };
    const made = await Promise.allSettled(["a", "b"].map((name) => make(t, bench, { name, nics })));
    assert.deepEqual(made.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const reason = made.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []))[0];
    assert.match(reason ?? "", /MAC_TAKEN/);
  });

  test("of two machines that are given one address at the same time, the second is refused", async (t) => {
    const lan = { mac: "52:54:00:99:00:02", network: "user" };
    const made = [await make(t, bench, { name: "a" }), await make(t, bench, { name: "b" })];
    const given = await Promise.allSettled(made.map(({ uid }) => bench.calls.change(uid, { addNics: { lan } }, { live: false })));
    assert.deepEqual(given.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.match(given.map((each) => (each.status === "rejected" ? String(each.reason) : "")).join(""), /MAC_TAKEN/);
    const cards = await Promise.all(made.map(async ({ uid }) => Object.keys((await bench.require(uid)).stored.nics)));
    assert.deepEqual(cards.flat().sort(), ["default", "default", "lan"]);
  });

  test("what a running machine cannot change is refused live and stored otherwise", async (t) => {
    const { calls } = bench;
    const { uid } = await make(t, bench, { name: "cold" });
    await calls.start(uid);
    const before = await bench.require(uid);
    for (const change of [
      { vcpuMax: 4 },
      { ramMaxGb: 1 },
      { firmware: "uefi" },
      { machine: "pc" },
      { accel: "kvm" },
      { removeDisks: ["root"] },
      { vcpu: 3 },
      { ramGb: 1, metadata: "x" },
    ] as const)
      await rejects(calls.change(uid, change, { live: true }), "HOST_ERROR", /"cold"/);
    await rejects(calls.change(uid, { accel: "kvm" }, { live: false }), "HOST_ERROR", /could not open \/dev\/kvm/);
    await rejects(calls.change(uid, { name: "other" }, { live: false }), "HOST_ERROR", /renamed only while it is stopped/);
    assert.deepEqual(await bench.require(uid), before);
    await calls.change(uid, { vcpuMax: 4, vcpu: 3, ramMaxGb: 0.25, metadata: "y" }, { live: false });
    const now = await bench.require(uid);
    assert.deepEqual(now.live, before.live);
    assert.deepEqual([now.stored.vcpu, now.stored.vcpuMax, now.stored.ramMaxGb], [3, 4, 0.25]);
    assert.equal(now.metadata, "y");
    assert.match(await bench.virsh("metadata", uid, "--uri", "urn:ghost:vm:1", "--live"), />y</);
    assert.match(await bench.virsh("metadata", uid, "--uri", "urn:ghost:vm:1", "--config"), />y</);
  });

  test("a stopped machine changes firmware, type and name in place, and its snapshots stay", async (t) => {
    const { calls } = bench;
    const { uid, config } = await make(t, bench, { name: "first" });
    await bench.virsh("snapshot-create-as", uid, "before");
    await calls.change(uid, { machine: "pc", autostart: true }, { live: false });
    assert.match(await dump(uid), /machine='pc-i440fx/);
    assert.match(await bench.virsh("dominfo", uid), /Autostart: +enable/);
    assert.equal(await bench.virsh("snapshot-list", uid, "--name"), "before");
    await bench.virsh("snapshot-delete", uid, "before");
    await calls.change(uid, { machine: "q35", firmware: "uefi", autostart: false }, { live: false });
    await calls.start(uid);
    const variables = new RegExp(`<nvram[^>]*>${bench.folders.disks}/${uid}/nvram.fd<`);
    assert.match(await dump(uid), variables);
    await calls.powerOff(uid);
    await calls.change(uid, { name: "second" }, { live: true });
    assert.deepEqual((await bench.require(uid)).stored, { ...config, name: "second", firmware: "uefi" });
    await calls.start(uid);
    assert.match(await dump(uid), variables);
    await calls.powerOff(uid);
    await calls.change(uid, { firmware: "bios" }, { live: false });
    assert.doesNotMatch(await dump(uid), /nvram/);
  });

  test("names and addresses of others, running or stored", async (t) => {
    const { calls } = bench;
    const mac = "52:54:00:11:22:33";
    const other = randomUUID();
    await defineDomain(
      bench.parts.ask,
      `<domain type='qemu'><name>theirs</name><uuid>${other}</uuid><memory>65536</memory><os><type>hvm</type></os><devices><interface type='user'><mac address='${mac}'/></interface></devices></domain>`,
    );
    t.after(() => bench.virsh("undefine", other));
    await rejects(make(t, bench, { name: "theirs" }), "VM_EXISTS", /"theirs"/);
    await rejects(make(t, bench, { name: "ours", nics: { lan: { mac: mac.toUpperCase(), network: "user" } } }), "MAC_TAKEN", /theirs/);
    const { uid } = await make(t, bench, { name: "ours" });
    await rejects(calls.change(uid, { name: "theirs" }, { live: false }), "VM_EXISTS", /"theirs"/);
    await rejects(calls.change(uid, { addNics: { lan: { mac, network: "user" } } }, { live: false }), "MAC_TAKEN", /theirs/);
    assert.deepEqual(Object.keys((await bench.require(uid)).stored.nics), ["default"]);
  });

  test("networks and bridges that are not there, and one that is not active", async (t) => {
    const { calls, parts } = bench;
    const nic = { mac: "52:54:00:11:22:44" };
    await rejects(make(t, bench, { name: "off", nics: { lan: { ...nic, network: "nowhere" } } }), "NETWORK_UNKNOWN", /has "lab", "other"/);
    await rejects(make(t, bench, { name: "off", nics: { lan: { ...nic, bridge: "br-none" } } }), "NETWORK_UNKNOWN", /bridge "br-none"/);
    const network = await findNetworkByName(parts.ask, NETWORK);
    assert.ok(network);
    const { uid } = await make(t, bench, { name: "off", nics: { lan: { ...nic, network: "default" } } });
    await bench.virsh("net-destroy", NETWORK);
    await calls.start(uid);
    assert.equal(await isNetworkActive(parts.ask, network), true);
    const running: Domain = await bench.require(uid);
    assert.equal(running.status, "running");
    await rejects(
      calls.change(uid, { addNics: { dmz: { mac: "52:54:00:11:22:45", network: "nowhere" } } }, { live: true }),
      "NETWORK_UNKNOWN",
      /nowhere/,
    );
    assert.deepEqual(await bench.require(uid), running);
  });
});
