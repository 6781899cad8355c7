// Every kind of call, and many domains, on libvirt's own test driver behind a real libvirtd.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, suite, test } from "node:test";
import * as libvirt from "../../../libvirt/src/index.ts";
import { eventLog } from "../support/events.ts";
import { pretendedGuest } from "../support/guests.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "test:///default";
const MANY = 1000;

suite("test:///default", { skip: whyNot("libvirtd", "virsh") ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let connection: libvirt.Connection;
  before(async () => {
    daemon = await startLibvirtd();
    // The state of this driver is libvirtd's: virsh sees the same.
    connection = await libvirt.connect({ uri: URI, socketPath: daemon.socketPath });
  });
  after(async () => {
    await connection?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  test("the host", async () => {
    assert.equal(await libvirt.hypervisorType(connection), "TEST");
    assert.equal(await libvirt.libvirtVersion(connection), /Using library: libvirt ([\d.]+)/.exec(await daemon.virsh(URI, "version"))?.[1]);
    assert.equal(await libvirt.hostname(connection), await daemon.virsh(URI, "hostname"));
    const info = await libvirt.nodeInfo(connection);
    const said = await daemon.virsh(URI, "nodeinfo");
    assert.match(said, new RegExp(`Memory size: +${info.memoryKib} KiB`));
    assert.match(said, new RegExp(`CPU model: +${info.model}\n`));
    assert.equal((await libvirt.capabilities(connection)).trim(), await daemon.virsh(URI, "capabilities"));
    assert.ok((await libvirt.freeMemoryBytes(connection)) > 0);
  });

  test("a domain from its definition to its end, each step seen by virsh", async () => {
    const log = eventLog();
    const stop = await connection.subscribe(["lifecycle"], log.listener);
    const state = async (): Promise<string> => await daemon.virsh(URI, "domstate", uuid, "--reason");
    const uuid = randomUUID();
    const domain = await libvirt.defineDomain(connection, pretendedGuest("one", uuid));
    assert.deepEqual(domain, { uuid, name: "one", id: undefined });
    assert.equal((await libvirt.domainXml(connection, domain)).trim(), await daemon.virsh(URI, "dumpxml", "one"));
    assert.deepEqual(await libvirt.findDomain(connection, uuid), domain);
    assert.deepEqual(await libvirt.findDomainByName(connection, "one"), domain);

    const started = await libvirt.startDomain(connection, { uuid });
    assert.ok(started.id !== undefined && started.id > 0);
    assert.equal(await state(), "running (booted)");
    await libvirt.suspendDomain(connection, { uuid });
    assert.equal(await state(), "paused (user)");
    assert.deepEqual(await libvirt.domainState(connection, { uuid }), { state: "paused", reason: "user" });
    await libvirt.resumeDomain(connection, { uuid });
    assert.equal(await state(), "running (unpaused)");
    await libvirt.setAutostart(connection, { uuid }, true);
    assert.equal(await libvirt.getAutostart(connection, { uuid }), true);
    assert.match(await daemon.virsh(URI, "dominfo", "one"), /Autostart: +enable/);
    await libvirt.setVcpus(connection, { uuid }, 2, { affect: "live" });
    assert.equal(await libvirt.getVcpus(connection, { uuid }, { affect: "live" }), 2);
    assert.equal(await daemon.virsh(URI, "vcpucount", "one", "--live", "--active"), "2");
    await libvirt.setMemory(connection, { uuid }, 65_536, { affect: "live" });
    assert.match(await daemon.virsh(URI, "dominfo", "one"), /Used memory: +65536 KiB/);
    assert.equal((await libvirt.memoryStatistics(connection, { uuid }))["actual-balloon"], 65_536);
    await libvirt.managedSave(connection, { uuid });
    assert.equal(await libvirt.hasManagedSave(connection, { uuid }), true);
    assert.match(await daemon.virsh(URI, "dominfo", "one"), /Managed save: +yes/);
    await libvirt.removeManagedSave(connection, { uuid });
    assert.equal(await libvirt.hasManagedSave(connection, { uuid }), false);
    await libvirt.startDomain(connection, { uuid });
    await libvirt.shutdownDomain(connection, { uuid });
    assert.equal(await state(), "shut off (shutdown)");
    await libvirt.renameDomain(connection, { uuid }, "two");
    assert.equal(await daemon.virsh(URI, "domname", uuid), "two");
    await libvirt.startDomain(connection, { uuid });
    await libvirt.destroyDomain(connection, { uuid });
    assert.equal(await state(), "shut off (destroyed)");
    await libvirt.undefineDomain(connection, { uuid });
    assert.equal(await libvirt.findDomain(connection, uuid), undefined);
    assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "test");
    await log.waitFor("lifecycle undefined removed");
    assert.deepEqual(log.lines.slice(0, 4), [
      "lifecycle defined added",
      "lifecycle started booted",
      "lifecycle suspended paused",
      "lifecycle resumed unpaused",
    ]);
    await stop();
  });

  test("a domain whose definition is removed while it runs is gone with its end", async () => {
    const domain = await libvirt.startDomain(connection, await libvirt.defineDomain(connection, pretendedGuest("passing")));
    assert.equal(await libvirt.isPersistent(connection, domain), true);
    await libvirt.undefineDomain(connection, domain);
    assert.equal(await libvirt.isPersistent(connection, domain), false);
    assert.match(await daemon.virsh(URI, "dominfo", "passing"), /Persistent: +no/);
    assert.deepEqual(await libvirt.listDomains(connection, "transient"), [domain]);
    await libvirt.destroyDomain(connection, domain);
    await assert.rejects(libvirt.isPersistent(connection, domain), { codeName: "VIR_ERR_NO_DOMAIN" });
  });

  test("metadata is kept by namespace", async () => {
    const domain = await libvirt.defineDomain(connection, pretendedGuest("meta"));
    const place = { namespace: "https://example.com/x", prefix: "x" };
    assert.equal(await libvirt.getMetadata(connection, domain, place.namespace), undefined);
    await libvirt.setMetadata(connection, domain, { ...place, xml: "<owner>a &amp; b</owner>" }, { affect: "config" });
    assert.equal(await libvirt.getMetadata(connection, domain, place.namespace), "<owner>a &amp; b</owner>");
    assert.match(await daemon.virsh(URI, "dumpxml", "meta"), /<x:owner xmlns:x="https:\/\/example\.com\/x">a &amp; b<\/x:owner>/);
    await libvirt.setMetadata(connection, domain, { ...place, xml: undefined }, { affect: "config" });
    assert.equal(await libvirt.getMetadata(connection, domain, place.namespace), undefined);
    await libvirt.undefineDomain(connection, domain);
  });

  test("snapshots", async () => {
    const domain = await libvirt.defineDomain(connection, pretendedGuest("snap"));
    await libvirt.startDomain(connection, domain);
    assert.equal(await libvirt.createSnapshot(connection, domain, "<domainsnapshot><name>first</name></domainsnapshot>"), "first");
    await libvirt.suspendDomain(connection, domain);
    assert.equal(await libvirt.createSnapshot(connection, domain, "<domainsnapshot><name>second</name></domainsnapshot>"), "second");
    assert.deepEqual((await libvirt.listSnapshots(connection, domain)).toSorted(), ["first", "second"]);
    assert.match(await libvirt.snapshotXml(connection, domain, "second"), /<parent>\s*<name>first</);
    await libvirt.revertSnapshot(connection, domain, "first");
    assert.equal(await daemon.virsh(URI, "domstate", "snap"), "running");
    await libvirt.deleteSnapshot(connection, domain, "first", { children: true });
    assert.equal(await daemon.virsh(URI, "snapshot-list", "snap", "--name"), "");
    await libvirt.destroyDomain(connection, domain);
    await libvirt.undefineDomain(connection, domain);
  });

  test("networks", async () => {
    assert.deepEqual(
      (await libvirt.listNetworks(connection)).map(({ name }) => name),
      ["default"],
    );
    assert.equal(await libvirt.findNetworkByName(connection, "none"), undefined);
    const network = await libvirt.defineNetwork(connection, "<network><name>apart</name><bridge name='br-x'/></network>");
    assert.equal(await libvirt.isNetworkActive(connection, network), false);
    await libvirt.startNetwork(connection, network);
    await libvirt.setNetworkAutostart(connection, network, true);
    assert.match(await daemon.virsh(URI, "net-info", "apart"), /Active: +yes[\s\S]*Autostart: +yes/);
    assert.match(await libvirt.networkXml(connection, network), /<name>apart<\/name>/);
    await libvirt.destroyNetwork(connection, network);
    await libvirt.undefineNetwork(connection, network);
    assert.deepEqual((await libvirt.listNetworks(connection)).length, 1);
  });

  test("libvirt's refusals keep their code, domain and message", async () => {
    const cases = [
      {
        call: () => libvirt.defineDomain(connection, "<domain"),
        codeName: "VIR_ERR_XML_DETAIL",
        message: /Couldn't find end of Start Tag/,
      },
      { call: () => libvirt.startDomain(connection, { uuid: randomUUID() }), codeName: "VIR_ERR_NO_DOMAIN", message: /Domain not found/ },
      {
        call: () => libvirt.setVcpus(connection, { uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f" }, 99),
        codeName: "VIR_ERR_INVALID_ARG",
        message: /exceeds maximum supported amount \(99/,
      },
      {
        call: () => libvirt.agentCommand(connection, { uuid: randomUUID() }, { execute: "guest-ping" }),
        codeName: undefined,
        message: /./,
      },
    ];
    for (const { call, codeName, message } of cases) {
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof libvirt.LibvirtError);
        assert.equal(error.source, "server");
        if (codeName !== undefined) assert.equal(error.codeName, codeName);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.equal(connection.end, undefined, "a refusal is no end of the connection");
  });

  test("a read-only connection reads and changes nothing", async () => {
    await using reader = await libvirt.connect({ uri: URI, socketPath: `${daemon.socketPath}-ro`, readOnly: true });
    assert.equal((await libvirt.listDomains(reader)).length, 1);
    await assert.rejects(libvirt.defineDomain(reader, pretendedGuest("no")), { codeName: "VIR_ERR_OPERATION_DENIED" });
  });

  test(`${MANY} domains, all calls sent at once`, async () => {
    const log = eventLog();
    const stop = await connection.subscribe(["lifecycle"], log.listener);
    const uuids = Array.from({ length: MANY }, () => randomUUID());
    await Promise.all(
      uuids.map((uuid, index) => libvirt.defineDomain(connection, pretendedGuest(`many-${index}`, uuid), { validate: false })),
    );
    await Promise.all(uuids.map((uuid) => libvirt.startDomain(connection, { uuid })));
    const domains = await libvirt.listDomains(connection, "active");
    assert.equal(domains.length, MANY + 1);
    assert.equal((await daemon.virsh(URI, "list", "--name")).split("\n").length, MANY + 1);
    const statistics = await libvirt.allDomainStatistics(connection, { groups: ["state"] });
    const running = statistics.filter(({ params }) => libvirt.numberIn(params, "state.state") === 1);
    assert.deepEqual(new Set(running.map(({ domain }) => domain.uuid)), new Set(domains.map(({ uuid }) => uuid)));
    await Promise.all(uuids.map((uuid) => libvirt.destroyDomain(connection, { uuid })));
    await Promise.all(uuids.map((uuid) => libvirt.undefineDomain(connection, { uuid })));
    assert.equal(await daemon.virsh(URI, "list", "--all", "--name"), "test");
    while (log.lines.filter((line) => line === "lifecycle undefined removed").length < MANY) await log.waitFor("lifecycle undefined");
    assert.equal(log.lines.length, 4 * MANY);
    await stop();
  });
});
