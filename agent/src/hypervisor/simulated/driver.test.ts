import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";
import { diskIdOf } from "../identity.ts";
import type { Fault } from "./conduct.ts";
import { openSimulatedHypervisor } from "./driver.ts";
import type { SimulatedHypervisor } from "./driver.ts";
import { openSimulatedHost } from "./host.ts";
import type { BehindChange } from "./host.ts";

const UID = "00000000-0000-4000-8000-000000000001";

function open(t: TestContext): SimulatedHypervisor {
  const hypervisor = openSimulatedHypervisor();
  t.after(() => hypervisor[Symbol.asyncDispose]());
  return hypervisor;
}

async function define(hypervisor: Hypervisor, name = "web", uid = UID): Promise<string> {
  const root = { id: diskIdOf(uid, "root"), sizeGb: 10 };
  await hypervisor.createDisk(uid, "root", root);
  await hypervisor.define(
    uid,
    {
      name,
      vcpu: 2,
      vcpuMax: 2,
      ramGb: 4,
      ramMaxGb: 4,
      firmware: "bios",
      machine: "q35",
      accel: "auto",
      autostart: true,
      disks: { root },
      nics: { default: { mac: "52:54:00:00:00:01", network: "default" } },
    },
    "",
    { hostname: name, sshKeys: [], packages: [], password: "hunter2" },
  );
  return uid;
}

suite("faults of the simulated host", () => {
  const cases: { name: string; fault: Fault; want: { code: string; detail: RegExp; defined: boolean } }[] = [
    {
      name: "a full disk",
      fault: { call: "define", error: "disk-full" },
      want: { code: "HOST_OUT_OF_DISK", detail: /no space left/, defined: false },
    },
    {
      name: "a hypervisor that is down",
      fault: { call: "*", error: "hypervisor-down" },
      want: { code: "HOST_ERROR", detail: /does not answer/, defined: false },
    },
    {
      name: "a lost answer",
      fault: { call: "define", error: "timeout", moment: "after" },
      want: { code: "HOST_ERROR", detail: /not known/, defined: true },
    },
    {
      name: "words of its own",
      fault: { call: "define", name: "web", error: "internal error: no bus" },
      want: { code: "HOST_ERROR", detail: /no bus/, defined: false },
    },
  ];
  for (const { name, fault, want } of cases) {
    test(name, async (t) => {
      const hypervisor = open(t);
      hypervisor.host.addFault(fault);
      await assert.rejects(
        define(hypervisor),
        (error: unknown) =>
          error instanceof GhostError && error.diagnostics[0].code === want.code && want.detail.test(error.diagnostics[0].detail),
      );
      assert.equal((await hypervisor.find(UID)) !== undefined, want.defined);
      await define(hypervisor);
    });
  }

  test("happen as often as they were told, to whom they were told", async (t) => {
    const hypervisor = open(t);
    await define(hypervisor);
    const other = await define(hypervisor, "db", UID.replace(/1$/, "2"));
    hypervisor.host.addFault({ call: "start", name: "web", times: 2, error: "no" });
    await hypervisor.start(other);
    await assert.rejects(hypervisor.start(UID));
    await assert.rejects(hypervisor.start(UID));
    await hypervisor.start(UID);
    hypervisor.host.addFault({ call: "ping", times: Infinity, error: "no" });
    for (let i = 0; i < 3; i++) await assert.rejects(hypervisor.ping());
    hypervisor.host.clearFaults();
    await hypervisor.ping();
  });
});

suite("the simulated guest", () => {
  test("that does not listen is powered off after the timeout", async (t) => {
    const hypervisor = open(t);
    await define(hypervisor);
    await hypervisor.start(UID);
    hypervisor.host.setDomain("web", { ignores_acpi: true });
    assert.equal(await hypervisor.stop(UID, { timeoutMs: 5 }), "forced");
    assert.match((await hypervisor.find(UID))!.statusReason, /did not shut down in time/);
  });

  test("gets its address and finishes its boot after a while", async (t) => {
    const hypervisor = open(t);
    await define(hypervisor);
    hypervisor.host.setLatency({ address: 60_000, boot: 60_000 });
    await hypervisor.start(UID);
    const early = await hypervisor.find(UID);
    assert.deepEqual([early?.ipAddress, early?.bootFinished], ["", false]);
    hypervisor.host.setLatency({ address: 0, boot: 0 });
    const late = await hypervisor.find(UID);
    assert.match(late!.ipAddress, /^192\.168\.122\.\d+$/);
    assert.equal(late?.bootFinished, true);
  });

  test("keeps its address through a restart and shares it with nobody", async (t) => {
    const hypervisor = open(t);
    await define(hypervisor);
    const other = await define(hypervisor, "db", UID.replace(/1$/, "2"));
    await hypervisor.start(UID);
    await hypervisor.start(other);
    const [first, second] = (await hypervisor.list()).map((domain) => domain.ipAddress);
    assert.notEqual(first, second);
    await hypervisor.powerOff(UID);
    assert.equal((await hypervisor.find(UID))?.ipAddress, "");
    await hypervisor.start(UID);
    assert.equal((await hypervisor.find(UID))?.ipAddress, first);
  });

  test("never has its password written down", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "ghost-sim-"));
    t.after(() => rm(dir, { recursive: true }));
    const hypervisor = openSimulatedHypervisor({ dir });
    await define(hypervisor);
    await hypervisor[Symbol.asyncDispose]();
    const { readFile } = await import("node:fs/promises");
    assert.ok(!(await readFile(join(dir, "host.db"))).includes("hunter2"));
  });
});

suite("behind the agent", () => {
  const cases: {
    name: string;
    change: BehindChange;
    want: Partial<{ vcpu: number; ramGb: number; name: string; status: string; root: number; data: number; storedVcpu: number }>;
  }[] = [
    { name: "memory", change: { ram_gb: 8 }, want: { ramGb: 8 } },
    { name: "processors of the running machine alone", change: { vcpu: 4, where: "live" }, want: { vcpu: 4, storedVcpu: 2 } },
    { name: "processors of the next boot alone", change: { vcpu: 4, where: "stored" }, want: { vcpu: 2, storedVcpu: 4 } },
    { name: "a shutdown", change: { status: "stopped" }, want: { status: "stopped" } },
    { name: "a pause", change: { status: "paused" }, want: { status: "paused" } },
    { name: "a rename", change: { name: "shop" }, want: { name: "shop" } },
    { name: "disk sizes", change: { disk_gb: 5, disks: { data: 7 } }, want: { root: 5, data: 7 } },
  ];
  for (const { name, change, want } of cases) {
    test(name, async (t) => {
      const dir = await mkdtemp(join(tmpdir(), "ghost-sim-"));
      const hypervisor = openSimulatedHypervisor({ dir });
      t.after(async () => {
        await hypervisor[Symbol.asyncDispose]();
        await rm(dir, { recursive: true });
      });
      await define(hypervisor);
      await hypervisor.start(UID);
      await hypervisor.list();
      using host = openSimulatedHost(dir);
      host.setDomain("web", change);
      const domain = (await hypervisor.find(UID))!;
      const seen = {
        vcpu: domain.live.vcpu,
        ramGb: domain.live.ramGb,
        name: domain.live.name,
        status: domain.status,
        root: domain.live.disks["root"]?.sizeGb,
        data: domain.live.disks["data"]?.sizeGb,
        storedVcpu: domain.stored.vcpu,
      };
      for (const [key, value] of Object.entries(want)) assert.equal(seen[key as keyof typeof seen], value, key);
    });
  }

  test("a domain that no agent knows, and one that vanishes", async (t) => {
    const hypervisor = open(t);
    const uid = hypervisor.host.addForeignDomain({ name: "legacy", vcpu: 4, status: "running" });
    assert.deepEqual(
      (await hypervisor.list()).map((domain) => [domain.uid, domain.live.vcpu, domain.status, domain.metadata]),
      [[uid, 4, "running", ""]],
    );
    hypervisor.host.removeDomain("legacy", { keepDisks: true });
    assert.deepEqual(await hypervisor.list(), []);
    assert.deepEqual([hypervisor.host.listDisks().get(uid)?.length, await hypervisor.listDisks(uid)], [1, []]);
    assert.throws(() => hypervisor.host.setDomain("legacy", {}), GhostError);
  });

  test("an unchanged domain stays the same object", async (t) => {
    const hypervisor = open(t);
    await define(hypervisor);
    await define(hypervisor, "db", UID.replace(/1$/, "2"));
    const [web, db] = await hypervisor.list();
    hypervisor.host.setDomain("db", { vcpu: 3 });
    const [webAfter, dbAfter] = await hypervisor.list();
    assert.equal(webAfter, web);
    assert.notEqual(dbAfter, db);
  });
});

test("a process killed between disk and definition leaves the disk alone", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "ghost-sim-"));
  t.after(() => rm(dir, { recursive: true }));
  const script = `
    import { openSimulatedHypervisor } from ${JSON.stringify(new URL("./driver.ts", import.meta.url).href)};
    const hypervisor = openSimulatedHypervisor({ dir: ${JSON.stringify(dir)} });
    hypervisor.host.addFault({ call: "define", error: "crash" });
    const root = { id: "d1", sizeGb: 1 };
    await hypervisor.createDisk("u1", "root", root);
    await hypervisor.define("u1", { name: "web", disks: { root }, nics: {} }, "", { hostname: "web", sshKeys: [], packages: [] });`;
  const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
  const hypervisor = openSimulatedHypervisor({ dir });
  t.after(() => hypervisor[Symbol.asyncDispose]());
  assert.deepEqual(await hypervisor.list(), []);
  assert.deepEqual(await hypervisor.listDisks("u1"), ["d1"]);
  assert.deepEqual(hypervisor.host.listFaults(), []);
});
