/**
 * What every driver promises, as tests. A driver's own test file calls this with a way to open it; the numbers are
 * those of the rules in driver.ts.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { DomainConfig, GuestSetup, Hypervisor } from "./driver.ts";
import { diskIdOf, macOf } from "./identity.ts";

export interface ContractSubject {
  readonly hypervisor: Hypervisor;
  /** Catalogue name of an image that can be had. */
  readonly image: string;
  /** Opens the same host again as another process would. */
  readonly reopen: () => Promise<Hypervisor>;
  /** Waits until a machine that was started takes what its system has a say in: asked to stop, to let a device go. */
  readonly ready?: (uid: string) => Promise<void>;
}

const GUEST: GuestSetup = { hostname: "web", sshKeys: [], packages: [] };
/** Long enough for a slow machine; a guest that listens ends far sooner. */
const STOP_TIMEOUT_MS = 60_000;

export interface ContractOptions {
  /** The host lives on when the driver is closed. Without it `reopen` is never called. */
  readonly persistent: boolean;
}

export function testHypervisor(name: string, { persistent }: ContractOptions, open: (t: TestContext) => Promise<ContractSubject>): void {
  suite(`hypervisor contract: ${name}`, () => {
    test("answers, and says what the host has", async (t) => {
      const { hypervisor } = await open(t);
      await hypervisor.ping();
      const { total } = await hypervisor.facts();
      assert.ok(total.vcpu > 0 && total.ram_gb > 0 && total.disk_gb > 0);
      assert.ok((await hypervisor.images()).length > 0);
    });

    test("an image is fetched once and keeps its digest", async (t) => {
      const { hypervisor, image } = await open(t);
      const updates: { bytesDone?: number; bytesTotal?: number }[] = [];
      const first = await hypervisor.ensureImage({ name: image }, { onProgress: (update) => updates.push(update) });
      assert.match(first.digest, /^sha256:[0-9a-f]{64}$/);
      const last = updates.at(-1);
      assert.ok(last === undefined || last.bytesDone === last.bytesTotal);
      assert.deepEqual(await hypervisor.ensureImage({ name: image }), first);
      const known = (await hypervisor.images()).find((each) => each.name === image);
      assert.deepEqual([known?.digest, known?.cached], [first.digest, true]);
    });

    test("a pinned image is that content or nothing", async (t) => {
      const { hypervisor, image } = await open(t);
      const { digest } = await hypervisor.ensureImage({ name: image });
      assert.equal((await hypervisor.ensureImage({ name: image, digest })).digest, digest);
      await rejects(hypervisor.ensureImage({ name: image, digest: `sha256:${"0".repeat(64)}` }), "IMAGE_MISSING", /sha256:0{64}/);
    });

    test("an unknown image is named", async (t) => {
      const { hypervisor } = await open(t);
      await rejects(hypervisor.ensureImage({ name: "no-such-image" }), "IMAGE_UNKNOWN", /no-such-image/);
    });

    test("a domain is defined stopped, and found by uid (1)", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      const domain = await hypervisor.find(uid);
      assert.equal(domain?.status, "stopped");
      assert.deepEqual(domain.live, config);
      assert.deepEqual(domain.stored, config);
      assert.equal(domain.metadata, '{"note":1}');
      assert.equal(domain.startedAt, undefined);
      assert.deepEqual(
        (await hypervisor.list()).map((each) => each.uid),
        [uid],
      );
      assert.equal(await hypervisor.find(randomUUID()), undefined);
    });

    test("repeating a call changes nothing (2)", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      await hypervisor.createDisk(uid, "root", config.disks["root"]!, undefined);
      assert.deepEqual(await hypervisor.listDisks(uid), [config.disks["root"]!.id]);
      await hypervisor.define(uid, config, '{"note":1}', GUEST);
      await hypervisor.start(uid);
      const started = await hypervisor.find(uid);
      await hypervisor.start(uid);
      assert.deepEqual(await hypervisor.find(uid), started);
      await hypervisor.powerOff(uid);
      await hypervisor.powerOff(uid);
      assert.equal(await hypervisor.stop(uid, { timeoutMs: STOP_TIMEOUT_MS }), "graceful");
      await hypervisor.undefine(uid, { disks: "delete" });
      await hypervisor.undefine(uid, { disks: "delete" });
      await hypervisor.deleteDisk(uid, config.disks["root"]!.id);
      assert.equal(await hypervisor.find(uid), undefined);
    });

    test("a domain is found by the name it has now", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      assert.deepEqual(await hypervisor.findByName(config.name), await hypervisor.find(uid));
      await hypervisor.change(uid, { name: "renamed" }, { live: false });
      assert.equal(await hypervisor.findByName(config.name), undefined);
      await hypervisor.start(uid);
      assert.equal((await hypervisor.findByName("renamed"))?.uid, uid);
      await hypervisor.powerOff(uid);
      await hypervisor.undefine(uid, { disks: "delete" });
      assert.equal(await hypervisor.findByName("renamed"), undefined);
    });

    test("a name is taken once", async (t) => {
      const { hypervisor, image } = await open(t);
      const { config } = await defineOne(hypervisor, image);
      const other = randomUUID();
      const disks = { root: { id: diskIdOf(other, "root"), sizeGb: 1 } };
      await hypervisor.createDisk(other, "root", disks.root);
      await rejects(hypervisor.define(other, { ...config, disks, nics: {} }, "", GUEST), "VM_EXISTS", /web/);
      assert.equal(await hypervisor.find(other), undefined);
      assert.deepEqual(await hypervisor.listDisks(other), [disks.root.id]);
    });

    test("starts, reports and stops", async (t) => {
      const { hypervisor, image, ready } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await ready?.(uid);
      const domain = await hypervisor.find(uid);
      assert.equal(domain?.status, "running");
      assert.ok(domain.startedAt instanceof Date);
      const usage = (await hypervisor.usage()).get(uid);
      assert.ok(usage !== undefined && usage.cpuPercent >= 0 && usage.ramPercent >= 0 && usage.uptimeSeconds >= 0);
      await hypervisor.stop(uid, { timeoutMs: STOP_TIMEOUT_MS });
      assert.equal((await hypervisor.find(uid))?.status, "stopped");
      assert.equal((await hypervisor.usage()).has(uid), false);
    });

    test("a running machine changes within its headroom, live and stored", async (t) => {
      const { hypervisor, image, ready } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await ready?.(uid);
      await hypervisor.change(uid, { vcpu: 4, ramGb: 2 }, { live: true });
      const domain = await hypervisor.find(uid);
      assert.deepEqual([domain?.live.vcpu, domain?.live.ramGb, domain?.stored.vcpu, domain?.stored.ramGb], [4, 2, 4, 2]);
    });

    test("what a running machine cannot change is refused live, and leaves it as it was (3)", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      const before = await hypervisor.find(uid);
      await rejects(hypervisor.change(uid, { vcpu: 99, vcpuMax: 99 }, { live: true }), "HOST_ERROR");
      await rejects(hypervisor.change(uid, { firmware: "bios" }, { live: true }), "HOST_ERROR");
      await rejects(hypervisor.change(uid, { name: "other" }, { live: false }), "HOST_ERROR");
      assert.deepEqual(await hypervisor.find(uid), before);
    });

    test("a stored change waits for the next boot", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await hypervisor.change(uid, { vcpu: 8, vcpuMax: 8, firmware: "bios" }, { live: false });
      const running = await hypervisor.find(uid);
      assert.deepEqual(
        [running?.live.vcpu, running?.live.firmware, running?.stored.vcpu, running?.stored.firmware],
        [2, "uefi", 8, "bios"],
      );
      await hypervisor.powerOff(uid);
      await hypervisor.start(uid);
      const restarted = await hypervisor.find(uid);
      assert.deepEqual([restarted?.live.vcpu, restarted?.live.firmware], [8, "bios"]);
      assert.deepEqual(restarted?.live, restarted?.stored);
    });

    test("a stopped machine is renamed and keeps everything else", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      await hypervisor.change(uid, { name: "shop", metadata: "new" }, { live: false });
      const domain = await hypervisor.find(uid);
      assert.deepEqual(domain?.live, { ...config, name: "shop" });
      assert.equal(domain.metadata, "new");
    });

    test("disks are added, grown, detached and deleted by name (4)", async (t) => {
      const { hypervisor, image, ready } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await ready?.(uid);
      const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
      await hypervisor.createDisk(uid, "data", data);
      await hypervisor.change(uid, { addDisks: { data } }, { live: true });
      await hypervisor.growDisk(uid, "data", 2);
      assert.deepEqual((await hypervisor.find(uid))?.live.disks, { ...config.disks, data: { ...data, sizeGb: 2 } });
      await rejects(hypervisor.growDisk(uid, "data", 1), "HOST_ERROR");
      await rejects(hypervisor.deleteDisk(uid, data.id), "HOST_ERROR");
      await hypervisor.change(uid, { removeDisks: ["data"] }, { live: true });
      assert.deepEqual((await hypervisor.find(uid))?.live.disks, config.disks);
      assert.equal((await hypervisor.listDisks(uid)).length, 2);
      await hypervisor.deleteDisk(uid, data.id);
      assert.deepEqual(await hypervisor.listDisks(uid), [config.disks["root"]!.id]);
    });

    test("a disk takes another's place under its name", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      const anew = { id: diskIdOf(uid, "root", "2"), sizeGb: 1 };
      await hypervisor.createDisk(uid, "root", anew);
      await hypervisor.change(uid, { removeDisks: ["root"], addDisks: { root: anew } }, { live: false });
      assert.deepEqual((await hypervisor.find(uid))?.stored.disks, { root: anew });
      await hypervisor.deleteDisk(uid, config.disks["root"]!.id);
      assert.deepEqual(await hypervisor.listDisks(uid), [anew.id]);
    });

    test("cards are added, changed and removed by name", async (t) => {
      const { hypervisor, image, ready } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await ready?.(uid);
      const lan = { mac: macOf(uid, "lan"), network: "user" };
      await hypervisor.change(uid, { addNics: { lan } }, { live: true });
      assert.deepEqual((await hypervisor.find(uid))?.live.nics, { ...config.nics, lan });
      await hypervisor.change(uid, { removeNics: ["lan"] }, { live: true });
      assert.deepEqual((await hypervisor.find(uid))?.live.nics, config.nics);
    });

    test("a running machine is suspended and resumed", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await rejects(hypervisor.suspend(uid), "HOST_ERROR");
      await hypervisor.start(uid);
      await hypervisor.suspend(uid);
      await hypervisor.suspend(uid);
      const suspended = await hypervisor.find(uid);
      assert.equal(suspended?.status, "paused");
      await hypervisor.resume(uid);
      await hypervisor.resume(uid);
      const resumed = await hypervisor.find(uid);
      assert.deepEqual([resumed?.status, resumed?.startedAt, resumed?.live], ["running", suspended.startedAt, suspended.live]);
    });

    test("a snapshot brings a stopped machine back as it was", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image, BIOS);
      await hypervisor.createSnapshot(uid, { name: "before", description: 'as <it> "was" & is' });
      await rejects(hypervisor.createSnapshot(uid, { name: "before", description: "" }), "SNAPSHOT_EXISTS", /before/);
      const [first] = await hypervisor.snapshots(uid);
      assert.ok(first !== undefined && first.createdAt instanceof Date);
      assert.deepEqual(first, {
        name: "before",
        description: 'as <it> "was" & is',
        createdAt: first.createdAt,
        status: "stopped",
        isCurrent: true,
      });
      await hypervisor.change(uid, { vcpu: 3, metadata: "later" }, { live: false });
      await hypervisor.growDisk(uid, "root", 11);
      await hypervisor.createSnapshot(uid, { name: "after", description: "" });
      assert.deepEqual(await family(hypervisor, uid), { before: ["", false], after: ["before", true] });
      await hypervisor.revertSnapshot(uid, "before");
      const back = await hypervisor.find(uid);
      assert.deepEqual([back?.status, back?.stored, back?.live, back?.metadata], ["stopped", config, config, '{"note":1}']);
      assert.deepEqual(await family(hypervisor, uid), { before: ["", true], after: ["before", false] });
      await rejects(hypervisor.revertSnapshot(uid, "never"), "SNAPSHOT_NOT_FOUND", /never/);
      await hypervisor.deleteSnapshot(uid, "before");
      await hypervisor.deleteSnapshot(uid, "before");
      assert.deepEqual(await family(hypervisor, uid), { after: ["", false] });
      assert.deepEqual(await hypervisor.find(uid), back);
      await hypervisor.start(uid);
    });

    test("a snapshot of a running machine brings it back running", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image, BIOS);
      await hypervisor.start(uid);
      await hypervisor.createSnapshot(uid, { name: "up", description: "" });
      assert.deepEqual(
        (await hypervisor.snapshots(uid)).map((each) => each.status),
        ["running"],
      );
      assert.equal((await hypervisor.find(uid))?.status, "running");
      await hypervisor.suspend(uid);
      await hypervisor.revertSnapshot(uid, "up");
      assert.equal((await hypervisor.find(uid))?.status, "running");
      await hypervisor.powerOff(uid);
      await hypervisor.change(uid, { vcpu: 1 }, { live: false });
      await hypervisor.revertSnapshot(uid, "up");
      const back = await hypervisor.find(uid);
      assert.deepEqual([back?.status, back?.live.vcpu, back?.stored], ["running", 2, config]);
    });

    test("a machine that has other disks than its snapshot is left as it is (4)", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image, BIOS);
      await hypervisor.createSnapshot(uid, { name: "small", description: "" });
      const data = { id: diskIdOf(uid, "data"), sizeGb: 1 };
      await hypervisor.createDisk(uid, "data", data);
      await hypervisor.change(uid, { addDisks: { data } }, { live: false });
      await hypervisor.createSnapshot(uid, { name: "large", description: "" });
      const before = await hypervisor.find(uid);
      await rejects(hypervisor.revertSnapshot(uid, "small"), "UNSUPPORTED", /small/);
      assert.deepEqual(await hypervisor.find(uid), before);
      await hypervisor.change(uid, { removeDisks: ["data"] }, { live: false });
      await hypervisor.deleteDisk(uid, data.id);
      await rejects(hypervisor.revertSnapshot(uid, "large"), "UNSUPPORTED", /large/);
      await hypervisor.deleteSnapshot(uid, "large");
      await hypervisor.revertSnapshot(uid, "small");
      assert.deepEqual(await family(hypervisor, uid), { small: ["", true] });
    });

    test("what removes a machine removes its snapshots", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image, BIOS);
      await hypervisor.createSnapshot(uid, { name: "one", description: "" });
      await hypervisor.createSnapshot(uid, { name: "two", description: "" });
      await hypervisor.undefine(uid, { disks: "delete" });
      assert.deepEqual(await hypervisor.listDisks(uid), []);
      await hypervisor.createDisk(uid, "root", config.disks["root"]!);
      await hypervisor.define(uid, config, "", GUEST);
      assert.deepEqual(await hypervisor.snapshots(uid), []);
    });

    test("a stopped machine has no console, and one that never started wrote nothing", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await rejects(hypervisor.openConsole(uid), "VM_POWER_STATE", /web/);
      assert.deepEqual(await Array.fromAsync(hypervisor.consoleLog(uid)), []);
      assert.deepEqual(await Array.fromAsync(hypervisor.consoleLog(uid, { tailBytes: 10 })), []);
    });

    test("one person at a time has the console; who takes it ends it for the other", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      const first = await hypervisor.openConsole(uid);
      await rejects(hypervisor.openConsole(uid), "HOST_ERROR", /open already/);
      const firstEnds = Array.fromAsync(first.output);
      const second = await hypervisor.openConsole(uid, { force: true });
      await firstEnds;
      await first[Symbol.asyncDispose]();
      await second.write(Buffer.from("x"));
      await second[Symbol.asyncDispose]();
      await using third = await hypervisor.openConsole(uid);
      await third[Symbol.asyncDispose]();
      await rejects(third.write(Buffer.from("x")), "HOST_ERROR", /ended/);
    });

    test("a console ends with its machine", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await using console = await hypervisor.openConsole(uid);
      const ends = Array.fromAsync(console.output);
      await hypervisor.powerOff(uid);
      await ends;
    });

    test("who follows the log stops when they like", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      const leave = new AbortController();
      const followed = Array.fromAsync(hypervisor.consoleLog(uid, { follow: true, signal: leave.signal }));
      leave.abort();
      await followed;
    });

    test("a removed definition can leave its disks (4)", async (t) => {
      const { hypervisor, image } = await open(t);
      const { uid, config } = await defineOne(hypervisor, image);
      await hypervisor.undefine(uid, { disks: "keep" });
      assert.deepEqual(await hypervisor.listDisks(uid), [config.disks["root"]!.id]);
      await hypervisor.define(uid, config, "", GUEST);
      await hypervisor.undefine(uid, { disks: "delete" });
      assert.deepEqual(await hypervisor.listDisks(uid), []);
    });

    test("a listener hears of every change", async (t) => {
      const { hypervisor, image } = await open(t);
      const heard: string[] = [];
      const stop = hypervisor.onChange((event) => heard.push(event.what));
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      await hypervisor.change(uid, { vcpu: 4 }, { live: true });
      await hypervisor.powerOff(uid);
      await hypervisor.undefine(uid, { disks: "delete" });
      await until(() => heard.includes("deleted"));
      assert.deepEqual([...new Set(heard)].sort(), ["changed", "created", "deleted", "status"]);
      stop();
    });

    if (!persistent) return;
    test("everything is there after another process opens the host", async (t) => {
      const { hypervisor, image, reopen } = await open(t);
      const { uid } = await defineOne(hypervisor, image);
      await hypervisor.start(uid);
      const other = await reopen();
      t.after(() => other[Symbol.asyncDispose]());
      assert.deepEqual(await other.list(), await hypervisor.list());
      const heard: string[] = [];
      t.after(hypervisor.onChange((event) => heard.push(`${event.what} ${event.name}`)));
      await other.powerOff(uid);
      await until(() => heard.includes("status web"));
      assert.equal((await hypervisor.find(uid))?.status, "stopped");
    });
  });
}

/** What every hypervisor keeps snapshots of. */
const BIOS: Partial<DomainConfig> = { firmware: "bios" };

async function defineOne(
  hypervisor: Hypervisor,
  image: string,
  more: Partial<DomainConfig> = {},
): Promise<{ uid: string; config: DomainConfig }> {
  const uid = randomUUID();
  const { digest } = await hypervisor.ensureImage({ name: image });
  const root = { id: diskIdOf(uid, "root"), sizeGb: 10 };
  await hypervisor.createDisk(uid, "root", root, digest);
  const config: DomainConfig = {
    name: "web",
    vcpu: 2,
    vcpuMax: 4,
    ramGb: 1,
    ramMaxGb: 2,
    firmware: "uefi",
    machine: "q35",
    accel: "auto",
    autostart: false,
    disks: { root },
    nics: { default: { mac: macOf(uid, "default"), network: "default" } },
    ...more,
  };
  await hypervisor.define(uid, config, '{"note":1}', GUEST);
  return { uid, config };
}

/** Of each snapshot its parent, and whether what the machine has began there. */
async function family(hypervisor: Hypervisor, uid: string): Promise<Readonly<Record<string, readonly [string, boolean]>>> {
  return Object.fromEntries((await hypervisor.snapshots(uid)).map((each) => [each.name, [each.parent ?? "", each.isCurrent]]));
}

async function rejects(promise: Promise<unknown>, code: string, detail?: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.equal(error.diagnostics[0].code, code, error.message);
    if (detail !== undefined) assert.match(error.diagnostics[0].detail, detail);
    return true;
  });
}

/** Waits for a condition; the test runner's own limit ends a wait that never comes true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
