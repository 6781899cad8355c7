// What a person does with one machine from its making to its end, each step seen by virsh or from inside the guest.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { tinyGuest } from "./support/guests.ts";
import { startHost } from "./support/host.ts";
import type { TestHost, VmValues } from "./support/host.ts";
import { leased } from "./support/leases.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const GIB_KIB = 1024 ** 2;
const GIB = 1024 ** 3;

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("a machine, from its making to its end", { skip: reason ?? false }, () => {
  let host: TestHost;
  let network: string;
  let address: string;
  before(async () => {
    host = await startHost();
    network = await host.virsh("net-dumpxml", "default");
  });
  after(() => host?.[Symbol.asyncDispose]());

  /** The machine in the spec, with other values. */
  function web(values: VmValues = {}): VmValues {
    return { ram_max_gb: 3, vcpu_max: 2, ...values };
  }

  /** A guest takes and hands back memory in its own time. It sees what it has without what its kernel took at the start. */
  async function untilItHas(gib: number): Promise<void> {
    const actual = async (): Promise<string | undefined> => /actual (\d+)/.exec(await host.virsh("dommemstat", "web"))?.[1];
    await until(async () => (await actual()) === String(gib * GIB_KIB), `the machine to have ${gib} GiB`);
    const { memoryKib } = await host.http.facts(address);
    assert.ok(memoryKib > (gib - 0.25) * GIB_KIB && memoryKib < gib * GIB_KIB, `the guest sees ${memoryKib} KiB`);
  }

  async function noChanges(): Promise<void> {
    const { code, stdout, stderr } = await host.ghost("plan", "--detailed-exitcode");
    assert.equal(code, 0, stdout + stderr);
  }

  test("made as the spec says, and reached", async () => {
    await host.spec({ web: web() });
    await host.done("apply", "--yes");
    assert.match(await host.virsh("list"), /web +running/);
    address = await host.address("web");
    assert.equal(await host.http.page(address), "web");
    const { disks, cpusOnline, boots } = await host.http.facts(address);
    assert.deepEqual([disks[0]?.bytes, cpusOnline, boots], [GIB, 1, 1]);
    assert.ok((await host.done("status")).includes(address));
    await untilItHas(1);
    await noChanges();
  });

  test("more memory and a second processor while it runs", async () => {
    await host.spec({ web: web({ ram_gb: 2, vcpu: 2 }) });
    await host.done("apply", "--yes");
    await untilItHas(2);
    await until(async () => (await host.http.facts(address)).cpusOnline === 2, "the second processor");
    assert.equal((await host.http.facts(address)).boots, 1);
    assert.match(await host.virsh("vcpucount", "web", "--live", "--active"), /^2$/);
    assert.match(await host.virsh("dumpxml", "web", "--inactive"), new RegExp(`<currentMemory unit='KiB'>${2 * GIB_KIB}<`));
    await noChanges();
  });

  test("a larger disk while it runs", async () => {
    await host.spec({ web: web({ ram_gb: 2, vcpu: 2, disk_gb: 2 }) });
    await host.done("apply", "--yes");
    const { disks, boots } = await host.http.facts(address);
    assert.deepEqual([disks[0]?.bytes, boots], [2 * GIB, 1]);
    await noChanges();
  });

  test("stopped and started with what it wrote", async () => {
    await host.http.page(address, "/cgi-bin/write?kept");
    await host.spec({ web: web({ ram_gb: 2, vcpu: 2, disk_gb: 2, power: "stopped" }) });
    assert.equal((await host.ghost("apply", "--yes")).code, 1);
    assert.match(await host.virsh("list"), /web +running/);
    await host.done("apply", "--yes", "--max-impact", "stop");
    assert.equal(await host.virsh("domstate", "web", "--reason"), "shut off (shutdown)");
    await noChanges();
    await host.spec({ web: web({ ram_gb: 2, vcpu: 2, disk_gb: 2 }) });
    await host.done("apply", "--yes");
    assert.equal(await host.http.page(address, "/cgi-bin/read"), "kept");
    const { boots, disks, cpusOnline } = await host.http.facts(address);
    assert.deepEqual([boots, disks[0]?.bytes, cpusOnline], [2, 2 * GIB, 2]);
    await untilItHas(2);
    await noChanges();
  });

  test("a snapshot brings back what was on the disk and in memory", async () => {
    await host.http.page(address, "/cgi-bin/write?first");
    await host.done("vm", "snapshot", "create", "web", "before", "--address", host.agent().address);
    assert.match(await host.virsh("snapshot-list", "web"), /before/);
    await host.http.page(address, "/cgi-bin/write?second");
    await host.done("vm", "snapshot", "revert", "web", "before", "--address", host.agent().address, "--yes");
    assert.equal(await host.http.page(address, "/cgi-bin/read"), "first");
    assert.equal((await host.http.facts(address)).boots, 2);
    await host.done("vm", "snapshot", "delete", "web", "before", "--address", host.agent().address, "--yes");
    assert.equal(await host.virsh("snapshot-list", "web", "--name"), "");
    await noChanges();
  });

  test("drift is shown, told by the exit code, and put right", async () => {
    await host.virsh("setmem", "web", String(GIB_KIB), "--live");
    await untilItHas(1);
    // Memory on its way is no drift yet.
    await until(async () => (await host.ghost("drift", "--detailed-exitcode")).code === 2, "the drift");
    const drift = await host.ghost("drift");
    assert.match(drift.stdout, /ram_gb +live +last applied 2 GiB · live 1 GiB · desired 2 GiB/);
    const plan = await host.ghost("plan", "--detailed-exitcode");
    assert.equal(plan.code, 2, plan.stderr);
    assert.match(plan.stdout, /1 drifted\. Worst impact: live/);
    await host.done("apply", "--yes");
    await untilItHas(2);
    await noChanges();
  });

  test("the power fails: the machine is there again, and with it all that is known of it", async () => {
    await host.reboot();
    assert.equal(await host.http.page(address, "/cgi-bin/read"), "first");
    assert.equal((await host.http.facts(address)).boots, 3);
    await untilItHas(2);
    await noChanges();
  });

  test("a machine that somebody made by hand is left alone until it is adopted", async () => {
    const disk = path.join(host.libvirtd.folder, "hand.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1G"]);
    await host.define(tinyGuest({ name: "hand", disks: { vda: disk } }).replaceAll("unit='MiB'>64<", "unit='GiB'>1<"));
    assert.match(await host.done("status"), /hand +stopped .*foreign/);
    const both = async (hand: VmValues = {}): Promise<void> =>
      await host.spec({ web: web({ ram_gb: 2, vcpu: 2, disk_gb: 2 }), hand: { power: "stopped", ...hand } });
    await both();
    const xml = await host.virsh("dumpxml", "hand");
    const refused = await host.ghost("apply", "--yes");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /OWNED_BY_OTHER/);
    assert.equal(await host.virsh("dumpxml", "hand"), xml);
    await host.done("adopt", "desk/hand", "--yes");
    await noChanges();
    await both({ ram_gb: 2 });
    await host.done("apply", "--yes");
    assert.match(await host.virsh("dumpxml", "hand"), /<memory unit='KiB'>2097152</);
    await noChanges();
  });

  test("destroyed while it runs, and nothing is left", async () => {
    assert.equal((await leased(host)).length, 1);
    await host.done("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "2");
    assert.equal(await host.virsh("list", "--all"), "");
    assert.equal(await host.virsh("net-dumpxml", "default"), network);
    await until(async () => (await leased(host)).length === 0, "its address to be free");
    for (const folder of ["disks", "seeds", "consoles"]) assert.deepEqual(await readdir(path.join(host.dataDir, folder)), [], folder);
    assert.deepEqual((await readdir(host.imageDir)).map((name) => path.extname(name)).sort(), [".img", ".json"]);
    await host.done("agent", "prune", "--address", host.agent().address, "--yes");
    assert.deepEqual(await readdir(host.imageDir), []);
    await host.endAgent("TERM");
    using records = new DatabaseSync(path.join(host.dataDir, "agent.db"), { readOnly: true });
    assert.deepEqual(records.prepare("SELECT * FROM vms").all(), []);
  });
});
