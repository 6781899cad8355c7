// Machines that somebody else has made, and that are changed without losing what they are.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { execFileSync } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { diskIdOf } from "../../../agent/src/hypervisor/identity.ts";
import { effectCalls } from "../../../agent/src/hypervisor/libvirt/effects.ts";
import { serverError } from "../../../agent/src/hypervisor/libvirt/testdata/fake-libvirt.ts";
import { defineDomain } from "../../../libvirt/src/index.ts";
import { GUEST, make, rejects, startWorkbench, WORKBENCH_PROGRAMS } from "../support/effects.ts";
import type { Workbench } from "../support/effects.ts";
import { whyNot } from "../support/packages.ts";

const why = whyNot(...WORKBENCH_PROGRAMS);
const whyNoTpm = whyNot("swtpm", "swtpm_setup");

suite("a machine of somebody else", { skip: why ?? false }, () => {
  let bench: Workbench;
  before(async () => {
    bench = await startWorkbench();
  });
  after(() => bench?.[Symbol.asyncDispose]());

  async function theirs(t: TestContext, ports = 8): Promise<{ uid: string; file: string }> {
    const uid = randomUUID();
    const file = path.join(bench.daemon.folder, `${uid}.qcow2`);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", file, "64M"]);
    await defineDomain(
      bench.parts.ask,
      `<domain type='qemu'><name>theirs</name><uuid>${uid}</uuid><title>An old friend</title><memory>65536</memory><vcpu>1</vcpu>
       <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os><features><acpi/></features>
       <devices>
         <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='${file}'/><target dev='sda' bus='sata'/></disk>
         <interface type='user'><mac address='52:54:00:77:00:01'/><model type='e1000e'/></interface>
         <controller type='pci' index='0' model='pcie-root'/>${"<controller type='pci' model='pcie-root-port'/>".repeat(ports)}
         <graphics type='vnc' port='-1' passwd='hidden'/><sound model='ich9'/>
       </devices></domain>`,
    );
    t.after(async () => {
      await bench.calls.powerOff(uid).catch(() => undefined);
      await bench.calls.undefine(uid, { disks: "delete" });
    });
    return { uid, file };
  }

  test("keeps what is not asked for, its secrets too", async (t) => {
    const { calls } = bench;
    const { uid } = await theirs(t);
    await calls.start(uid);
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    await calls.createDisk(uid, "data", data);
    await calls.change(uid, { metadata: "ours", autostart: true, addDisks: { data } }, { live: true });
    await calls.change(uid, { vcpu: 2, vcpuMax: 2 }, { live: false });
    const stored = await bench.virsh("dumpxml", uid, "--inactive", "--security-info");
    for (const kept of [
      /<title>An old friend</,
      /passwd='hidden'/,
      /<sound model='ich9'/,
      /cache='none'/,
      /<model type='e1000e'/,
      /<boot dev='hd'/,
    ])
      assert.match(stored, kept);
    assert.match(await bench.virsh("dominfo", uid), /Autostart: +enable/);
    const domain = await bench.require(uid);
    assert.deepEqual([domain.metadata, domain.stored.vcpu, domain.live.vcpu], ["ours", 2, 1]);
    assert.deepEqual(
      [Object.keys(domain.live.disks).sort(), Object.keys(domain.stored.disks).sort()],
      [
        ["data", "root"],
        ["data", "root"],
      ],
    );
    await calls.stop(uid, { timeoutMs: 0 });
    await calls.start(uid);
    assert.deepEqual((await bench.require(uid)).live, (await bench.require(uid)).stored);
  });

  test("is as it was when there is no slot for what is to be plugged in", async (t) => {
    const { calls } = bench;
    const { uid } = await theirs(t, 1);
    await calls.start(uid);
    const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
    await calls.createDisk(uid, "data", data);
    const before = await bench.require(uid);
    const stored = await bench.virsh("dumpxml", uid, "--inactive", "--security-info");
    const change = { metadata: "ours", addDisks: { data } };
    await rejects(calls.change(uid, change, { live: true }), "HOST_ERROR", /no free slot left for the disk "data"/);
    assert.deepEqual(await bench.require(uid), before);
    assert.equal(await bench.virsh("dumpxml", uid, "--inactive", "--security-info"), stored);
  });

  test("gets a seed when its guest is to be set up, and keeps its own files when it goes", async (t) => {
    const { calls, folders } = bench;
    const { uid, file } = await theirs(t);
    await calls.setGuest(uid, GUEST);
    assert.match(await bench.virsh("domblklist", uid), new RegExp(`vdzz +${folders.seeds}/${uid}.iso`));
    await calls.setGuest(uid, GUEST);
    await calls.start(uid);
    await calls.powerOff(uid);
    await calls.undefine(uid, { disks: "delete" });
    await access(file);
    assert.equal(await bench.virsh("list", "--all", "--name"), "");
    for (const folder of Object.values(folders)) assert.deepEqual(await readdir(folder).catch(() => []), []);
  });

  test("that has no definition is not changed, and can be powered off", async (t) => {
    const { calls } = bench;
    const { uid } = await theirs(t);
    await calls.start(uid);
    await bench.virsh("undefine", uid);
    await rejects(calls.change(uid, { metadata: "ours" }, { live: false }), "HOST_ERROR", /only as long as it runs/);
    assert.equal(await calls.stop(uid, { timeoutMs: 0 }), "forced");
    assert.equal(await bench.virsh("list", "--all", "--name"), "");
  });

  test("stays when one of ours goes, with everything of that", async (t) => {
    const { calls, folders } = bench;
    await theirs(t);
    const { uid } = await make(t, bench, { name: "ours", firmware: "uefi", autostart: true });
    await calls.start(uid);
    await calls.setGuest(uid, { ...GUEST, password: "secret" });
    await calls.createDisk(uid, "loose", { id: diskIdOf(uid, "loose"), sizeGb: 1 });
    await rejects(calls.undefine(uid, { disks: "delete" }), "HOST_ERROR", /running and cannot be removed/);
    await bench.virsh("managedsave", uid);
    await calls.undefine(uid, { disks: "delete" });
    assert.equal(await bench.virsh("list", "--all", "--name"), "theirs");
    for (const folder of Object.values(folders)) assert.deepEqual(await readdir(folder), []);
    const left = execFileSync(
      "find",
      [path.join(bench.daemon.folder, "var/lib/libvirt"), path.join(bench.daemon.folder, "etc/libvirt/qemu"), "-type", "f"],
      {
        encoding: "utf8",
      },
    );
    assert.deepEqual(
      left.split("\n").filter((file) => file.includes("ours") || file.includes(uid)),
      [],
    );
  });

  test("keeps what its TPM holds when it goes", { skip: whyNoTpm ?? false }, async (t) => {
    const { uid, file } = await theirs(t);
    const tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices>";
    await defineDomain(bench.parts.ask, (await bench.virsh("dumpxml", uid)).replace("</devices>", tpm));
    await bench.calls.start(uid);
    await bench.calls.powerOff(uid);
    // Where libvirt has its emulator write.
    const state = path.join(bench.daemon.folder, "var/lib/libvirt/swtpm", uid, "tpm2/tpm2-00.permall");
    const keys = await readFile(state);
    const { work } = bench.parts;
    const older: typeof work = {
      openStream: (...args) => work.openStream(...args),
      call: async (name, args, options) => {
        if (name === "REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS") throw serverError("VIR_ERR_INVALID_ARG", "unsupported flags (0x40)");
        return await work.call(name, args, options);
      },
    };
    const old = effectCalls({ ...bench.parts, work: older });
    await rejects(old.undefine(uid, { disks: "delete" }), "HOST_ERROR", /has a TPM, and the host's libvirt, older than 8.9/);
    await bench.calls.undefine(uid, { disks: "delete" });
    assert.equal(await bench.parts.readings.read(uid), undefined);
    assert.deepEqual(await readFile(state), keys);
    await access(file);
  });
});
