// What the driver says of a host, with virsh as the witness, while libvirt, people and guests do as they like.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, beforeEach, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { DomainConfig, Hypervisor } from "../../../agent/src/hypervisor/driver.ts";
import { diskIdOf, macOf } from "../../../agent/src/hypervisor/identity.ts";
import { DRIVER_PROGRAMS, GUEST_IMAGE, startDriverHost, until } from "../support/driver-host.ts";
import type { DriverHost } from "../support/driver-host.ts";
import { tinyGuest } from "../support/guests.ts";
import { whyNoGuest, whyNot } from "../support/packages.ts";

const URI = "qemu:///system";

suite("readings of a real host", { skip: whyNot(...DRIVER_PROGRAMS) ?? whyNoGuest() ?? false }, () => {
  let host: DriverHost;
  before(async () => {
    host = await startDriverHost();
  });
  after(() => host?.[Symbol.asyncDispose]());
  beforeEach(() => host.clear());

  /** Open until the test ends. */
  async function open(t: TestContext, answerTimeoutMs?: number): Promise<Hypervisor> {
    const hypervisor = await host.open({ dir: await host.makeFolder(), ...(answerTimeoutMs !== undefined && { answerTimeoutMs }) });
    t.after(() => hypervisor[Symbol.asyncDispose]());
    return hypervisor;
  }

  /** What the driver tells, `what name: detail`, from now on. */
  function listen(t: TestContext, hypervisor: Hypervisor): { readonly heard: string[]; readonly has: (text: string) => Promise<void> } {
    const heard: string[] = [];
    t.after(hypervisor.onChange(({ what, name, detail }) => heard.push(`${what} ${name}: ${detail}`)));
    return { heard, has: async (text) => await until(() => heard.some((line) => line.startsWith(text))) };
  }

  /** By virsh, from a file. */
  async function virshXml(command: "define" | "create", xml: string): Promise<void> {
    const file = path.join(host.daemon.folder, `${randomUUID()}.xml`);
    await writeFile(file, xml);
    await host.daemon.virsh(URI, command, file);
  }

  test("without libvirt it opens and every call says so; then libvirt comes, and goes, and comes", async (t) => {
    await host.daemon.end("TERM");
    const hypervisor = await open(t);
    for (const call of [hypervisor.ping(), hypervisor.list(), hypervisor.facts(), hypervisor.find(randomUUID()), hypervisor.usage()])
      await saysHostError(call, /libvirt.*(no socket|no libvirt listens)/i);
    await host.daemon.start();
    await hypervisor.ping();
    assert.deepEqual(await hypervisor.list(), []);
    const { has } = listen(t, hypervisor);
    const uuid = randomUUID();
    await virshXml("define", tinyGuest({ name: "kept", uuid }));
    await has("created kept");
    await host.daemon.virsh(URI, "start", uuid);
    await has("status kept: running");
    const before = await hypervisor.find(uuid);
    await host.daemon.end("KILL");
    await saysHostError(hypervisor.list(), /./);
    // What happens while libvirt is away has no event.
    process.kill(await qemuOf(uuid), "SIGKILL");
    await host.daemon.start();
    await has("status kept: stopped");
    assert.equal(before?.status, "running");
    assert.equal((await hypervisor.find(uuid))?.status, "stopped");
  });

  test("a libvirtd that hangs is told of in time, and forgotten when it goes on", async (t) => {
    const hypervisor = await open(t, 400);
    await hypervisor.ping();
    await host.daemon.freeze(true);
    try {
      for (const call of [() => hypervisor.list(), () => hypervisor.ping(), () => hypervisor.usage()])
        await saysHostError(call(), /does not answer|not reached|lost/);
    } finally {
      await host.daemon.freeze(false);
    }
    await until(() =>
      hypervisor.ping().then(
        () => true,
        () => false,
      ),
    );
    assert.deepEqual(await hypervisor.list(), []);
  });

  test("a machine that hangs holds up nothing but the question what machines use", async (t) => {
    const hypervisor = await open(t, 1_000);
    const uuid = randomUUID();
    await virshXml("define", tinyGuest({ name: "stuck", uuid }));
    await host.daemon.virsh(URI, "start", uuid);
    await until(async () => (await hypervisor.usage().catch(() => undefined))?.has(uuid) === true);
    const pid = await qemuOf(uuid);
    process.kill(pid, "SIGSTOP");
    try {
      for (let time = 0; time < 5; time++) {
        await saysHostError(hypervisor.usage(), /one of them does not answer/);
        assert.deepEqual(await states(hypervisor), ["stuck running booted"]);
      }
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await until(async () => (await hypervisor.usage().catch(() => undefined))?.has(uuid) === true);
  });

  test("what people do by virsh is read and told, also to what is none of ours", async (t) => {
    const hypervisor = await open(t);
    await hypervisor.list();
    const { has } = listen(t, hypervisor);
    const [uuid, passing] = [randomUUID(), randomUUID()];
    await virshXml("define", tinyGuest({ name: "foreign", uuid }));
    await has("created foreign");
    await host.daemon.virsh(URI, "setvcpus", uuid, "2", "--config");
    await host.daemon.virsh(URI, "autostart", uuid);
    const [domain] = await hypervisor.list();
    assert.deepEqual([domain?.stored.vcpu, domain?.stored.autostart, domain?.metadata], [2, true, ""]);
    await has("changed foreign: vcpu");
    await host.daemon.virsh(URI, "domrename", uuid, "strange");
    await has("changed strange: renamed from foreign");
    const [again] = await hypervisor.list();
    assert.equal((await hypervisor.list())[0], again);

    await virshXml("create", tinyGuest({ name: "passing", uuid: passing }));
    await has("status passing: running");
    const seen = await hypervisor.find(passing);
    assert.deepEqual(seen?.live, seen?.stored);
    await host.daemon.virsh(URI, "suspend", passing);
    await has("status passing: paused");
    assert.deepEqual(await states(hypervisor), ["passing paused user", "strange stopped "]);
    await host.daemon.virsh(URI, "destroy", passing);
    await has("deleted passing");
    assert.deepEqual(await states(hypervisor), ["strange stopped "]);
    await host.daemon.virsh(URI, "undefine", uuid);
    await has("deleted strange");
    assert.equal(await hypervisor.find(uuid), undefined);
  });

  test("a guest's address, memory and end of boot", async (t) => {
    const hypervisor = await open(t);
    const { has, heard } = listen(t, hypervisor);
    const { uid, config } = await makeGuest(hypervisor);
    await hypervisor.start(uid);
    assert.deepEqual((await hypervisor.find(uid))?.live, config);
    await has("status web: has the address");
    const address = /^[^(]*?([\d.]+)\/24/m.exec(await host.daemon.virsh(URI, "domifaddr", uid))?.[1];
    assert.equal((await hypervisor.find(uid))?.ipAddress, address);
    await has("status web: cloud-init");
    const booted = await hypervisor.find(uid);
    assert.deepEqual([booted?.guestAgent, booted?.bootFinished, booted?.ipAddress], [true, true, address]);
    assert.equal(booted?.live.ramGb, config.ramGb, "headroom is no drift");
    await using other = await host.open({ dir: await host.makeFolder() });
    assert.deepEqual((await other.find(uid))?.startedAt, booted?.startedAt);

    await host.daemon.virsh(URI, "setmem", uid, "224M", "--live");
    await until(async () => (await hypervisor.find(uid))?.live.ramGb === 224 / 1024);
    assert.equal((await hypervisor.find(uid))?.stored.ramGb, config.ramGb);
    await until(async () => ((await hypervisor.usage(uid)).get(uid)?.ramUsedBytes ?? 0) > 0);
    const usage = (await hypervisor.usage(uid)).get(uid);
    assert.ok(usage !== undefined && usage.ramPercent > 0 && usage.ramPercent < 100 && usage.disk.readBytes > 0, JSON.stringify(usage));
    assert.ok(usage.cpuSeconds > 0 && usage.network.receivedBytes > 0, JSON.stringify(usage));

    await host.daemon.virsh(URI, "destroy", uid);
    await has("status web: stopped: destroyed");
    const stopped = await hypervisor.find(uid);
    assert.deepEqual([stopped?.ipAddress, stopped?.bootFinished, stopped?.guestAgent, stopped?.startedAt], ["", false, false, undefined]);
    await hypervisor.start(uid);
    assert.equal((await hypervisor.find(uid))?.ipAddress, "", "a lease of its last life is not its address");
    assert.ok(heard.length > 0);
  });
});

async function states(hypervisor: Hypervisor): Promise<readonly string[]> {
  return (await hypervisor.list()).map(({ stored, status, statusReason }) => `${stored.name} ${status} ${statusReason}`).sort();
}

async function saysHostError(call: Promise<unknown>, detail: RegExp): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.equal(error.diagnostics[0].code, "HOST_ERROR");
    assert.match(error.diagnostics[0].detail, detail);
    return true;
  });
}

async function makeGuest(hypervisor: Hypervisor): Promise<{ readonly uid: string; readonly config: DomainConfig }> {
  const uid = randomUUID();
  const { digest } = await hypervisor.ensureImage({ name: GUEST_IMAGE });
  const root = { id: diskIdOf(uid, "root"), sizeGb: 1 };
  const config: DomainConfig = {
    name: "web",
    vcpu: 1,
    vcpuMax: 1,
    ramGb: 0.25,
    ramMaxGb: 0.375,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    autostart: false,
    disks: { root },
    nics: { default: { mac: macOf(uid, "default"), network: "default" } },
  };
  await hypervisor.createDisk(uid, "root", root, digest);
  await hypervisor.define(uid, config, "note", { hostname: "web", sshKeys: [], packages: [] });
  return { uid, config };
}

/** The process of a machine, seen from outside its namespace. */
async function qemuOf(uid: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words[words.indexOf("-uuid") + 1] === uid) return Number(pid);
  }
  throw new Error(`There is no process of ${uid}.`);
}
