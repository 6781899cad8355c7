import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { diffVm } from "@ghost/engine";
import type { DiagnosticCode, VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { Intent } from "./intent.ts";
import { changeIntent, createIntent, full, openBench, OWNER, PLAN } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

async function isEmpty({ hypervisor, store }: Bench): Promise<void> {
  assert.deepEqual(await hypervisor.list(), []);
  assert.equal(hypervisor.host.listDisks().size, 0);
  assert.equal(store.vms.size, 0);
}

suite("creating a VM", () => {
  test("makes what was asked for, on record and on the host", async (t) => {
    const bench = openBench(t);
    const config: VmConfig = {
      name: "web",
      vcpu: 2,
      vcpu_max: 4,
      ram_gb: 4,
      disks: { data: { size_gb: 5 } },
      networks: { lan: { bridge: "br0" }, wan: { network: "out" } },
      labels: { role: "web" },
      cloud_init: { packages: ["nginx"] },
    };
    const vm = await bench.create(config);
    assert.deepEqual(
      diffVm({
        desired: full(config),
        live: vm.live,
        applied: vm.applied,
        pending: vm.pending,
        status: vm.status,
        capabilities: (await bench.hypervisor.facts()).capabilities,
        guestAgent: false,
      }),
      [],
    );
    assert.deepEqual([vm.owner, vm.status, vm.planHash, vm.phase], [OWNER, "running", PLAN, "ready"]);
    assert.match(vm.imageDigest, /^sha256:/);
    assert.match(vm.ipAddress, /^192\.168\./);
    assert.deepEqual(Object.keys(vm.diskIds).sort(), ["data", "root"]);
    assert.deepEqual(await bench.vm("web"), vm);
    assert.equal(bench.store.vms.get(vm.uid)?.revision, vm.revision);
    assert.deepEqual(bench.bugs, []);
  });

  for (const [power, status] of [
    ["stopped", "stopped"],
    ["unmanaged", "stopped"],
    ["running", "running"],
  ] as const) {
    test(`with power: ${power}`, async (t) => assert.equal((await openBench(t).create({ name: "web", power })).status, status));
  }

  test("tells its phases and how much of the image there is", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ ensureImage: 400, createDisk: 1, define: 1, start: 1 });
    const phases: string[] = [];
    let bytes = 0;
    const followed = await bench.operations.execute(createIntent({ name: "web" }));
    followed.follow((operation) => {
      if (phases.at(-1) !== operation.phase) phases.push(operation.phase);
      if (operation.bytesTotal > 0) bytes = Math.max(bytes, operation.bytesDone);
    });
    const ended = await followed.ended;
    assert.equal(ended.state, "succeeded");
    for (const phase of ["image", "disk", "define", "start"]) assert.ok(phases.includes(phase), `${phase} in ${phases.join(" ")}`);
    assert.ok(bytes > 0);
  });

  const refused: { name: string; prepare?: (bench: Bench) => Promise<void>; config: VmConfig; code: DiagnosticCode; detail: RegExp }[] = [
    {
      name: "a name that somebody else has",
      prepare: async (bench) => void bench.hypervisor.host.addForeignDomain({ name: "web" }),
      config: {},
      code: "VM_EXISTS",
      detail: /nobody/,
    },
    {
      name: "a name that the stack has",
      prepare: async (bench) => void (await bench.create({ name: "web" })),
      config: {},
      code: "VM_EXISTS",
      detail: /belongs to spec:shop since/,
    },
    {
      name: "a host that takes none",
      prepare: (bench) => bench.store.writeSettings({ schedulable: false }),
      config: {},
      code: "HOST_NOT_SCHEDULABLE",
      detail: /schedulable: false/,
    },
    {
      name: "more processors than there are",
      config: { vcpu: 33 },
      code: "HOST_OUT_OF_VCPU",
      detail: /33 processors.*32 processors left: 1 processor short/,
    },
    {
      name: "more memory than is not reserved",
      prepare: (bench) => bench.store.writeSettings({ reserved_ram_gb: 100 }),
      config: { ram_gb: 40 },
      code: "HOST_OUT_OF_MEMORY",
      detail: /28 GiB of memory left: 12 GiB of memory short.*100 are reserved/,
    },
    {
      name: "more disk than the others leave",
      prepare: async (bench) => void bench.hypervisor.host.addForeignDomain({ name: "big", disk_gb: 1995 }),
      config: {},
      code: "HOST_OUT_OF_DISK",
      detail: /5 GiB of disk left/,
    },
    { name: "an image that there is not", config: { image: "windows-11" }, code: "IMAGE_UNKNOWN", detail: /windows-11/ },
    {
      name: "a password without its value",
      config: { cloud_init: { password: { version: 1 } } },
      code: "SECRET_NOT_FOUND",
      detail: /cloud_init.password/,
    },
    { name: "a name that is no name", config: { name: "../web" }, code: "VM_INVALID", detail: /\.\.\/web/ },
    { name: "a number out of range", config: { vcpu: 0 }, code: "VM_INVALID", detail: /at least 1/ },
    { name: "two images", config: { image_path: "/x" }, code: "VM_INVALID", detail: /several images/ },
  ];
  for (const { name, prepare, config, code, detail } of refused) {
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      await prepare?.(bench);
      const before = [...bench.store.vms.keys()];
      const operation = await bench.run(createIntent({ name: "web", ...config }));
      assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      assert.match(operation.diagnostics[0]!.detail, detail);
      assert.deepEqual([...bench.store.vms.keys()], before);
      assert.deepEqual(bench.bugs, []);
    });
  }

  test("all that is short is said at once", async (t) => {
    const operation = await openBench(t).run(createIntent({ name: "web", vcpu: 64, ram_gb: 500, disk_gb: 9000 }));
    assert.deepEqual(
      operation.diagnostics.map((each) => each.code),
      ["HOST_OUT_OF_VCPU", "HOST_OUT_OF_MEMORY", "HOST_OUT_OF_DISK"],
    );
  });
});

suite("a create that fails", () => {
  const faults: Fault[] = [
    { call: "ensureImage", error: "no route to host" },
    { call: "createDisk", error: "disk-full" },
    { call: "createDisk", name: "data", error: "disk-full" },
    { call: "createDisk", error: "timeout", moment: "after" },
    { call: "define", error: "refused" },
    { call: "define", error: "timeout", moment: "after" },
    { call: "start", error: "no such network" },
    { call: "start", error: "timeout", moment: "after" },
  ];
  for (const fault of faults) {
    test(`leaves nothing: ${fault.moment ?? "before"} ${fault.call} ${fault.name ?? ""}`, async (t) => {
      const bench = openBench(t);
      bench.hypervisor.host.addFault(fault);
      const intent = createIntent({ name: "web", disks: { data: { size_gb: 1 } } });
      const failed = await bench.run(intent);
      assert.equal(failed.state, "failed");
      await isEmpty(bench);
      const again = await bench.run(intent);
      assert.deepEqual([again.state, again.attempt], ["succeeded", 2]);
    });
  }

  test("and cannot be cleaned stays on record until the next attempt", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addFault({ call: "define", error: "refused" });
    bench.hypervisor.host.addFault({ call: "listDisks", error: "hypervisor-down" });
    const failed = await bench.run(createIntent({ name: "web" }));
    assert.deepEqual(
      failed.diagnostics.map((each) => each.severity),
      ["error", "warning"],
    );
    assert.equal((await bench.vm("web")).phase, "creating");
    const vm = await bench.create({ name: "web" });
    assert.equal(vm.status, "running");
    assert.equal(bench.hypervisor.host.listDisks().size, 1);
    assert.deepEqual([...bench.store.vms.keys()], [vm.uid]);
  });

  test("after the start keeps the VM: it is only not ready yet", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ address: 3_600_000 });
    const intent = createIntent({ name: "web", wait_for: "ip", wait_timeout_s: 1 });
    const failed = await bench.run(intent);
    assert.equal(failed.diagnostics[0]?.code, "WAIT_TIMEOUT");
    const vm = await bench.vm("web");
    assert.deepEqual([vm.status, vm.phase], ["running", "ready"]);
    bench.hypervisor.host.setLatency({ address: 0 });
    const again = await bench.run(intent);
    assert.deepEqual([again.state, again.noop], ["succeeded", false]);
  });
});

suite("a create whose end did not get on record", () => {
  async function cutOff(t: TestContext): Promise<{ bench: Bench; intent: Intent; startedAt: Date | undefined }> {
    const bench = openBench(t);
    const write = bench.store.write.bind(bench.store);
    bench.store.write = async (change) => {
      if (change.vm?.phase === "ready") throw problem("AGENT_DATABASE", "The database is locked.");
      await write(change);
    };
    const intent = createIntent({ name: "web", disks: { data: { size_gb: 1 } } });
    assert.equal((await bench.run(intent)).diagnostics[0]?.code, "AGENT_DATABASE");
    bench.store.write = write;
    assert.deepEqual([(await bench.vm("web")).phase, (await bench.vm("web")).status], ["creating", "running"]);
    return { bench, intent, startedAt: bench.hypervisor.host.findDomain("web")?.startedAt };
  }

  const again: { name: string; more: Partial<Intent>; want: string }[] = [
    { name: "by the same step", more: {}, want: "succeeded" },
    { name: "by another plan", more: { operationId: "two", planHash: "sha256:plan-9" }, want: "succeeded" },
    {
      name: "by another plan that wants more",
      more: { operationId: "two", planHash: "sha256:plan-9", vm: full({ name: "web", vcpu: 2 }) },
      want: "VM_EXISTS",
    },
    { name: "under another uid", more: { operationId: "two", uid: "other" }, want: "VM_EXISTS" },
  ];
  for (const { name, more, want } of again) {
    test(`is not made a second time ${name}`, async (t) => {
      const { bench, intent, startedAt } = await cutOff(t);
      const operation = await bench.run({ ...intent, ...more });
      assert.equal(operation.diagnostics[0]?.code ?? operation.state, want, operation.diagnostics[0]?.detail);
      const vm = await bench.vm("web");
      assert.deepEqual([vm.uid, vm.phase, vm.status, vm.startedAt], [intent.uid, "ready", "running", startedAt]);
      assert.match(vm.imageDigest, /^sha256:/);
    });
  }

  test("is changed and deleted as any other", async (t) => {
    const { bench } = await cutOff(t);
    const changed = await bench.run(changeIntent("update", await bench.vm("web"), { labels: { a: "b" } }, { promise: { impact: "none" } }));
    assert.equal(changed.state, "succeeded", changed.diagnostics[0]?.detail);
    assert.equal((await bench.vm("web")).phase, "ready");
    const { bench: other } = await cutOff(t);
    const seen = await other.vm("web");
    other.hypervisor.host.setDomain("web", { disks: { precious: 5 } });
    assert.equal((await other.run(changeIntent("delete", seen))).diagnostics[0]?.code, "PLAN_STALE");
    const attached = await other.vm("web");
    assert.equal((await other.run(changeIntent("delete", attached))).state, "succeeded");
    assert.deepEqual([await other.hypervisor.list(), other.store.vms.size], [[], 0]);
    assert.deepEqual([...other.hypervisor.host.listDisks()], [[attached.uid, [attached.diskIds["precious"]]]]);
  });
});

suite("a create of a uid that is there", () => {
  test("that is as asked does nothing", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    const again = await bench.run(createIntent({ name: "web" }, { uid: vm.uid, planHash: "sha256:other" }));
    assert.deepEqual([again.state, again.noop, again.vm?.revision], ["succeeded", true, vm.revision]);
  });

  test("that this plan left unfinished is finished", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    bench.hypervisor.host.setDomain("web", { status: "stopped" });
    const again = await bench.run(createIntent({ name: "web" }, { uid: vm.uid }));
    assert.deepEqual([again.state, again.noop, again.vm?.status], ["succeeded", false, "running"]);
  });

  test("that is another plan's and differs is refused", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    const again = await bench.run(createIntent({ name: "web", vcpu: 2 }, { uid: vm.uid, planHash: "sha256:other" }));
    assert.equal(again.diagnostics[0]?.code, "VM_EXISTS");
  });

  test("that the hypervisor lost is defined over the disks that are left", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web", disks: { data: { size_gb: 3 } }, labels: { a: "b" } });
    bench.hypervisor.host.removeDomain("web", { keepDisks: true });
    assert.equal((await bench.vm("web")).status, "error");
    const again = await bench.run(
      createIntent({ name: "web", disks: { data: { size_gb: 3 } }, labels: { a: "b" } }, { uid: vm.uid, planHash: "sha256:other" }),
    );
    assert.deepEqual([again.state, again.vm?.status], ["succeeded", "running"], again.diagnostics[0]?.detail);
    assert.deepEqual(again.vm?.diskIds, vm.diskIds);
    assert.deepEqual(again.vm?.macs, vm.macs);
    assert.deepEqual(again.vm?.createdAt, vm.createdAt);
  });

  test("whose disks are lost too gets new ones", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    bench.hypervisor.host.removeDomain("web");
    assert.deepEqual((await bench.vm("web")).diskIds, {});
    const again = await bench.run(createIntent({ name: "web" }, { uid: vm.uid, planHash: "sha256:other" }));
    assert.deepEqual([again.state, again.vm?.status], ["succeeded", "running"], again.diagnostics[0]?.detail);
  });

  test("that belongs to somebody else is refused", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" }, { owner: "terraform:net" });
    const operation = await bench.run(changeIntent("create", vm, {}, { vm: full({ name: "web" }) }));
    assert.deepEqual(
      [operation.diagnostics[0]?.code, /terraform:net since/.test(operation.diagnostics[0]?.detail ?? "")],
      ["OWNED_BY_OTHER", true],
    );
  });
});
