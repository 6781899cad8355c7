import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { describeDifference, diffVm, projectVm } from "@ghost/engine";
import type { DiagnosticCode, Impact, ObservedVm, VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { BehindChange } from "../hypervisor/simulated/host.ts";
import type { Intent, PlanPromise } from "./intent.ts";
import { changeIntent, createIntent, full, openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

async function changesLeft(bench: Bench, vm: ObservedVm, desired: VmConfig): Promise<string[]> {
  const { capabilities } = await bench.hypervisor.facts();
  return diffVm({
    desired,
    live: vm.live,
    applied: vm.applied,
    pending: vm.pending,
    status: vm.status,
    capabilities,
    guestAgent: vm.guestAgent,
  }).map((change) => change.path.join("."));
}

/** Waits for a condition; the test runner's own limit ends a wait that never comes true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const BASE: VmConfig = {
  name: "web",
  vcpu: 2,
  vcpu_max: 4,
  ram_gb: 4,
  ram_max_gb: 8,
  disk_gb: 20,
  disks: { data: { size_gb: 5 } },
  networks: { lan: { network: "default" } },
};

test("a disk and a card may be called what every object of the language has", async (t) => {
  const bench = openBench(t);
  const vm = await bench.create({ name: "web" });
  const named: VmConfig = {
    disks: { constructor: { size_gb: 5 } },
    networks: { ...vm.live.networks, constructor: { network: "default" } },
  };
  const attached = await bench.run(changeIntent("update", vm, named));
  assert.deepEqual([attached.state, attached.diagnostics], ["succeeded", []]);
  assert.deepEqual(attached.vm?.live.disks, { constructor: { size_gb: 5 } });
  assert.match(String(attached.vm?.diskIds["constructor"]), /^[\w.-]+$/);
  assert.ok(Object.hasOwn(attached.vm?.live.networks ?? {}, "constructor"));
  const detached = await bench.run(changeIntent("update", await bench.vm("web"), { disks: {}, networks: vm.live.networks ?? {} }));
  assert.deepEqual([detached.state, detached.vm?.live.disks ?? {}, detached.vm?.live.networks], ["succeeded", {}, vm.live.networks]);
  assert.deepEqual([[...bench.hypervisor.host.listDisks().values()].flat().length, bench.bugs], [1, []]);
});

test("a disk that somebody attached is detached, and stays", async (t) => {
  const bench = openBench(t);
  await bench.create(BASE);
  bench.hypervisor.host.setDomain("web", { disks: { theirs: 3 } });
  const vm = await bench.vm("web");
  const promise = { impact: "guest", maxImpact: "guest" } as const;
  const operation = await bench.run(changeIntent("update", vm, { disks: BASE.disks! }, { promise }));
  assert.equal(operation.state, "succeeded", operation.diagnostics[0]?.detail);
  assert.deepEqual([operation.vm?.live.disks, operation.vm?.status], [BASE.disks, "running"]);
  assert.ok(bench.hypervisor.host.listDisks().get(vm.uid)?.includes(vm.diskIds["theirs"]!));
});

test("a copy of a machine, metadata and all, is neither recorded nor deleted", async (t) => {
  const bench = openBench(t);
  const { uid } = await bench.create({ name: "web" });
  const { metadata } = (await bench.hypervisor.find(uid))!;
  const copy = bench.hypervisor.host.addForeignDomain({ name: "web-copy", disk_gb: 40, metadata });
  assert.equal((await bench.vm("web-copy")).owner, "");
  const refused = await bench.run(changeIntent("delete", await bench.vm("web-copy")));
  assert.equal(refused.diagnostics[0]?.code, "OWNED_BY_OTHER");
  await bench.operations.reconcile(() => Promise.reject(new Error("not again")));
  assert.deepEqual([bench.store.vms.has(copy), (await bench.hypervisor.find(copy))?.stored.name], [false, "web-copy"]);
});

suite("updating a VM", () => {
  const cases: {
    name: string;
    from?: VmConfig;
    to: VmConfig;
    behind?: BehindChange;
    restarts?: boolean;
    keepsDisks?: readonly string[];
    status?: string;
  }[] = [
    { name: "labels, metadata and protection", to: { labels: { a: "b" }, metadata: { c: "d" }, protect: true, on_remove: "retain" } },
    { name: "processors and memory within headroom", to: { vcpu: 4, ram_gb: 6 } },
    { name: "processors down, which this host cannot do live", to: { vcpu: 1 }, restarts: true },
    { name: "processors beyond headroom", to: { vcpu: 8, vcpu_max: 8 }, restarts: true },
    { name: "headroom taken away", to: { vcpu_max: undefined as never }, restarts: true },
    { name: "a larger root disk", to: { disk_gb: 30 } },
    { name: "a larger data disk", to: { disks: { data: { size_gb: 6 } } } },
    { name: "another disk", to: { disks: { data: { size_gb: 5 }, logs: { size_gb: 1 } } } },
    { name: "a disk less", to: { disks: undefined as never }, keepsDisks: ["root"] },
    { name: "a smaller data disk", to: { disks: { data: { size_gb: 1 } } }, keepsDisks: ["root"] },
    { name: "a smaller root disk", to: { disk_gb: 10 }, restarts: true, keepsDisks: ["data"] },
    { name: "another image, made anew", to: { image: "debian-13", image_on_change: "recreate" }, restarts: true, keepsDisks: ["data"] },
    { name: "cloud-init at the next boot", to: { cloud_init: { packages: ["nginx"] }, cloud_init_on_change: "next-boot" } },
    {
      name: "cloud-init with a new root disk",
      to: { cloud_init: { packages: ["nginx"] }, cloud_init_on_change: "recreate" },
      restarts: true,
      keepsDisks: ["data"],
    },
    { name: "cards by name", to: { networks: { lan: { bridge: "br0" }, wan: { network: "out" } } } },
    { name: "a card's own MAC", to: { networks: { lan: { network: "default", mac: "52:54:00:aa:bb:cc" } } }, restarts: true },
    { name: "no card of the old ones", to: { networks: { wan: { network: "out" } } } },
    { name: "firmware and machine", to: { firmware: "uefi", machine: "pc" }, restarts: true },
    { name: "acceleration", to: { accel: "tcg" }, restarts: true },
    { name: "autostart", to: { autostart: false } },
    { name: "power off", to: { power: "stopped" }, status: "stopped" },
    { name: "power off and hardware", to: { power: "stopped", vcpu: 8, vcpu_max: 8, firmware: "uefi" }, status: "stopped" },
    { name: "power on", from: { power: "stopped" }, to: { power: "running", vcpu: 8, vcpu_max: 8 } },
    {
      name: "hardware of a VM whose power is left to people",
      from: { power: "unmanaged" },
      to: { vcpu: 8, vcpu_max: 8, power: "unmanaged" },
      status: "stopped",
    },
    { name: "a new name", to: { name: "shop" }, restarts: true },
    { name: "drift in hardware", behind: { ram_gb: 8, where: "live" }, to: {} },
    { name: "drift in what is stored", behind: { vcpu: 1, where: "stored" }, to: {} },
    { name: "drift in the name", behind: { name: "oops" }, to: {}, restarts: true },
    { name: "drift in power", behind: { status: "stopped" }, to: {} },
    { name: "a paused guest", behind: { status: "paused" }, to: {} },
    { name: "a paused guest, with a restart", behind: { status: "paused" }, to: { firmware: "uefi" }, restarts: true },
    { name: "a crashed guest", behind: { status: "error", status_reason: "panicked" }, to: {} },
    { name: "a disk that somebody shrank and a card that somebody added", behind: { disk_gb: 10, networks: { spy: "default" } }, to: {} },
    { name: "a guest that does not listen", behind: { ignores_acpi: true }, to: { firmware: "uefi", stop_timeout_s: 1 }, restarts: true },
  ];
  for (const { name, from, to, behind, restarts = false, keepsDisks = ["root", "data"], status = "running" } of cases) {
    test(name, async (t) => {
      const bench = openBench(t);
      const made = await bench.create({ ...BASE, ...from });
      if (behind !== undefined) bench.hypervisor.host.setDomain("web", behind);
      const before = await bench.vm("web");
      const desired = full({ ...BASE, ...from, ...to });
      const heard: string[] = [];
      bench.hypervisor.onChange((event) => heard.push(event.detail));
      const intent = changeIntent(
        "update",
        before,
        {},
        { vm: desired, name: desired.name!, ...(desired.name !== before.name && { previousName: before.name }) },
      );
      const operation = await bench.run(intent);
      assert.deepEqual([operation.state, operation.noop], ["succeeded", false], operation.diagnostics[0]?.detail);
      const after = await bench.vm(desired.name!);
      assert.deepEqual(operation.vm, after);
      assert.deepEqual(await changesLeft(bench, after, desired), []);
      assert.equal(after.status, status);
      assert.deepEqual(after.applied, desired);
      assert.equal(after.uid, made.uid);
      assert.equal(
        heard.some((detail) => detail.startsWith("running → stopped")),
        restarts || (status === "stopped" && before.status === "running"),
        heard.join("; "),
      );
      for (const disk of keepsDisks) assert.equal(after.diskIds[disk], made.diskIds[disk], disk);
      assert.equal(after.diskIds["data"] === made.diskIds["data"], keepsDisks.includes("data"));
      assert.equal(bench.hypervisor.host.listDisks().get(made.uid)?.length, Object.keys(after.diskIds).length);
      assert.deepEqual(bench.store.vms.get(made.uid)?.looseDisks, []);
      assert.equal(bench.store.vms.get(made.uid)?.revision, after.revision);
      assert.deepEqual(bench.bugs, []);

      const again = await bench.run({ ...intent, operationId: "again", stepHash: "again" });
      assert.deepEqual([again.state, again.noop], ["succeeded", true]);
    });
  }

  test("that is as asked does nothing, whatever its revision", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const operation = await bench.run(changeIntent("update", vm, {}, { promise: { revision: "v1:old" } }));
    assert.deepEqual([operation.state, operation.noop], ["succeeded", true]);
    assert.equal((await bench.vm("web")).planHash, vm.planHash);
  });

  test("power is left to people from now on, which is only a word", async (t) => {
    const bench = openBench(t);
    const operation = await bench.run(changeIntent("update", await bench.create(BASE), { power: "unmanaged" }));
    assert.deepEqual([operation.noop, operation.vm?.live.power, operation.vm?.applied.power], [true, "unmanaged", "unmanaged"]);
  });

  test("what the plan could not have known stops it", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.setDomain("web", { ram_gb: 8 });
    const operation = await bench.run(changeIntent("update", vm, { vcpu: 4 }, { promise: { projection: projectVm(vm) } }));
    assert.equal(operation.diagnostics[0]?.code, "PLAN_STALE");
    assert.match(operation.diagnostics[0]!.detail, /ram_gb was 4, is 8/);
    assert.deepEqual(describeDifference(projectVm(vm), projectVm(await bench.vm("web"))), ["ram_gb was 4, is 8"]);
  });

  test("what the same plan has done does not stop it", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const intent = changeIntent("update", vm, { vcpu: 4, ram_gb: 6, labels: { a: "b" } });
    bench.hypervisor.host.addFault({ call: "change", error: "timeout", moment: "after" });
    assert.equal((await bench.run(intent)).state, "failed");
    assert.equal((await bench.vm("web")).live.vcpu, 4);
    const resumed = await bench.run(intent);
    assert.deepEqual([resumed.state, resumed.attempt], ["succeeded", 2], resumed.diagnostics[0]?.detail);
    bench.hypervisor.host.setDomain("web", { ram_gb: 5 });
    const drifted = await bench.run({ ...intent, operationId: "later", stepHash: "later" });
    assert.equal(drifted.diagnostics[0]?.code, "PLAN_STALE");
  });

  const refused: {
    name: string;
    behind?: BehindChange;
    from?: VmConfig;
    to: VmConfig;
    promise?: Partial<PlanPromise>;
    more?: Partial<Intent>;
    code: DiagnosticCode;
    detail: RegExp;
  }[] = [
    {
      name: "worse than the plan said",
      to: { vcpu: 8, vcpu_max: 8 },
      promise: { impact: "live" },
      code: "IMPACT_EXCEEDED",
      detail: /promised at most live.*would be restart \(vcpu/,
    },
    {
      name: "worse than the plan's ceiling",
      to: { firmware: "uefi" },
      promise: { impact: "replace", maxImpact: "restart" },
      code: "IMPACT_EXCEEDED",
      detail: /allows at most restart/,
    },
    {
      name: "worse than the VM allows",
      from: { disruption: { allow: "live" } },
      to: { firmware: "uefi" },
      code: "IMPACT_EXCEEDED",
      detail: /disruption.allow/,
    },
    {
      name: "worse than the VM allows so far",
      from: { disruption: { allow: "live" } },
      to: { firmware: "uefi", disruption: { allow: "data-loss" } },
      code: "IMPACT_EXCEEDED",
      detail: /allows at most live/,
    },
    {
      name: "worse than the VM is to allow",
      to: { firmware: "uefi", disruption: { allow: "live" } },
      code: "IMPACT_EXCEEDED",
      detail: /allows at most live/,
    },
    {
      name: "data loss of a protected VM",
      from: { protect: true },
      to: { protect: false, disk_gb: 10 },
      code: "VM_PROTECTED",
      detail: /protected/,
    },
    { name: "more than the host has", to: { vcpu: 40, vcpu_max: 40 }, code: "HOST_OUT_OF_VCPU", detail: /40 processors/ },
    {
      name: "somebody else's VM",
      to: { vcpu: 4 },
      more: { owner: "spec:other" },
      code: "OWNED_BY_OTHER",
      detail: /belongs to spec:shop since \d{4}.*spec:other must not change/,
    },
    { name: "a name that is taken", to: { name: "db" }, code: "VM_EXISTS", detail: /"db"/ },
    { name: "a VM that is gone", to: { vcpu: 4 }, more: { uid: "gone" }, code: "VM_NOT_FOUND", detail: /not on this host/ },
    {
      name: "a password without its value",
      to: { cloud_init: { password: { version: 2 } }, cloud_init_on_change: "next-boot" },
      code: "SECRET_NOT_FOUND",
      detail: /password/,
    },
    {
      name: "a step without a configuration",
      to: {},
      more: { vm: undefined as never },
      code: "PLAN_MISMATCH",
      detail: /carries no configuration/,
    },
  ];
  for (const { name, from, to, promise, more, code, detail } of refused) {
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      await bench.create({ ...BASE, ...from });
      await bench.create({ name: "db" });
      const before = await bench.vm("web");
      const operation = await bench.run(changeIntent("update", before, to, { ...(promise && { promise }), ...more }));
      assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      assert.match(operation.diagnostics[0]!.detail, detail);
      assert.deepEqual(await bench.vm("web"), before);
      assert.deepEqual(bench.bugs, []);
    });
  }

  const faults: { name: string; fault: Fault; to: VmConfig }[] = [
    {
      name: "a new disk cannot be made",
      fault: { call: "createDisk", error: "disk-full" },
      to: { disks: { data: { size_gb: 5 }, logs: { size_gb: 1 } } },
    },
    {
      name: "a new disk cannot be attached",
      fault: { call: "change", error: "refused" },
      to: { disks: { data: { size_gb: 5 }, logs: { size_gb: 1 } } },
    },
    { name: "a definition is refused while the guest is down", fault: { call: "change", error: "refused" }, to: { firmware: "uefi" } },
    { name: "a new root disk cannot take the old one's place", fault: { call: "change", error: "refused" }, to: { disk_gb: 10 } },
    { name: "the guest cannot be stopped", fault: { call: "stop", error: "refused" }, to: { firmware: "uefi" } },
  ];
  for (const { name, fault, to } of faults) {
    test(`that fails leaves the VM running with its disks: ${name}`, async (t) => {
      const bench = openBench(t);
      const made = await bench.create(BASE);
      bench.hypervisor.host.addFault(fault);
      const intent = changeIntent("update", made, to);
      assert.equal((await bench.run(intent)).state, "failed");
      const after = await bench.vm("web");
      assert.deepEqual([after.status, after.diskIds], ["running", made.diskIds]);
      assert.deepEqual(bench.hypervisor.host.listDisks().get(made.uid)?.toSorted(), Object.values(made.diskIds).toSorted());
      const again = await bench.run(intent);
      assert.equal(again.state, "succeeded", again.diagnostics[0]?.detail);
      assert.deepEqual(await changesLeft(bench, await bench.vm("web"), intent.vm!), []);
    });
  }
});

suite("what somebody does while a change is under way", () => {
  const cases: { name: string; call: "stop" | "createDisk"; from?: VmConfig; to: VmConfig; behind: BehindChange; status: string }[] = [
    {
      name: "a disk, while the guest shuts down",
      call: "stop",
      to: { firmware: "uefi" },
      behind: { disks: { precious: 50 } },
      status: "running",
    },
    {
      name: "a card, while the guest shuts down",
      call: "stop",
      to: { firmware: "uefi" },
      behind: { networks: { extra: "default" } },
      status: "running",
    },
    {
      name: "a disk, while another is made",
      call: "createDisk",
      to: { disks: { logs: { size_gb: 1 } } },
      behind: { disks: { precious: 50 } },
      status: "running",
    },
    {
      name: "a start, while a disk is made",
      call: "createDisk",
      from: { power: "stopped" },
      to: { disks: { data: { size_gb: 2 } }, firmware: "uefi" },
      behind: { status: "running" },
      status: "running",
    },
  ];
  for (const { name, call, from, to, behind, status } of cases) {
    test(`stops it and stays: ${name}`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create({ ...BASE, ...from });
      const real: (...args: never[]) => Promise<unknown> = bench.hypervisor[call];
      let there: Domain["stored"] | undefined;
      bench.hypervisor[call] = async (...args: unknown[]): Promise<never> => {
        const result = await real(...(args as never[]));
        bench.hypervisor.host.setDomain("web", behind);
        there = bench.hypervisor.host.findDomain("web")?.stored;
        return result as never;
      };
      const intent = changeIntent("update", vm, to);
      const ended = await bench.run(intent);
      bench.hypervisor[call] = real as never;
      assert.equal(ended.diagnostics[0]?.code, "PLAN_STALE", ended.state);
      const after = bench.hypervisor.host.findDomain("web")!;
      assert.ok(there !== undefined);
      assert.deepEqual([after.status, after.stored], [status, there]);
      const disks = Object.values(there.disks).map((disk) => disk.id);
      assert.deepEqual(bench.hypervisor.host.listDisks().get(vm.uid)?.toSorted(), disks.toSorted());
      assert.equal((await bench.run(intent)).diagnostics[0]?.code, "PLAN_STALE");
    });
  }
});

suite("power that is left to people", () => {
  for (const status of ["running", "paused", "stopped"] as const) {
    test(`stays ${status} when a label changes`, async (t) => {
      const bench = openBench(t);
      await bench.create({ ...BASE, power: "unmanaged" });
      bench.hypervisor.host.setDomain("web", { status });
      const intent = changeIntent("update", await bench.vm("web"), { labels: { a: "b" } }, { promise: { impact: "none" } });
      assert.equal((await bench.run(intent)).state, "succeeded");
      assert.equal((await bench.vm("web")).status, status);
    });
  }

  test("is not given back to a guest that was stopped while a change failed", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.setLatency({ createDisk: 60_000 });
    const followed = await bench.operations.execute(changeIntent("update", vm, { disks: { data: { size_gb: 5 }, logs: { size_gb: 1 } } }));
    await until(() => followed.operation.phase === "disk");
    bench.hypervisor.host.setDomain("web", { status: "stopped" });
    bench.operations.cancel(followed.operation.id);
    assert.equal((await followed.ended).state, "cancelled");
    assert.equal((await bench.vm("web")).status, "stopped");
  });
});

suite("a plan that failed and is taken up again", () => {
  for (const call of ["createDisk", "change", "stop", "start"] as const) {
    for (const alsoDown of [false, true]) {
      test(`after ${call}${alsoDown ? ", which could not be tidied up," : ""} touches nothing that came since`, async (t) => {
        const bench = openBench(t);
        const vm = await bench.create(BASE);
        const to: VmConfig = { disks: { logs: { size_gb: 1 } }, firmware: "uefi" };
        const intent = changeIntent("update", vm, to);
        bench.hypervisor.host.addFault({ call, error: "refused" });
        if (alsoDown) bench.hypervisor.host.addFault({ call: "find", error: "hypervisor-down", times: Infinity });
        const first = bench.run(intent);
        assert.equal((await first).state, "failed");
        bench.hypervisor.host.clearFaults();
        bench.hypervisor.host.setDomain("web", { disks: { precious: 50 } });
        const precious = (await bench.vm("web")).diskIds["precious"]!;
        const again = await bench.run(intent);
        assert.equal(again.diagnostics[0]?.code, "PLAN_STALE", again.state);
        assert.ok(bench.hypervisor.host.listDisks().get(vm.uid)?.includes(precious));
        bench.hypervisor.host.setDomain("web", { disks: { precious: 0 } });
        const last = await bench.run(intent);
        assert.equal(last.state, "succeeded", last.diagnostics[0]?.detail);
      });
    }
  }

  test("does not delete another disk of the same name", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const intent = changeIntent("update", vm, { disks: undefined as never });
    bench.hypervisor.host.addFault({ call: "change", error: "refused" });
    assert.equal((await bench.run(intent)).state, "failed");
    bench.hypervisor.host.setDomain("web", { disks: { data: 0 } });
    bench.hypervisor.host.setDomain("web", { disks: { data: 5 } });
    assert.equal((await bench.run(intent)).diagnostics[0]?.code, "PLAN_STALE");
    assert.equal(bench.hypervisor.host.listDisks().get(vm.uid)?.length, 2);
  });

  test("does not delete a VM that has a new disk", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const intent = changeIntent("delete", vm);
    bench.hypervisor.host.addFault({ call: "undefine", error: "refused" });
    assert.equal((await bench.run(intent)).state, "failed");
    bench.hypervisor.host.setDomain("web", { disks: { precious: 50 } });
    assert.equal((await bench.run(intent)).diagnostics[0]?.code, "PLAN_STALE");
    assert.equal(bench.hypervisor.host.listDisks().get(vm.uid)?.length, 3);
  });

  for (const by of ["power by hand", "a step of another plan that finds nothing to do"]) {
    test(`accepts no more after ${by}`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(BASE);
      const intent = changeIntent("update", vm, { vcpu: 4, labels: { a: "b" } });
      bench.hypervisor.host.addFault({ call: "change", error: "refused" });
      assert.equal((await bench.run(intent)).state, "failed");
      bench.hypervisor.host.setDomain("web", { vcpu: 3 });
      const now = await bench.vm("web");
      if (by === "power by hand") {
        assert.equal((await bench.run(changeIntent("stop", now, {}, { planHash: "" }))).state, "succeeded");
        assert.equal((await bench.run(changeIntent("start", now, {}, { planHash: "" }))).state, "succeeded");
      } else assert.equal((await bench.run(changeIntent("update", now, {}, { planHash: "sha256:other" }))).noop, true);
      assert.equal((await bench.run(intent)).diagnostics[0]?.code, "PLAN_STALE");
    });
  }
});

suite("a new root disk, and then a failure", () => {
  const from: VmConfig = {
    ...BASE,
    image_on_change: "recreate",
    cloud_init: { user_data: "#cloud-config\n" },
    cloud_init_on_change: "recreate",
  };
  const faults: Fault[] = [
    { call: "change", error: "timeout", moment: "after" },
    { call: "setGuest", error: "refused" },
    { call: "setGuest", error: "timeout", moment: "after" },
    { call: "deleteDisk", error: "refused" },
    { call: "deleteDisk", error: "timeout", moment: "after" },
    { call: "start", error: "refused" },
    { call: "start", error: "timeout", moment: "after" },
  ];
  for (const fault of faults) {
    test(`is on record and not made once more: ${fault.moment ?? "before"} ${fault.call}`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(from);
      bench.hypervisor.host.addFault(fault);
      const intent = changeIntent("update", vm, { image: "debian-13", labels: { a: "b" } });
      assert.equal((await bench.run(intent)).state, "failed");
      const left = await bench.vm("web");
      assert.notEqual(left.diskIds["root"], vm.diskIds["root"]);
      assert.notEqual(left.imageDigest, vm.imageDigest);
      assert.deepEqual(
        [left.status, left.live.image, left.applied.image, left.live.labels],
        ["running", "debian-13", "debian-13", { a: "b" }],
      );
      assert.deepEqual(await changesLeft(bench, left, intent.vm!), []);
      assert.notDeepEqual(await changesLeft(bench, left, vm.live), []);
      const again = await bench.run(intent);
      assert.equal(again.state, "succeeded", again.diagnostics[0]?.detail);
      assert.equal(again.vm?.diskIds["root"], left.diskIds["root"]);
    });
  }

  test("is on record after the next start, where not even that could be written", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(from);
    bench.hypervisor.host.addFault({ call: "change", error: "timeout", moment: "after" });
    const write = bench.store.write.bind(bench.store);
    bench.store.write = async (change) => {
      if (change.vm !== undefined && change.vm.revision !== "") throw problem("AGENT_DATABASE", "The database is locked.");
      await write(change);
    };
    const intent = changeIntent("update", vm, { image: "debian-13" });
    assert.equal((await bench.run(intent)).state, "failed");
    bench.store.write = write;
    assert.equal((await bench.vm("web")).live.image, "debian-12");
    await bench.operations.reconcile((reason) => Promise.reject(reason as Error));
    const left = await bench.vm("web");
    assert.deepEqual([left.live.image, left.applied.image, left.status], ["debian-13", "debian-13", "running"]);
    assert.notEqual(left.imageDigest, vm.imageDigest);
    assert.deepEqual(await changesLeft(bench, left, intent.vm!), []);
  });

  test("leaves a setup that did not reach the guest to be done", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(from);
    bench.hypervisor.host.addFault({ call: "setGuest", error: "refused" });
    const intent = changeIntent("update", vm, { image: "debian-13", cloud_init: { user_data: "#cloud-config\n# 2\n" } });
    assert.equal((await bench.run(intent)).state, "failed");
    const left = await bench.vm("web");
    assert.equal(left.live.image, "debian-13");
    assert.deepEqual(await changesLeft(bench, left, intent.vm!), ["cloud_init.user_data"]);
    const again = await bench.run(intent);
    assert.equal(again.state, "succeeded", again.diagnostics[0]?.detail);
    assert.deepEqual(await changesLeft(bench, await bench.vm("web"), intent.vm!), []);
    assert.match(bench.hypervisor.host.findDomain("web")?.metadata ?? "", /# 2/);
  });
});

suite("loose disks that could not be deleted", () => {
  async function leave(t: TestContext): Promise<{ bench: Bench; loose: readonly string[]; intent: Intent }> {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.addFault({ call: "change", error: "refused" });
    bench.hypervisor.host.addFault({ call: "deleteDisk", error: "refused" });
    const intent = changeIntent("update", vm, { disks: { data: { size_gb: 5 }, logs: { size_gb: 1 }, more: { size_gb: 1 } } });
    assert.equal((await bench.run(intent)).state, "failed");
    const loose = bench.store.vms.get(vm.uid)!.looseDisks;
    assert.equal(loose.length, 1);
    assert.ok(bench.hypervisor.host.listDisks().get(vm.uid)?.includes(loose[0]!));
    return { bench, loose, intent };
  }

  for (const [name, to] of [
    ["changes the VM", { labels: { a: "b" } }],
    ["finds nothing to do", {}],
  ] as const) {
    test(`are deleted by the next step, which ${name}`, async (t) => {
      const { bench } = await leave(t);
      const done = await bench.run(changeIntent("update", await bench.vm("web"), to, { planHash: "sha256:other" }));
      assert.equal(done.state, "succeeded", done.diagnostics[0]?.detail);
      assert.deepEqual(bench.store.vms.get(done.uid)?.looseDisks, []);
      assert.equal(bench.hypervisor.host.listDisks().get(done.uid)?.length, 2);
    });

    test(`stay on record when that fails too: ${name}`, async (t) => {
      const { bench, loose } = await leave(t);
      bench.hypervisor.host.addFault({ call: "deleteDisk", error: "refused", times: Infinity });
      const done = await bench.run(changeIntent("update", await bench.vm("web"), to, { planHash: "sha256:other" }));
      assert.equal(done.state, "succeeded", done.diagnostics[0]?.detail);
      assert.deepEqual(bench.store.vms.get(done.uid)?.looseDisks, loose);
    });
  }

  test("are used by the step that made them", async (t) => {
    const { bench, intent } = await leave(t);
    const done = await bench.run(intent);
    assert.equal(done.state, "succeeded", done.diagnostics[0]?.detail);
    assert.deepEqual(bench.store.vms.get(done.uid)?.looseDisks, []);
    assert.deepEqual(bench.hypervisor.host.listDisks().get(done.uid)?.toSorted(), Object.values(done.vm?.diskIds ?? {}).toSorted());
  });
});

suite("a rename that fails", () => {
  for (const [call, name] of [
    ["change", "web"],
    ["start", "shop"],
  ] as const) {
    test(`in ${call} leaves the name that the machine has`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(BASE);
      bench.hypervisor.host.addFault({ call, error: "refused", times: 2 });
      const intent = changeIntent("update", vm, { name: "shop" });
      assert.equal((await bench.run(intent)).state, "failed");
      bench.hypervisor.host.clearFaults();
      assert.deepEqual(
        [...(await bench.vms()).values()].map((each) => [each.name, each.live.name]),
        [[name, name]],
      );
      assert.equal((await bench.run(intent)).state, "succeeded");
      assert.deepEqual([...(await bench.vms()).keys()], ["shop"]);
    });
  }
});

suite("deleting a VM", () => {
  test("takes its disks, its record and its name", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const operation = await bench.run(changeIntent("delete", vm));
    assert.deepEqual(
      [operation.state, operation.vm, bench.store.vms.size, bench.hypervisor.host.listDisks().size],
      ["succeeded", undefined, 0, 0],
    );
    await bench.create(BASE);
  });

  test("leaves a disk that somebody attached", async (t) => {
    const bench = openBench(t);
    await bench.create(BASE);
    bench.hypervisor.host.setDomain("web", { disks: { theirs: 3 } });
    const vm = await bench.vm("web");
    assert.deepEqual(vm.foreignDisks, ["theirs"]);
    assert.equal((await bench.run(changeIntent("delete", vm))).state, "succeeded");
    assert.deepEqual(bench.hypervisor.host.listDisks().get(vm.uid), [vm.diskIds["theirs"]]);
  });

  test("that is gone is done", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await bench.run(changeIntent("delete", vm));
    const other = await bench.create(BASE);
    const again = await bench.run(changeIntent("delete", vm));
    assert.deepEqual([again.state, again.noop, (await bench.vm("web")).uid], ["succeeded", true, other.uid]);
  });

  test("that its hypervisor lost takes what is left", async (t) => {
    const bench = openBench(t);
    await bench.create(BASE);
    bench.hypervisor.host.removeDomain("web", { keepDisks: true });
    const operation = await bench.run(changeIntent("delete", await bench.vm("web")));
    assert.deepEqual([operation.state, bench.store.vms.size, bench.hypervisor.host.listDisks().size], ["succeeded", 0, 0]);
  });

  const refused: {
    name: string;
    config?: VmConfig;
    behind?: BehindChange;
    promise?: Partial<PlanPromise>;
    owner?: string;
    code: DiagnosticCode;
  }[] = [
    { name: "a protected one", config: { protect: true }, code: "VM_PROTECTED" },
    { name: "one that moved", behind: { vcpu: 3 }, code: "PLAN_STALE" },
    { name: "one that allows less", config: { disruption: { allow: "replace" } }, code: "IMPACT_EXCEEDED" },
    { name: "by a plan that allows less", promise: { maxImpact: "replace" }, code: "IMPACT_EXCEEDED" },
    { name: "somebody else's", owner: "spec:other", code: "OWNED_BY_OTHER" },
  ];
  for (const { name, config, behind, promise, owner, code } of refused) {
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create({ ...BASE, ...config });
      if (behind !== undefined) bench.hypervisor.host.setDomain("web", behind);
      const operation = await bench.run(
        changeIntent("delete", vm, {}, { ...(promise && { promise }), ...(owner !== undefined && { owner }) }),
      );
      assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      assert.equal((await bench.vm("web")).status, "running");
    });
  }

  test("that fails leaves the VM with its disks", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.addFault({ call: "undefine", error: "refused" });
    const intent = changeIntent("delete", vm);
    assert.equal((await bench.run(intent)).state, "failed");
    const after = await bench.vm("web");
    assert.deepEqual([after.phase, after.diskIds], ["ready", vm.diskIds]);
    assert.equal((await bench.run(intent)).state, "succeeded");
  });

  for (const call of ["powerOff", "undefine"] as const) {
    test(`that fails in ${call} leaves the guest running`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(BASE);
      bench.hypervisor.host.addFault({ call, error: "timeout", moment: call === "powerOff" ? "after" : "before" });
      assert.equal((await bench.run(changeIntent("delete", vm))).state, "failed");
      const after = await bench.vm("web");
      assert.deepEqual([after.status, after.revision], ["running", vm.revision]);
    });
  }

  test("that is cancelled too late goes on to its end", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.setLatency({ powerOff: 50 });
    const followed = await bench.operations.execute(changeIntent("delete", vm));
    await until(() => followed.operation.phase === "stop");
    bench.operations.cancel(followed.operation.id);
    assert.equal((await followed.ended).state, "succeeded");
    assert.deepEqual([...(await bench.vms()).keys()], []);
  });

  test("that fails half way goes on at the next attempt", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    bench.hypervisor.host.addFault({ call: "listDisks", error: "hypervisor-down" });
    const intent = changeIntent("delete", vm);
    assert.equal((await bench.run(intent)).state, "failed");
    assert.equal((await bench.vm("web")).phase, "deleting");
    assert.equal((await bench.run(intent)).state, "succeeded");
    assert.equal(bench.store.vms.size, 0);
  });
});

suite("taking over and letting go", () => {
  test("a VM of nobody's is adopted, with its disks and cards", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addForeignDomain({ name: "legacy", vcpu: 2, ram_gb: 2, status: "running" });
    const before = await bench.vm("legacy");
    const operation = await bench.run(changeIntent("adopt", before, { labels: { a: "b" } }));
    assert.equal(operation.state, "succeeded", operation.diagnostics[0]?.detail);
    const after = await bench.vm("legacy");
    assert.deepEqual(
      [after.owner, after.status, after.diskIds, after.macs, after.live.labels],
      ["spec:shop", "running", before.diskIds, before.macs, { a: "b" }],
    );
    assert.deepEqual(await changesLeft(bench, after, operation.vm!.applied), []);
    const again = await bench.run(changeIntent("adopt", after, {}));
    assert.deepEqual([again.state, again.noop], ["succeeded", true]);
  });

  test("another owner's VM is adopted and keeps its age", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE, { owner: "terraform:net" });
    const operation = await bench.run(changeIntent("adopt", vm));
    assert.deepEqual(
      [operation.state, operation.noop, operation.vm?.owner, operation.vm?.createdAt],
      ["succeeded", false, "spec:shop", vm.createdAt],
    );
  });

  test("a VM that moved since is not adopted", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addForeignDomain({ name: "legacy" });
    const vm = await bench.vm("legacy");
    bench.hypervisor.host.setDomain("legacy", { vcpu: 5 });
    assert.equal((await bench.run(changeIntent("adopt", vm))).diagnostics[0]?.code, "PLAN_STALE");
    assert.equal((await bench.vm("legacy")).owner, "");
  });

  test("a released VM goes on without an owner", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ ...BASE, labels: { a: "b" } });
    const operation = await bench.run(changeIntent("release", vm));
    assert.deepEqual(
      [operation.state, operation.vm?.owner, operation.vm?.status, operation.vm?.live.labels, operation.vm?.applied],
      ["succeeded", "", "running", { a: "b" }, {}],
    );
    assert.equal((await bench.run(changeIntent("release", operation.vm!))).noop, true);
    assert.equal((await bench.run(changeIntent("update", operation.vm!, { vcpu: 4 }))).diagnostics[0]?.code, "OWNED_BY_OTHER");
  });
});

suite("settings of the agent", () => {
  test("are merged, and once they are so, nothing is done", async (t) => {
    const bench = openBench(t);
    await bench.store.writeSettings({ reserved_vcpu: 2, labels: { a: "b" } });
    const intent: Intent = {
      ...createIntent({ name: "desk" }),
      kind: "agent",
      action: "settings",
      settings: { labels: { room: "office" }, schedulable: false },
    };
    assert.deepEqual(
      [(await bench.run(intent)).noop, bench.store.settings],
      [false, { reserved_vcpu: 2, labels: { room: "office" }, schedulable: false }],
    );
    assert.equal((await bench.run({ ...intent, operationId: "again" })).noop, true);
    assert.deepEqual(
      bench.operations.list({ activeOnly: false, limit: 10 }).map((operation) => [operation.kind, operation.state, operation.noop]),
      [
        ["agent", "succeeded", true],
        ["agent", "succeeded", false],
      ],
    );
  });
});

suite("power by hand", () => {
  const press = (action: "start" | "stop", vm: ObservedVm, more: Partial<Intent> = {}): Intent => {
    const { promise: _promise, ...intent } = changeIntent(action, vm, {}, { owner: "agent", planHash: "", ...more });
    return intent;
  };
  const cases: {
    name: string;
    action: "start" | "stop";
    owner?: string;
    config?: VmConfig;
    behind?: BehindChange;
    force?: boolean;
    want: string;
    power?: string;
  }[] = [
    { name: "stops the agent's own VM, to stay so", action: "stop", owner: "agent", want: "stopped", power: "stopped" },
    {
      name: "starts the agent's own VM, to stay so",
      action: "start",
      owner: "agent",
      config: { power: "stopped" },
      want: "running",
      power: "running",
    },
    { name: "stops a stack's VM, which is drift", action: "stop", want: "stopped", power: "running" },
    { name: "resumes a paused VM", action: "start", behind: { status: "paused" }, want: "running" },
    { name: "powers off at once", action: "stop", behind: { ignores_acpi: true }, force: true, want: "stopped" },
    {
      name: "waits for a guest, then powers off",
      action: "stop",
      config: { stop_timeout_s: 1 },
      behind: { ignores_acpi: true },
      want: "stopped",
    },
    { name: "is refused for a running VM", action: "start", want: "VM_POWER_STATE" },
    { name: "is refused for a stopped VM", action: "stop", config: { power: "stopped" }, want: "VM_POWER_STATE" },
    { name: "is refused where the VM allows less", action: "stop", config: { disruption: { allow: "live" } }, want: "IMPACT_EXCEEDED" },
  ];
  for (const { name, action, owner = "spec:shop", config, behind, force = false, want, power } of cases) {
    test(name, async (t) => {
      const bench = openBench(t);
      await bench.create({ ...BASE, ...config }, { owner });
      if (behind !== undefined) bench.hypervisor.host.setDomain("web", behind);
      const operation = await bench.run(press(action, await bench.vm("web"), { force }));
      assert.equal(operation.diagnostics[0]?.code ?? operation.vm?.status, want, operation.diagnostics[0]?.detail);
      if (power !== undefined) assert.equal(operation.vm?.applied.power, power);
    });
  }

  test("is refused for a machine of nobody's", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addForeignDomain({ name: "legacy", status: "running" });
    assert.equal((await bench.run(press("stop", await bench.vm("legacy")))).diagnostics[0]?.code, "OWNED_BY_OTHER");
  });
});

test("impacts are compared with what is live under the lock", async (t) => {
  const bench = openBench(t);
  await bench.create(BASE);
  const ladder: [VmConfig, Impact][] = [
    [{ labels: { a: "1" } }, "none"],
    [{ ram_gb: 5 }, "live"],
    [{ accel: "tcg" }, "restart"],
    [{ machine: "pc" }, "replace"],
    [{ disk_gb: 5 }, "data-loss"],
  ];
  for (const [to, impact] of ladder) {
    const vm = await bench.vm("web");
    const exact = await bench.run(changeIntent("update", vm, to, { promise: { impact } }));
    assert.equal(exact.state, "succeeded", `${impact}: ${exact.diagnostics[0]?.detail}`);
  }
});
