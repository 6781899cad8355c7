import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { VmAct } from "@ghost/proto";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { DomainSnapshot } from "../hypervisor/driver.ts";
import { problem } from "@ghost/schemas";
import type { DiagnosticCode, ObservedVm, Operation, VmConfig } from "@ghost/schemas";
import { intentOfAct } from "./intent.ts";
import { changeIntent, openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

const BASE: VmConfig = { name: "web", disks: { data: { size_gb: 5 } }, labels: { role: "web" } };

type Act = Omit<VmAct, "operationId" | "vm"> & { readonly operationId?: string };

function act(bench: Bench, vm: ObservedVm, { operationId = randomUUID(), ...what }: Act): Promise<Operation> {
  return bench.run(intentOfAct({ operationId, vm: vm.name, ...what }, vm));
}

async function works(operation: Promise<Operation>): Promise<Operation> {
  const ended = await operation;
  assert.equal(ended.state, "succeeded", ended.diagnostics[0]?.detail);
  return ended;
}

async function refused(operation: Promise<Operation>, code: DiagnosticCode, detail = /./, hint = /^/): Promise<void> {
  const { state, diagnostics } = await operation;
  assert.deepEqual([state, diagnostics[0]?.code], ["failed", code], diagnostics[0]?.detail);
  assert.match(diagnostics[0]?.detail ?? "", detail);
  assert.match(diagnostics[0]?.hint ?? "", hint);
}

async function snapshots(bench: Bench, vm: ObservedVm): Promise<readonly DomainSnapshot[]> {
  return await bench.hypervisor.snapshots(vm.uid);
}

const REVERT = { action: "snapshot-revert", snapshot: "before" } as const;
const CREATE = { action: "snapshot-create", snapshot: "before", description: "d" } as const;
const DELETE = { action: "snapshot-delete", snapshot: "before" } as const;

suite("a person's acts", () => {
  test("suspend, resume and restart leave the record as it is, whoever owns the VM", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const kept = bench.store.vms.get(vm.uid)!;
    assert.equal((await works(act(bench, vm, { action: "suspend" }))).vm?.status, "paused");
    await refused(act(bench, vm, { action: "suspend" }), "VM_POWER_STATE", /suspended already/);
    assert.equal((await works(act(bench, vm, { action: "resume" }))).vm?.status, "running");
    await refused(act(bench, vm, { action: "resume" }), "VM_POWER_STATE", /running/);
    const before = await bench.vm("web");
    assert.equal((await works(act(bench, vm, { action: "restart" }))).vm?.status, "running");
    const after = await bench.vm("web");
    assert.ok(after.startedAt! > before.startedAt! || after.startedAt!.getTime() === before.startedAt!.getTime());
    assert.deepEqual({ ...bench.store.vms.get(vm.uid), revision: "" }, { ...kept, revision: "" });
    assert.deepEqual(bench.bugs, []);
  });

  test("a suspended VM is restarted too, a stopped one is not", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await works(act(bench, vm, { action: "suspend" }));
    assert.equal((await works(act(bench, vm, { action: "restart" }))).vm?.status, "running");
    await bench.hypervisor.powerOff(vm.uid);
    for (const action of ["restart", "suspend", "resume"] as const) await refused(act(bench, vm, { action }), "VM_POWER_STATE", /stopped/);
  });

  const ceilings: { act: Act; impact: string; allows: "live" | "restart" | "stop" | "guest" | "replace" }[] = [
    { act: { action: "suspend" }, impact: "stop", allows: "restart" },
    { act: { action: "restart" }, impact: "restart", allows: "guest" },
    { act: REVERT, impact: "data-loss", allows: "replace" },
  ];
  for (const { act: what, impact, allows } of ceilings) {
    test(`${what.action} is ${impact}: above what the VM or who asks allows, it is not done`, async (t) => {
      const bench = openBench(t);
      const free = await bench.create({ name: "free" });
      const held = await bench.create({ ...BASE, disruption: { allow: allows } });
      for (const vm of [free, held]) await bench.hypervisor.createSnapshot(vm.uid, { name: "before", description: "" });
      const before = [await bench.vm("free"), await bench.vm("web")];
      await refused(act(bench, held, what), "IMPACT_EXCEEDED", /disruption\.allow/);
      await refused(act(bench, free, { ...what, maxImpact: allows }), "IMPACT_EXCEEDED", new RegExp(`would be ${impact}`));
      assert.deepEqual([await bench.vm("free"), await bench.vm("web")], before);
      await works(act(bench, free, what));
    });
  }

  test("a snapshot of a running VM is live, one of a stopped VM is nothing to it", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ ...BASE, disruption: { allow: "none" } });
    await refused(act(bench, vm, CREATE), "IMPACT_EXCEEDED", /would be live.*stands still/);
    assert.deepEqual(await snapshots(bench, vm), []);
    await bench.hypervisor.powerOff(vm.uid);
    await works(act(bench, vm, { ...CREATE, maxImpact: "none" }));
    await works(act(bench, vm, { ...DELETE, maxImpact: "none" }));
  });

  for (const what of [CREATE, REVERT, DELETE, { action: "suspend" }, { action: "resume" }, { action: "restart" }] as const) {
    test(`${what.action} is refused: a machine that no agent manages, and one that is missing`, async (t) => {
      const bench = openBench(t);
      bench.hypervisor.host.addForeignDomain({ name: "legacy", status: "running" });
      await refused(act(bench, await bench.vm("legacy"), what), "OWNED_BY_OTHER", /legacy.*belongs to nobody/, /ghost adopt legacy/);
      const vm = await bench.create(BASE);
      bench.hypervisor.host.removeDomain("web");
      await refused(act(bench, vm, what), "HOST_ERROR", /missing/);
    });
  }

  test("the same id again is the same operation, another request under it is none", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const again = { ...CREATE, operationId: "op" };
    await works(act(bench, vm, again));
    assert.equal((await works(act(bench, vm, again))).attempt, 1);
    assert.equal((await snapshots(bench, vm)).length, 1);
    await assert.rejects(act(bench, vm, { ...DELETE, operationId: "op" }), /PLAN_MISMATCH/);
  });
});

suite("a snapshot", () => {
  test("is made, gone back to and deleted; what differs afterwards is drift", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await works(act(bench, vm, CREATE));
    assert.deepEqual(
      (await snapshots(bench, vm)).map(({ name, description, status }) => [name, description, status]),
      [["before", "d", "running"]],
    );
    await refused(act(bench, vm, CREATE), "SNAPSHOT_EXISTS", /before/);
    const update = changeIntent("update", await bench.vm("web"), { vcpu: 4, labels: { role: "db" } });
    await works(bench.run(update));
    const kept = bench.store.vms.get(vm.uid)!;
    const applied = await bench.vm("web");
    const back = (await works(act(bench, vm, REVERT))).vm!;
    assert.deepEqual(
      [back.live.vcpu, back.applied.vcpu, back.live.labels, back.owner, back.status],
      [vm.live.vcpu, 4, { role: "db" }, "spec:shop", "running"],
    );
    assert.deepEqual(bench.store.vms.get(vm.uid), kept);
    assert.notEqual(back.revision, applied.revision);
    // The machine knows whose it is now, not whose it was then.
    assert.match((await bench.hypervisor.find(vm.uid))!.metadata, /"role":"db"/);
    // A plan that was made before does not go on as if nothing had happened.
    const late = { ...update, operationId: randomUUID(), stepHash: "sha256:late", vm: { ...update.vm, vcpu: 2 } };
    assert.equal((await bench.run(late)).diagnostics[0]?.code, "PLAN_STALE");
    await works(act(bench, vm, DELETE));
    await refused(act(bench, vm, DELETE), "SNAPSHOT_NOT_FOUND", /before/);
    assert.deepEqual(bench.bugs, []);
  });

  test("is not gone back to where the VM is protected", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ ...BASE, protect: true });
    await works(act(bench, vm, CREATE));
    const before = await bench.hypervisor.find(vm.uid);
    await refused(act(bench, vm, REVERT), "VM_PROTECTED");
    assert.deepEqual(await bench.hypervisor.find(vm.uid), before);
    await works(act(bench, vm, DELETE));
  });

  test("that is not there is named, with those that are", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await works(act(bench, vm, CREATE));
    const operation = await act(bench, vm, { ...REVERT, snapshot: "never" });
    assert.deepEqual([operation.diagnostics[0]?.code, operation.diagnostics[0]?.hint], ["SNAPSHOT_NOT_FOUND", "It has before."]);
    await refused(act(bench, vm, { action: "snapshot-revert" }), "VM_INVALID", /does not name/);
  });

  for (const snapshot of ["1", "-x", "a/b", "a b", "é", "x".repeat(64), "a\n"])
    test(`has a name that works everywhere: not ${JSON.stringify(snapshot.slice(0, 8))}`, async (t) => {
      const bench = openBench(t);
      await refused(act(bench, await bench.create(BASE), { ...CREATE, snapshot }), "VM_INVALID", /letters/);
    });

  test("has a description that XML can hold", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    for (const description of ["\u0000", "a\u001bb", "x".repeat(1001)])
      await refused(act(bench, vm, { ...CREATE, description }), "VM_INVALID", /description/);
    await works(act(bench, vm, { ...CREATE, description: "Grüße <&>\n2 lines" }));
  });

  test("goes with its VM", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await works(act(bench, vm, CREATE));
    await works(bench.run(changeIntent("delete", await bench.vm("web"))));
    assert.deepEqual(await snapshots(bench, vm), []);
    assert.deepEqual(bench.hypervisor.host.listDisks().get(vm.uid), undefined);
  });

  test("of disks that were made anew is not gone back to, and can be deleted", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await works(act(bench, vm, CREATE));
    await works(bench.run(changeIntent("update", await bench.vm("web"), { disks: { data: { size_gb: 4 } } })));
    const before = await bench.hypervisor.find(vm.uid);
    await refused(act(bench, vm, REVERT), "UNSUPPORTED", /other disks/);
    assert.deepEqual(await bench.hypervisor.find(vm.uid), before);
    await works(act(bench, vm, DELETE));
  });

  const lost: { what: Act; call: "createSnapshot" | "deleteSnapshot" | "revertSnapshot" }[] = [
    { what: CREATE, call: "createSnapshot" },
    { what: DELETE, call: "deleteSnapshot" },
    { what: REVERT, call: "revertSnapshot" },
  ];
  for (const { what, call } of lost)
    test(`whose ${call} lost its answer is as asked after the same request again`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(BASE);
      if (what !== CREATE) await works(act(bench, vm, CREATE));
      bench.hypervisor.host.addFault({ call, error: "timeout", moment: "after" });
      await refused(act(bench, vm, { ...what, operationId: "op" }), "HOST_ERROR", /not known/);
      const again = await works(act(bench, vm, { ...what, operationId: "op" }));
      assert.deepEqual([again.attempt, again.noop], [2, what !== REVERT]);
      assert.equal((await snapshots(bench, vm)).length, what === DELETE ? 0 : 1);
    });

  test("that is somebody else's is not taken for one's own because of a second try", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    await bench.hypervisor.createSnapshot(vm.uid, { name: "before", description: "d" });
    for (const _ of [1, 2]) await refused(act(bench, vm, { ...CREATE, operationId: "op" }), "SNAPSHOT_EXISTS");
  });

  test("that fails leaves no guest standing still, however long the hypervisor is away", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const { host } = bench.hypervisor;
    const away = async (): Promise<never> => {
      host.setDomain("web", { status: "paused" });
      host.addFault({ call: "ping", error: "hypervisor-down", times: 2 });
      host.addFault({ call: "resume", error: "busy" });
      throw problem("HOST_ERROR", "The hypervisor went away.");
    };
    Object.assign(bench.hypervisor, { createSnapshot: away });
    await refused(act(bench, vm, CREATE), "HOST_ERROR", /went away/);
    assert.deepEqual([(await bench.vm("web")).status, host.listFaults()], ["running", []]);
  });

  test("of a running VM that was cut off with the agent leaves no guest standing still", async (t) => {
    const bench = await crash(t, { call: "createSnapshot", moment: "before" });
    bench.hypervisor.host.setDomain("web", { status: "paused" });
    await bench.operations.reconcile(async () => undefined);
    assert.equal((await bench.vm("web")).status, "running");
  });

  for (const moment of ["before", "after"] as const)
    test(`being gone back to when the agent was killed (${moment} it was): nothing is lost`, async (t) => {
      const bench = await crash(t, { call: "revertSnapshot", moment });
      const { interrupted } = await bench.operations.reconcile(async () => undefined);
      assert.deepEqual(
        interrupted.map(({ action, state }) => [action, state]),
        [["snapshot-revert", "interrupted"]],
      );
      const vm = await bench.vm("web");
      const domain = (await bench.hypervisor.find(vm.uid))!;
      assert.deepEqual([vm.owner, vm.applied.labels, vm.live.labels, vm.phase], ["spec:shop", { role: "db" }, { role: "db" }, "ready"]);
      assert.match(domain.metadata, /"role":"db"/);
      assert.equal(vm.live.vcpu, moment === "after" ? 1 : 4);
      assert.equal((await works(act(bench, vm, { ...REVERT, operationId: "op" }))).vm?.live.vcpu, 1);
    });
});

/** Another process that is killed while it makes a snapshot, or goes back to the one named `before`. */
async function crash(t: TestContext, fault: Pick<Fault, "call" | "moment">): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-acts-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const script = `
    import { intentOfAct } from ${JSON.stringify(new URL("./intent.ts", import.meta.url).href)};
    import { changeIntent, openBench } from ${JSON.stringify(new URL("./testdata/workshop.ts", import.meta.url).href)};
    const bench = openBench({ after() {} }, { dir: ${JSON.stringify(dir)} });
    const vm = await bench.create({ ...${JSON.stringify(BASE)}, vcpu: 1 });
    await bench.hypervisor.createSnapshot(vm.uid, { name: "before", description: "d" });
    await bench.run(changeIntent("update", vm, { vcpu: 4, labels: { role: "db" } }));
    bench.hypervisor.host.addFault({ ...${JSON.stringify(fault)}, error: "crash" });
    const act = ${JSON.stringify(fault.call === "revertSnapshot" ? REVERT : { ...CREATE, snapshot: "second" })};
    await bench.run(intentOfAct({ operationId: "op", vm: "web", ...act }, vm));`;
  const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
  return openBench(t, { dir });
}
