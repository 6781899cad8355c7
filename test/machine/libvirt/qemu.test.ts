// The same calls where they have an effect: qemu:///system, emulated machines that have firmware and nothing else.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import * as libvirt from "../../../libvirt/src/index.ts";
import type { DomainEventKind } from "../../../libvirt/src/index.ts";
import { eventLog } from "../support/events.ts";
import type { EventLog } from "../support/events.ts";
import { tinyGuest } from "../support/guests.ts";
import type { TinyGuest } from "../support/guests.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "qemu:///system";
const MIB = 1024 * 1024;
const KINDS: readonly DomainEventKind[] = [
  "lifecycle",
  "reboot",
  "watchdog",
  "io-error",
  "balloon-change",
  "device-added",
  "device-removed",
  "device-removal-failed",
  "block-job",
  "agent-lifecycle",
  "metadata-change",
];

suite(URI, { skip: whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables") ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let connection: libvirt.Connection;
  before(async () => {
    // Its networks have bridges and rules of packet filtering: not in the machine's.
    daemon = await startLibvirtd({ ownNetwork: true });
    connection = await libvirt.connect({ uri: URI, socketPath: daemon.socketPath });
  });
  after(async () => {
    await connection?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  /** A domain that is gone after the test, with the log of its events. */
  async function defined(t: TestContext, guest: TinyGuest): Promise<{ readonly domain: libvirt.Domain; readonly log: EventLog }> {
    const log = eventLog();
    const stop = await connection.subscribe(KINDS, log.listener);
    const domain = await libvirt.defineDomain(connection, tinyGuest(guest));
    t.after(async () => {
      await stop();
      await libvirt.destroyDomain(connection, domain).catch(() => {});
      await libvirt.undefineDomain(connection, domain, { managedSave: true, snapshotsMetadata: true }).catch(() => {});
    });
    return { domain, log };
  }

  /** Of 64 MiB. */
  function makeDisk(name: string): string {
    const file = path.join(daemon.folder, `${name}.qcow2`);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", file, "64M"]);
    return file;
  }

  test("what the host can do", async () => {
    assert.equal(await libvirt.hypervisorType(connection), "QEMU");
    assert.match(
      await daemon.virsh(URI, "version"),
      new RegExp(`Running hypervisor: QEMU ${await libvirt.hypervisorVersion(connection)}$`),
    );
    assert.match(await libvirt.capabilities(connection), /<domain type='qemu'\/>/);
    const kind = { arch: "x86_64", machine: "q35", virtType: "qemu" };
    assert.match(await libvirt.domainCapabilities(connection, kind), /<machine>pc-q35-/);
  });

  test("from definition to its end, each step seen by virsh and told as an event", async (t) => {
    const uuid = randomUUID();
    const { domain, log } = await defined(t, { name: "life", uuid });
    const state = async (): Promise<string> => await daemon.virsh(URI, "domstate", uuid, "--reason");
    await log.waitFor("lifecycle defined added");
    assert.equal(await state(), "shut off (unknown)");
    const started = await libvirt.startDomain(connection, { uuid });
    assert.ok(started.id !== undefined);
    await log.waitFor("lifecycle started booted");
    assert.equal(await state(), "running (booted)");
    await assert.rejects(libvirt.startDomain(connection, domain), { codeName: "VIR_ERR_OPERATION_INVALID", message: /already running/ });

    const [statistics] = await libvirt.allDomainStatistics(connection, { noWait: true });
    assert.deepEqual(statistics?.domain, { uuid, name: "life", id: started.id });
    const said = await daemon.virsh(URI, "domstats", "life");
    const names = [...said.matchAll(/^ +([^=\s]+)=/gm)].map(([, name = ""]) => name);
    assert.deepEqual(new Set(Object.keys(statistics.params)), new Set(names));
    for (const name of ["state.state", "balloon.maximum", "vcpu.current", "vcpu.maximum"]) {
      assert.ok(said.includes(`${name}=${libvirt.numberIn(statistics.params, name)}\n`), name);
    }
    assert.ok((libvirt.numberIn(statistics.params, "cpu.time") ?? 0) > 0);
    assert.ok(((await libvirt.memoryStatistics(connection, domain))["rss"] ?? 0) > 1024);

    await libvirt.suspendDomain(connection, domain);
    await log.waitFor("lifecycle suspended paused");
    assert.equal(await state(), "paused (user)");
    await libvirt.resumeDomain(connection, domain);
    await log.waitFor("lifecycle resumed unpaused");
    await libvirt.managedSave(connection, domain);
    await log.waitFor("lifecycle stopped saved");
    assert.equal(await state(), "shut off (saved)");
    assert.equal(await libvirt.hasManagedSave(connection, domain), true);
    await libvirt.startDomain(connection, domain);
    await log.waitFor("lifecycle started restored");
    await libvirt.resetDomain(connection, domain);
    await log.waitFor("reboot");
    await libvirt.shutdownDomain(connection, domain, { mode: "acpi" });
    await libvirt.destroyDomain(connection, domain);
    await log.waitFor("lifecycle stopped destroyed");
    assert.deepEqual(await libvirt.domainState(connection, domain), { state: "shutoff", reason: "destroyed" });
    await libvirt.setAutostart(connection, domain, true);
    assert.match(await daemon.virsh(URI, "dominfo", "life"), /Autostart: +enable/);
    await libvirt.setAutostart(connection, domain, false);
    await libvirt.renameDomain(connection, domain, "death");
    await log.waitFor("lifecycle defined renamed");
    await libvirt.undefineDomain(connection, domain);
    await log.waitFor("lifecycle undefined removed");
    assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "");
  });

  test("a definition is held to libvirt's schema", async () => {
    const xml = tinyGuest({ name: "odd" }).replace("<devices>", "<devices><nonsense/>");
    await assert.rejects(libvirt.defineDomain(connection, xml), { codeName: "VIR_ERR_XML_INVALID_SCHEMA", domainName: "VIR_FROM_XML" });
    const domain = await libvirt.defineDomain(connection, xml, { validate: false });
    await libvirt.undefineDomain(connection, domain);
  });

  test("processors and memory, live and stored", async (t) => {
    const { domain } = await defined(t, { name: "sizes" });
    await libvirt.startDomain(connection, domain);
    await libvirt.setVcpus(connection, domain, 2, { affect: "live" });
    assert.equal(await daemon.virsh(URI, "vcpucount", "sizes", "--live", "--active"), "2");
    assert.equal(await libvirt.getVcpus(connection, domain, { affect: "config" }), 1);
    await libvirt.setVcpus(connection, domain, 4, { affect: "config", maximum: true });
    await libvirt.setVcpus(connection, domain, 3, { affect: "config" });
    assert.equal(await daemon.virsh(URI, "vcpucount", "sizes", "--config", "--maximum"), "4");
    assert.equal(await libvirt.getVcpus(connection, domain, { affect: "config" }), 3);
    await libvirt.setMemory(connection, domain, 48 * 1024, { affect: "both" });
    await libvirt.setMaxMemory(connection, domain, 96 * 1024, { affect: "config" });
    await libvirt.setMemoryStatisticsPeriod(connection, domain, 2, { affect: "live" });
    const stored = await daemon.virsh(URI, "dumpxml", "sizes", "--inactive");
    assert.match(stored, /<memory unit='KiB'>98304<[\s\S]*<currentMemory unit='KiB'>49152</);
    assert.equal((await libvirt.domainXml(connection, domain, { inactive: true })).trim(), stored);
    assert.match(await libvirt.domainXml(connection, domain), /<memory unit='KiB'>65536<[\s\S]*<stats period='2'\/>/);
  });

  test("devices come and go, a disk grows", async (t) => {
    const first = makeDisk("first");
    const { domain, log } = await defined(t, { name: "devices", disks: { vda: first } });
    await libvirt.startDomain(connection, domain);
    assert.deepEqual((await libvirt.blockInfo(connection, domain, "vda")).capacityBytes, 64 * MIB);
    await libvirt.resizeBlock(connection, domain, "vda", 80 * MIB);
    assert.equal((await libvirt.blockInfo(connection, domain, "vda")).capacityBytes, 80 * MIB);
    assert.match(await daemon.virsh(URI, "domblkinfo", "devices", "vda"), new RegExp(`Capacity: +${80 * MIB}`));
    const image = JSON.parse(execFileSync("qemu-img", ["info", "-U", "--output=json", first], { encoding: "utf8" })) as {
      "virtual-size": number;
    };
    assert.equal(image["virtual-size"], 80 * MIB);

    const disk = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${makeDisk("second")}'/><target dev='vdb' bus='virtio'/><serial>d2</serial></disk>`;
    await libvirt.attachDevice(connection, domain, disk, { affect: "both" });
    await log.waitFor("device-added virtio-disk1");
    const card = (state: string): string =>
      `<interface type='user'><mac address='52:54:00:aa:00:01'/><model type='virtio'/><link state='${state}'/></interface>`;
    await libvirt.attachDevice(connection, domain, card("up"), { affect: "live" });
    await log.waitFor("device-added net0");
    await libvirt.updateDevice(connection, domain, card("down"), { affect: "live" });
    assert.match(await daemon.virsh(URI, "dumpxml", "devices"), /52:54:00:aa:00:01[\s\S]*<link state='down'\/>/);
    assert.match(await daemon.virsh(URI, "domblklist", "devices", "--inactive"), /vdb/);
    await libvirt.detachDevice(connection, domain, disk, { affect: "config" });
    assert.doesNotMatch(await daemon.virsh(URI, "domblklist", "devices", "--inactive"), /vdb/);
    await assert.rejects(libvirt.detachDevice(connection, domain, card("up").replace("00:01", "00:02"), { affect: "live" }), {
      codeName: "VIR_ERR_DEVICE_MISSING",
    });
  });

  test("a device that goes without the guest's help is told of when it is gone", async (t) => {
    const { domain, log } = await defined(t, { name: "usb" });
    await libvirt.startDomain(connection, domain);
    const tablet = "<input type='tablet' bus='usb'/>";
    await libvirt.attachDevice(connection, domain, tablet, { affect: "live" });
    const added = await log.waitFor("device-added");
    await libvirt.detachDevice(connection, domain, tablet, { affect: "live" });
    assert.equal(await log.waitFor("device-removed "), added.replace("added", "removed"));
  });

  test("work on a disk is told of when it has ended", async (t) => {
    const overlay = path.join(daemon.folder, "overlay.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", makeDisk("base"), "-F", "qcow2", overlay]);
    const { domain, log } = await defined(t, { name: "worker", disks: { vda: overlay } });
    await libvirt.startDomain(connection, domain);
    await daemon.virsh(URI, "blockpull", "worker", "vda");
    assert.equal(await log.waitFor("block-job"), "block-job vda pull completed");
  });

  test("a snapshot of a running machine, and back to it", async (t) => {
    const disk = makeDisk("snapped");
    const { domain, log } = await defined(t, { name: "snapped", disks: { vda: disk } });
    await libvirt.startDomain(connection, domain);
    assert.equal(await libvirt.currentSnapshot(connection, domain), undefined);
    await libvirt.createSnapshot(connection, domain, "<domainsnapshot><name>before</name></domainsnapshot>");
    assert.equal(await libvirt.currentSnapshot(connection, domain), "before");
    assert.deepEqual(await libvirt.listSnapshots(connection, domain), ["before"]);
    assert.match(await libvirt.snapshotXml(connection, domain, "before"), /<state>running</);
    await libvirt.destroyDomain(connection, domain);
    await log.waitFor("lifecycle stopped destroyed");
    await assert.rejects(libvirt.undefineDomain(connection, domain), { message: /snapshot/ });
    await libvirt.revertSnapshot(connection, domain, "before");
    await log.waitFor("lifecycle started from-snapshot");
    assert.equal(await daemon.virsh(URI, "domstate", "snapped", "--reason"), "running (from snapshot)");
    await libvirt.deleteSnapshot(connection, domain, "before");
    assert.equal(await daemon.virsh(URI, "snapshot-list", "snapped", "--name"), "");
  });

  test("metadata, live and stored, and its event", async (t) => {
    const { domain, log } = await defined(t, { name: "noted" });
    await libvirt.startDomain(connection, domain);
    const place = { namespace: "https://example.com/x", prefix: "x" };
    await libvirt.setMetadata(connection, domain, { ...place, xml: "<owner>me</owner>" }, { affect: "both" });
    await log.waitFor(`metadata-change element ${place.namespace}`);
    for (const affect of ["live", "config"] as const) {
      assert.equal(await libvirt.getMetadata(connection, domain, place.namespace, { affect }), "<owner>me</owner>");
    }
    assert.match(await daemon.virsh(URI, "metadata", "noted", "--uri", place.namespace), /<owner>me<\/owner>/);
  });

  test("the console gives what the firmware writes, and takes what is typed", async (t) => {
    const { domain } = await defined(t, { name: "talker" });
    await libvirt.startDomain(connection, domain, { paused: true });
    const stream = await libvirt.openConsole(connection, domain);
    await assert.rejects(libvirt.openConsole(connection, domain), { codeName: "VIR_ERR_OPERATION_FAILED", message: /console/ });
    await libvirt.resumeDomain(connection, domain);
    let text = "";
    for await (const bytes of stream) {
      text += Buffer.from(bytes).toString("latin1");
      if (text.includes("SeaBIOS")) break;
    }
    // Leaving the loop ends the stream: the next one is let in.
    await using again = await libvirt.openConsole(connection, domain, { force: true });
    await again.write(Buffer.from("\u001b"));
    const ended = Array.fromAsync(again);
    await libvirt.destroyDomain(connection, domain);
    await ended;
  });

  test("without an agent in the guest, who asks it is told so and does not wait", async (t) => {
    const { domain } = await defined(t, { name: "deaf" });
    await libvirt.startDomain(connection, domain);
    await assert.rejects(libvirt.agentCommand(connection, domain, { execute: "guest-ping" }), { codeName: "VIR_ERR_AGENT_UNRESPONSIVE" });
    await assert.rejects(libvirt.interfaceAddresses(connection, domain, "agent"), { codeName: "VIR_ERR_AGENT_UNRESPONSIVE" });
    assert.deepEqual(await libvirt.interfaceAddresses(connection, domain, "lease"), []);
  });

  test("a network with NAT gives the card's ROM an address, and tells which", async (t) => {
    const xml = `<network><name>nat</name><forward mode='nat'/><bridge name='ghost-nat0'/><ip address='192.168.231.1' netmask='255.255.255.0'><dhcp><range start='192.168.231.2' end='192.168.231.99'/></dhcp></ip></network>`;
    const network = await libvirt.defineNetwork(connection, xml);
    t.after(async () => {
      await libvirt.destroyNetwork(connection, network).catch(() => {});
      await libvirt.undefineNetwork(connection, network).catch(() => {});
    });
    await libvirt.startNetwork(connection, network);
    assert.match(await daemon.virsh(URI, "net-list"), /nat +active/);
    const { domain } = await defined(t, { name: "caller", network: "nat", mac: "52:54:00:bb:00:01" });
    await libvirt.startDomain(connection, domain);
    let leases = await libvirt.networkLeases(connection, network);
    // The ROM asks after a second or two of start-up; libvirt has no event for it.
    while (leases.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      leases = await libvirt.networkLeases(connection, network, { mac: "52:54:00:bb:00:01" });
    }
    const [lease] = leases;
    assert.match(lease?.address ?? "", /^192\.168\.231\.\d+$/);
    assert.deepEqual([lease?.mac, lease?.family, lease?.prefix], ["52:54:00:bb:00:01", "ipv4", 24]);
    assert.ok(lease?.expiresAt !== undefined && lease.expiresAt.getTime() > 0);
    const [card] = await libvirt.interfaceAddresses(connection, domain, "lease");
    assert.deepEqual(card?.addresses, [{ family: "ipv4", address: lease.address, prefix: 24 }]);
    assert.match(await daemon.virsh(URI, "domifaddr", "caller"), new RegExp(`52:54:00:bb:00:01 +ipv4 +${lease.address}/24`));
  });
});
