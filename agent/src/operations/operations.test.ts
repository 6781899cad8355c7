import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { buildTree, planHash, stepHash } from "@ghost/engine";
import { GhostError } from "@ghost/schemas";
import type { AgentSettings, Diagnostic, DiagnosticCode, ObservedVm, PlanHeader, Resources, StepBody } from "@ghost/schemas";
import { Admission, findShortages } from "./admission.ts";
import { checkBinding } from "./binding.ts";
import type { Intent } from "./intent.ts";
import { KeyedLock, Semaphore } from "../keyed-lock.ts";
import { reconcile } from "./reconcile.ts";
import { changeIntent, createIntent, openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

/** Waits for a condition; the test runner's own limit ends a wait that never comes true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

suite("a step's binding", () => {
  const NOW = new Date("2026-01-01T00:00:00Z");
  const body: StepBody = {
    id: "desk/vm/web",
    agent_id: "a1",
    kind: "vm",
    action: "create",
    name: "web",
    uid: "0b8e4c1e-0000-4000-8000-000000000001",
    revision: "",
    impact: "none",
    vm: { name: "web" },
  };
  const tree = buildTree([stepHash(body), stepHash({ ...body, name: "db" })]);
  const header: PlanHeader = {
    format: 1,
    owner: "spec:shop",
    spec_hash: "sha256:0",
    steps_root: tree.root,
    document_hash: "sha256:1",
    step_count: 2,
    max_impact: "live",
    expires_at: "2026-01-01T01:00:00Z",
    git_commit: "",
  };
  const proof = tree.proof(0);

  test("that holds gives the hashes of plan and step", () => {
    assert.deepEqual(checkBinding({ header, proof, body }, "a1", NOW), { planHash: planHash(header), stepHash: stepHash(body) });
  });

  const cases: {
    name: string;
    of: Partial<{ header: PlanHeader; body: StepBody; proof: typeof proof }>;
    agentId?: string;
    now?: Date;
    code: DiagnosticCode;
    detail: RegExp;
  }[] = [
    { name: "another agent's step", of: {}, agentId: "a2", code: "PLAN_MISMATCH", detail: /a1.*a2/ },
    {
      name: "a step that was changed",
      of: { body: { ...body, vm: { name: "web", vcpu: 64 } } },
      code: "PLAN_MISMATCH",
      detail: /not part of the plan/,
    },
    { name: "a proof of another step", of: { proof: tree.proof(1) }, code: "PLAN_MISMATCH", detail: /not part of the plan/ },
    {
      name: "a plan that expired",
      of: {},
      now: new Date("2026-01-01T01:00:00Z"),
      code: "PLAN_EXPIRED",
      detail: /expired at 2026-01-01T01:00:00Z/,
    },
    { name: "an expiry that is no date", of: { header: { ...header, expires_at: "soon" } }, code: "PLAN_EXPIRED", detail: /soon/ },
    { name: "an owner that is no stack", of: { header: { ...header, owner: "agent" } }, code: "PLAN_MISMATCH", detail: /spec:<stack>/ },
    { name: "rules of another version", of: { header: { ...header, format: 2 } }, code: "PLAN_MISMATCH", detail: /version 2/ },
  ];
  for (const { name, of, agentId = "a1", now = NOW, code, detail } of cases) {
    test(`is refused: ${name}`, () => {
      assert.throws(
        () => checkBinding({ header, proof, body, ...of }, agentId, now),
        (error: unknown) => error instanceof GhostError && error.diagnostics[0].code === code && detail.test(error.diagnostics[0].detail),
      );
    });
  }

  for (const uid of ["", "u1", "../../../../etc/x", "0b8e4c1e-0000-4000-8000-000000000001/..", "0b8e4c1e-0000-4000-8000-000000000001\n"]) {
    test(`is refused: the uid ${JSON.stringify(uid)}`, () => {
      const odd = { ...body, uid };
      const alone = buildTree([stepHash(odd)]);
      assert.throws(
        () => checkBinding({ header: { ...header, steps_root: alone.root, step_count: 1 }, proof: alone.proof(0), body: odd }, "a1", NOW),
        /PLAN_MISMATCH.*uid/,
      );
    });
  }

  test("is refused: an impact above the plan's own ceiling", () => {
    const worse = { ...body, impact: "data-loss" as const };
    const alone = buildTree([stepHash(worse)]);
    assert.throws(
      () => checkBinding({ header: { ...header, steps_root: alone.root, step_count: 1 }, proof: alone.proof(0), body: worse }, "a1", NOW),
      /IMPACT_EXCEEDED/,
    );
  });
});

suite("a step says the name of its VM", () => {
  for (const action of ["delete", "release", "update"] as const) {
    test(`or does not ${action} it`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create({ name: "web" });
      const step = changeIntent(action, vm);
      const other = { ...step, name: "innocent", ...(step.vm && { vm: { ...step.vm, name: "innocent" } }) };
      const refused = await bench.run(other);
      assert.equal(refused.diagnostics[0]?.code, "PLAN_MISMATCH");
      assert.match(refused.diagnostics[0]?.detail ?? "", /"innocent".*"web"/);
      assert.deepEqual(await bench.vm("web"), vm);
    });
  }

  test("the one it has, or the one it is about to get", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    const rename = changeIntent("update", vm, { name: "shop" });
    assert.equal((await bench.run(rename)).state, "succeeded");
    assert.equal((await bench.run({ ...rename, operationId: "again", stepHash: "sha256:again" })).state, "succeeded");
    assert.deepEqual([...(await bench.vms()).keys()], ["shop"]);
  });
});

suite("settings are checked against their definition", () => {
  const set = (settings: AgentSettings): Intent => ({ ...createIntent({ name: "desk" }), kind: "agent", action: "settings", settings });
  const cases: { name: string; settings: object; detail: RegExp }[] = [
    { name: "a negative reserve", settings: { reserved_ram_gb: -100 }, detail: /"reserved_ram_gb" is -100/ },
    { name: "too large a reserve", settings: { reserved_vcpu: 1e9 }, detail: /"reserved_vcpu" is 1000000000/ },
    { name: "no number", settings: { reserved_disk_gb: NaN }, detail: /"reserved_disk_gb" must be a number/ },
    { name: "a bad label", settings: { labels: { "BAD KEY\n": "x" } }, detail: /"labels" has the key "BAD KEY\\n"/ },
    { name: "a label that is too long", settings: { labels: { a: "b".repeat(256) } }, detail: /"labels.a" has 256 characters/ },
    { name: "a text for a switch", settings: { schedulable: "no" }, detail: /"schedulable" must be true or false/ },
    { name: "what no setting is", settings: { constructor: "x" }, detail: /"constructor" is not known/ },
  ];
  for (const { name, settings, detail } of cases) {
    test(name, async (t) => {
      const bench = openBench(t);
      const { diagnostics } = await bench.run(set(settings as AgentSettings));
      assert.equal(diagnostics[0]?.code, "PLAN_MISMATCH");
      assert.match(diagnostics[0]?.detail ?? "", detail);
      assert.deepEqual([bench.store.settings, bench.bugs], [{}, []]);
    });
  }

  test("and taken when they fit", async (t) => {
    const bench = openBench(t);
    const settings: AgentSettings = { reserved_ram_gb: 0, reserved_vcpu: 2, labels: { room: "office" }, schedulable: false };
    assert.equal((await bench.run(set(settings))).state, "succeeded");
    assert.deepEqual(bench.store.settings, settings);
  });
});

test("user data is limited", async (t) => {
  const bench = openBench(t);
  const made = async (length: number): Promise<readonly Diagnostic[]> =>
    (await bench.run(createIntent({ name: `vm-${length}`, cloud_init: { user_data: "🐙".repeat(length) } }))).diagnostics;
  assert.deepEqual(await made(65_536), []);
  const [refusal] = await made(65_537);
  assert.deepEqual([refusal?.code, refusal?.path], ["VM_INVALID", ["cloud_init", "user_data"]]);
});

test("a queued operation that is cancelled gives away nothing of the one that runs", async (t) => {
  const bench = openBench(t);
  const { host } = bench.hypervisor;
  host.setResources({ vcpu: 32, ram_gb: 128, disk_gb: 100 });
  const vm = await bench.create({ name: "one", disk_gb: 10 });
  host.setLatency({ createDisk: 200 });
  const growing = await bench.operations.execute(changeIntent("update", vm, { disks: { data: { size_gb: 80 } } }));
  await until(() => growing.operation.phase === "disk");
  const queued = await bench.operations.execute(changeIntent("update", vm, { labels: { a: "b" } }));
  bench.operations.cancel(queued.operation.id);
  assert.equal((await queued.ended).state, "cancelled");
  const rival = await bench.run(createIntent({ name: "two", disk_gb: 80 }));
  assert.equal(rival.diagnostics[0]?.code, "HOST_OUT_OF_DISK");
  assert.equal((await growing.ended).state, "succeeded");
});

test("what an operation was let in with ends with it, and with nothing else", async (t) => {
  const { hypervisor, store } = openBench(t);
  hypervisor.host.setResources({ vcpu: 8, ram_gb: 16, disk_gb: 100 });
  const admission = new Admission(hypervisor, store, { vcpu: 0, ram_gb: 0, disk_gb: 0 });
  const room = (disk_gb: number): Resources => ({ vcpu: 1, ram_gb: 1, disk_gb });
  const first = await admission.admit("u1", "one", room(80));
  const again = await admission.admit("u1", "one", room(60));
  first.release();
  await assert.rejects(admission.admit("u2", "two", room(60)), /HOST_OUT_OF_DISK/);
  again.release();
  again.release();
  await admission.admit("u2", "two", room(60));
});

suite("one operation id is one operation", () => {
  test("attached to while it runs", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ start: 50 });
    const intent = createIntent({ name: "web" });
    const [first, second] = await Promise.all([bench.operations.execute(intent), bench.operations.execute(intent)]);
    assert.equal(first, second);
    assert.equal(await bench.operations.attach(intent.operationId), first);
    assert.equal((await first.ended).attempt, 1);
    assert.equal((await bench.hypervisor.list()).length, 1);
  });

  test("the same result when it succeeded", async (t) => {
    const bench = openBench(t);
    const intent = createIntent({ name: "web" });
    const { vm: _made, ...first } = await bench.run(intent);
    bench.hypervisor.host.setDomain("web", { ip_address: "192.0.2.7" });
    const { vm: now, ...again } = await bench.run(intent);
    assert.deepEqual(again, first);
    assert.equal(now?.name, "web");
  });

  /** What was done once is neither said to be so when it is not any more, nor done again. */
  const moved: {
    name: string;
    intent: (vm: ObservedVm) => Intent;
    undo: (bench: Bench, vm: ObservedVm) => unknown;
    detail: RegExp;
  }[] = [
    {
      name: "a value was changed on the host",
      intent: (vm) => changeIntent("update", vm, { vcpu: 3 }),
      undo: (bench) => bench.hypervisor.host.setDomain("web", { vcpu: 2 }),
      detail: /carried out on .*Z, and VM "web" was changed since: vcpu/,
    },
    {
      name: "another plan changed it",
      intent: (vm) => changeIntent("update", vm, { labels: { n: "2" } }),
      undo: async (bench, vm) =>
        await bench.run(changeIntent("update", await bench.vm(vm.name), { labels: { n: "3" } }, { planHash: "sha256:plan-3" })),
      detail: /labels/,
    },
    {
      name: "it was released and taken over again",
      intent: (vm) => changeIntent("release", vm),
      undo: async (bench, vm) => await bench.run(changeIntent("adopt", await bench.vm(vm.name), {}, { planHash: "sha256:plan-3" })),
      detail: /it belongs to spec:shop/,
    },
    {
      name: "it was released",
      intent: (vm) => changeIntent("update", vm, { vcpu: 3 }),
      undo: async (bench, vm) => await bench.run(changeIntent("release", await bench.vm(vm.name), {}, { planHash: "sha256:plan-3" })),
      detail: /it belongs to nobody/,
    },
    {
      name: "it was made again under its uid",
      intent: (vm) => changeIntent("delete", vm),
      undo: async (bench, vm) => await bench.create({ name: "web" }, { uid: vm.uid }),
      detail: /it is there/,
    },
  ];
  for (const { name, intent: intentOf, undo, detail } of moved) {
    test(`PLAN_STALE when it succeeded and ${name} since`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create({ name: "web" });
      const intent = intentOf(vm);
      assert.equal((await bench.run(intent)).state, "succeeded");
      assert.equal((await bench.run(intent)).state, "succeeded");
      await undo(bench, vm);
      const before = await bench.vm("web");
      await assert.rejects(
        bench.run(intent),
        (error: unknown) =>
          error instanceof GhostError && error.diagnostics[0].code === "PLAN_STALE" && detail.test(error.diagnostics[0].detail),
      );
      assert.deepEqual(await bench.vm("web"), before);
      assert.equal((await (await bench.operations.attach(intent.operationId)).ended).state, "succeeded");
    });
  }

  test("PLAN_STALE when what it made was deleted since", async (t) => {
    const bench = openBench(t);
    const intent = createIntent({ name: "web" });
    await bench.run(intent);
    await bench.run(changeIntent("delete", await bench.vm("web")));
    await assert.rejects(bench.run(intent), /PLAN_STALE.*it is gone/);
    assert.equal((await bench.vms()).size, 0);
  });

  test("PLAN_STALE when the settings it set are others now", async (t) => {
    const bench = openBench(t);
    const set = (schedulable: boolean): Intent => ({
      ...createIntent({ name: "desk" }),
      kind: "agent",
      action: "settings",
      settings: { schedulable },
    });
    const first = set(false);
    await bench.run(first);
    assert.equal((await bench.run(first)).state, "succeeded");
    await bench.run(set(true));
    await assert.rejects(bench.run(first), /PLAN_STALE.*schedulable/);
    assert.equal(bench.store.settings.schedulable, true);
  });

  test("what is under way on the object is waited for before its word is given", async (t) => {
    const bench = openBench(t);
    const intent = createIntent({ name: "web" });
    await bench.run(intent);
    bench.hypervisor.host.setLatency({ change: 50 });
    const other = bench.run(changeIntent("update", await bench.vm("web"), { vcpu: 3 }));
    await assert.rejects(bench.run(intent), /PLAN_STALE.*vcpu/);
    await other;
  });

  test("never another step", async (t) => {
    const bench = openBench(t);
    const intent = createIntent({ name: "web" });
    await bench.run(intent);
    await assert.rejects(bench.operations.execute({ ...intent, stepHash: "sha256:other" }), /PLAN_MISMATCH/);
  });

  test("that nobody knows is not found", async (t) => {
    const bench = openBench(t);
    await assert.rejects(bench.operations.attach("none"), /OPERATION_NOT_FOUND/);
    assert.throws(() => bench.operations.cancel("none"), /OPERATION_NOT_FOUND/);
  });

  test("law: however often and in whatever order ids are repeated, each VM is made once", async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
        fc.array(fc.constantFrom("ensureImage" as const, "createDisk" as const, "define" as const, "start" as const), { maxLength: 3 }),
        async (order, faults) => {
          const bench = openBench(t);
          const intents = [0, 1, 2, 3].map((i) => createIntent({ name: `vm-${i}` }));
          for (const call of faults) bench.hypervisor.host.addFault({ call, error: "refused" });
          await Promise.all(order.map((i) => bench.run(intents[i]!)));
          bench.hypervisor.host.clearFaults();
          const ended = await Promise.all(order.map((i) => bench.run(intents[i]!)));
          assert.ok(ended.every((operation) => operation.state === "succeeded"));
          const asked = [...new Set(order)].map((i) => intents[i]!.uid).sort();
          assert.deepEqual((await bench.hypervisor.list()).map((domain) => domain.uid).sort(), asked);
          assert.deepEqual([...bench.hypervisor.host.listDisks().keys()].sort(), asked);
          assert.deepEqual(bench.bugs, []);
        },
      ),
      { numRuns: 25 },
    );
  });
});

suite("one operation per object", () => {
  test("two changes of one VM follow each other; another VM's does not wait", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    bench.hypervisor.host.setLatency({ stop: 80 });
    const slow = await bench.operations.execute(changeIntent("update", vm, { firmware: "uefi" }));
    const next = await bench.operations.execute(changeIntent("update", vm, { firmware: "uefi", labels: { a: "b" } }));
    await until(() => slow.operation.phase === "stop");
    assert.deepEqual([next.operation.state, next.operation.phase], ["pending", "waiting"]);
    const ends: string[] = [];
    void slow.ended.then(() => ends.push("slow"));
    void next.ended.then(() => ends.push("next"));
    await bench.create({ name: "db" });
    assert.deepEqual(ends, []);
    assert.equal((await slow.ended).state, "succeeded");
    assert.equal((await next.ended).diagnostics[0]?.code, undefined);
    assert.deepEqual(ends, ["slow", "next"]);
  });

  test("two that want one name do not both get it", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ define: 20 });
    const ended = await Promise.all([bench.run(createIntent({ name: "web" })), bench.run(createIntent({ name: "web" }))]);
    assert.deepEqual(
      ended.map((operation) => operation.diagnostics[0]?.code ?? operation.state),
      ["succeeded", "VM_EXISTS"],
    );
  });

  test("law: two executes on one object never overlap", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.subarray(["a", "b", "c", "d"], { minLength: 1 }), { minLength: 1, maxLength: 20 }), async (wants) => {
        const lock = new KeyedLock();
        const held = new Set<string>();
        const order = new Map<string, number[]>();
        await Promise.all(
          wants.map(async (keys, index) => {
            const { ready, release } = lock.acquire(keys);
            // Some give up while they wait; that lets nobody through.
            if (index % 5 === 4) return release();
            await ready;
            for (const key of keys) {
              assert.ok(!held.has(key));
              held.add(key);
              order.set(key, [...(order.get(key) ?? []), index]);
            }
            await new Promise((resolve) => setImmediate(resolve));
            for (const key of keys) held.delete(key);
            release();
          }),
        );
        for (const indexes of order.values())
          assert.deepEqual(
            indexes,
            indexes.toSorted((a, b) => a - b),
          );
      }),
    );
  });

  test("no more at once than is allowed, and who gives up takes no place", async () => {
    const slots = new Semaphore(2);
    const abort = new AbortController();
    const first = await slots.acquire();
    const second = await slots.acquire();
    const third = slots.acquire(abort.signal);
    const fourth = slots.acquire();
    abort.abort(new Error("gone"));
    await assert.rejects(third, /gone/);
    first();
    first();
    (await fourth)();
    second();
    await slots.acquire();
    await slots.acquire();
  });
});

suite("capacity", () => {
  test("is never shared by two creates at once", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setResources({ vcpu: 5, ram_gb: 100, disk_gb: 1000 });
    bench.hypervisor.host.setLatency({ list: 3, define: 5 });
    const ended = await Promise.all(Array.from({ length: 8 }, (_, i) => bench.run(createIntent({ name: `vm-${i}`, vcpu: 2 }))));
    assert.deepEqual(ended.map((operation) => operation.diagnostics[0]?.code ?? operation.state).sort(), [
      "HOST_OUT_OF_VCPU",
      "HOST_OUT_OF_VCPU",
      "HOST_OUT_OF_VCPU",
      "HOST_OUT_OF_VCPU",
      "HOST_OUT_OF_VCPU",
      "HOST_OUT_OF_VCPU",
      "succeeded",
      "succeeded",
    ]);
  });

  test("law: whatever is created, grown and deleted at once, the host is never over-full", async (t) => {
    const action = fc.record({
      vm: fc.nat(5),
      vcpu: fc.integer({ min: 1, max: 5 }),
      what: fc.constantFrom("set" as const, "delete" as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 15 }), async (actions) => {
        const bench = openBench(t);
        bench.hypervisor.host.setResources({ vcpu: 10 });
        let worst = 0;
        const stop = bench.hypervisor.onChange(
          () =>
            (worst = Math.max(
              worst,
              bench.hypervisor.host.listDomains().reduce((sum, domain) => sum + Math.max(domain.live.vcpu, domain.stored.vcpu), 0),
            )),
        );
        await Promise.all(
          actions.map(async ({ vm, vcpu, what }, index) => {
            for (let turns = index % 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
            const present = (await bench.vms()).get(`vm-${vm}`);
            if (present === undefined || present.phase !== "ready") return await bench.run(createIntent({ name: `vm-${vm}`, vcpu }));
            return await bench.run(what === "delete" ? changeIntent("delete", present) : changeIntent("update", present, { vcpu }));
          }),
        );
        stop();
        assert.ok(worst <= 10, `${worst} of 10 processors`);
        assert.deepEqual(bench.bugs, []);
      }),
      { numRuns: 30 },
    );
  });

  const cases: { name: string; demand: Partial<Resources>; before?: Partial<Resources>; want: string[] }[] = [
    { name: "just enough", demand: { vcpu: 4 }, want: [] },
    { name: "one too many", demand: { vcpu: 5 }, want: ["HOST_OUT_OF_VCPU"] },
    { name: "what it has already is its own", demand: { vcpu: 5 }, before: { vcpu: 5 }, want: [] },
    { name: "shrinking fits a host that is over-full", demand: { vcpu: 8 }, before: { vcpu: 9 }, want: [] },
    { name: "growing does not", demand: { vcpu: 10 }, before: { vcpu: 9 }, want: ["HOST_OUT_OF_VCPU"] },
    { name: "fractions count", demand: { ram_gb: 4.5 }, want: ["HOST_OUT_OF_MEMORY"] },
  ];
  const of = (some: Partial<Resources> = {}): Resources => ({ vcpu: 0, ram_gb: 0, disk_gb: 0, ...some });
  for (const { name, demand, before, want } of cases) {
    test(name, () =>
      assert.deepEqual(
        findShortages(
          "web",
          of(demand),
          of(before),
          { vcpu: 8, ram_gb: 8, disk_gb: 8 },
          { vcpu: 2, ram_gb: 2, disk_gb: 2 },
          { vcpu: 2, ram_gb: 2, disk_gb: 2 },
        ).map((each) => each.code),
        want,
      ),
    );
  }
});

suite("cancelling", () => {
  const cases = ["ensureImage", "createDisk", "define"] as const;
  for (const call of cases) {
    test(`a create in ${call} leaves nothing`, async (t) => {
      const bench = openBench(t);
      bench.hypervisor.host.setLatency({ [call]: call === "define" ? 50 : 60_000 });
      const followed = await bench.operations.execute(createIntent({ name: "web" }));
      await until(() => followed.operation.phase === { ensureImage: "image", createDisk: "disk", define: "define" }[call]);
      bench.operations.cancel(followed.operation.id);
      const ended = await followed.ended;
      assert.deepEqual([ended.state, ended.diagnostics[0]?.code], ["cancelled", "OPERATION_CANCELLED"]);
      assert.deepEqual([await bench.hypervisor.list(), bench.hypervisor.host.listDisks().size, bench.store.vms.size], [[], 0, 0]);
      assert.equal(bench.operations.cancel(followed.operation.id).state, "cancelled");
    });
  }

  test("one that waits ends at once and lets nobody through", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web" });
    bench.hypervisor.host.setLatency({ stop: 100 });
    const slow = await bench.operations.execute(changeIntent("update", vm, { firmware: "uefi" }));
    const waiting = await bench.operations.execute(changeIntent("update", vm, { accel: "tcg" }));
    const behind = await bench.operations.execute(changeIntent("update", vm, { firmware: "uefi" }));
    await until(() => slow.operation.phase === "stop");
    bench.operations.cancel(waiting.operation.id);
    assert.equal((await waiting.ended).state, "cancelled");
    assert.deepEqual([slow.operation.state, behind.operation.state], ["running", "pending"]);
    assert.equal((await slow.ended).state, "succeeded");
    assert.equal((await behind.ended).noop, true);
  });

  test("a wait for the guest keeps the VM", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ address: 3_600_000 });
    const followed = await bench.operations.execute(createIntent({ name: "web", wait_for: "ip" }));
    await until(() => followed.operation.phase === "wait");
    bench.operations.cancel(followed.operation.id);
    assert.equal((await followed.ended).state, "cancelled");
    assert.deepEqual([(await bench.vm("web")).phase, (await bench.vm("web")).status], ["ready", "running"]);
  });
});

suite("stopping the agent", () => {
  test("waits for what runs and starts nothing new", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ start: 50 });
    const running = await bench.operations.execute(createIntent({ name: "web" }));
    const drained = bench.operations.drain(60_000);
    await assert.rejects(bench.operations.execute(createIntent({ name: "db" })), /AGENT_STOPPING/);
    assert.equal(await drained, true);
    assert.equal(running.operation.state, "succeeded");
  });

  test("gives up after a while", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.setLatency({ start: 60_000 });
    const running = await bench.operations.execute(createIntent({ name: "web" }));
    await until(() => running.operation.phase === "start");
    assert.equal(await bench.operations.drain(5), false);
    assert.deepEqual(
      bench.operations.list({ activeOnly: true, limit: 10 }).map((operation) => operation.state),
      ["running"],
    );
  });
});

suite("after a crash", () => {
  const attempt = (bench: Bench) => ({
    hypervisor: bench.hypervisor,
    store: bench.store,
    admission: undefined as never,
    now: () => new Date(),
  });

  /** Runs one create, or one change of a VM that exists, in another process that is killed at a call. */
  async function crash(t: import("node:test").TestContext, call: string, change: string, name = ""): Promise<Bench> {
    const dir = await mkdtemp(join(tmpdir(), "ghost-crash-"));
    t.after(() => rm(dir, { recursive: true, force: true }));
    const script = `
      import { changeIntent, createIntent, openBench } from ${JSON.stringify(new URL("./testdata/workshop.ts", import.meta.url).href)};
      const bench = openBench({ after() {} }, { dir: ${JSON.stringify(dir)} });
      const before = ${change === "create" ? "undefined" : `await bench.create({ name: "web", disks: { data: { size_gb: 2 } } })`};
      bench.hypervisor.host.addFault({ call: ${JSON.stringify(call)}, name: ${JSON.stringify(name)}, error: "crash" });
      await bench.run(${change === "create" ? `createIntent({ name: "web", disks: { data: { size_gb: 2 } } }, { operationId: "op", stepHash: "s" })` : `{ ...${change}, operationId: "op", stepHash: "s" }`});`;
    const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGKILL");
    return openBench(t, { dir });
  }

  const creates: { call: string; name?: string; want: string[]; disks: number }[] = [
    { call: "ensureImage", want: [], disks: 0 },
    { call: "createDisk", name: "data", want: [], disks: 0 },
    { call: "define", want: [], disks: 0 },
    { call: "start", want: ["web stopped"], disks: 2 },
  ];
  for (const { call, name, want, disks } of creates) {
    test(`in ${call} of a create`, async (t) => {
      const bench = await crash(t, call, "create", name);
      const { interrupted } = await reconcile(attempt(bench));
      assert.deepEqual(
        interrupted.map((operation) => [operation.id, operation.state, operation.diagnostics[0]?.code]),
        [["op", "interrupted", "OPERATION_INTERRUPTED"]],
      );
      assert.deepEqual(
        [...(await bench.vms()).values()].map((vm) => `${vm.name} ${vm.status}`),
        want,
      );
      assert.equal([...bench.hypervisor.host.listDisks().values()].flat().length, disks);
      assert.ok([...bench.store.vms.values()].every((record) => record.phase === "ready"));
      const again = await bench.run(
        createIntent(
          { name: "web", disks: { data: { size_gb: 2 } } },
          { operationId: "op", stepHash: "s", ...(want.length > 0 && { uid: [...bench.store.vms.keys()][0]! }) },
        ),
      );
      assert.deepEqual([again.state, again.attempt, again.vm?.status], ["succeeded", 2, "running"], again.diagnostics[0]?.detail);
      assert.equal(bench.hypervisor.host.listDisks().size, 1);
    });
  }

  const changes: { name: string; call: string; fault?: string; change: string; want: (bench: Bench) => Promise<void> }[] = [
    {
      name: "a delete, before anything is deleted",
      call: "undefine",
      change: `changeIntent("delete", before)`,
      want: async (bench) =>
        assert.deepEqual([(await bench.vm("web")).phase, [...bench.hypervisor.host.listDisks().values()].flat().length], ["ready", 2]),
    },
    {
      name: "a delete, half way",
      call: "listDisks",
      change: `changeIntent("delete", before)`,
      want: async (bench) => assert.deepEqual([(await bench.vms()).size, bench.hypervisor.host.listDisks().size], [0, 0]),
    },
    {
      name: "a new root disk, before it is attached",
      call: "change",
      change: `changeIntent("update", before, { disk_gb: 5 })`,
      want: async (bench) =>
        assert.deepEqual([(await bench.vm("web")).live.disk_gb, [...bench.hypervisor.host.listDisks().values()].flat().length], [10, 2]),
    },
    {
      name: "a new root disk, before the old one is deleted",
      call: "deleteDisk",
      change: `changeIntent("update", before, { disk_gb: 5 })`,
      want: async (bench) =>
        assert.deepEqual([(await bench.vm("web")).live.disk_gb, [...bench.hypervisor.host.listDisks().values()].flat().length], [5, 2]),
    },
    {
      name: "the removal of a disk",
      call: "deleteDisk",
      change: `changeIntent("update", before, { disks: undefined })`,
      want: async (bench) =>
        assert.deepEqual(
          [(await bench.vm("web")).live.disks, [...bench.hypervisor.host.listDisks().values()].flat().length],
          [undefined, 1],
        ),
    },
    {
      name: "a rename, before it is made",
      call: "change",
      change: `changeIntent("update", before, { name: "shop" })`,
      want: async (bench) => assert.equal((await bench.vm("shop")).live.name, "web"),
    },
    {
      name: "a rename, after it is made",
      call: "start",
      change: `changeIntent("update", before, { name: "shop" })`,
      want: async (bench) => assert.equal((await bench.vm("shop")).live.name, "shop"),
    },
    {
      name: "a restart, while the guest is down",
      call: "start",
      change: `changeIntent("update", before, { firmware: "uefi" })`,
      want: async (bench) => assert.deepEqual([(await bench.vm("web")).status, (await bench.vm("web")).live.firmware], ["stopped", "uefi"]),
    },
  ];
  for (const { name, call, fault, change, want } of changes) {
    test(`in ${name}`, async (t) => {
      const bench = await crash(t, call, change, fault);
      await reconcile(attempt(bench));
      await want(bench);
      assert.deepEqual(
        [...bench.store.vms.values()].flatMap((record) => record.looseDisks),
        [],
      );
      assert.deepEqual((await reconcile(attempt(bench))).notes, []);
    });
  }

  test("a lost record is rebuilt from the host", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ name: "web", labels: { a: "b" }, protect: true });
    await bench.store.write({ dropVm: vm.uid });
    assert.equal((await bench.vm("web")).owner, "spec:shop");
    const { notes } = await reconcile(attempt(bench));
    assert.match(notes[0]!, /"web" was lost and is rebuilt/);
    assert.deepEqual((await bench.vm("web")).live, vm.live);
    assert.equal((await bench.vm("web")).revision, vm.revision);
  });

  test("operations wait until the host answers", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addFault({ call: "list", error: "hypervisor-down" });
    const reasons: unknown[] = [];
    let goOn = (): void => undefined;
    const reconciled = bench.operations.reconcile((reason) => new Promise((resolve) => (reasons.push(reason), (goOn = resolve))));
    const followed = await bench.operations.execute(createIntent({ name: "web" }));
    await until(() => reasons.length > 0);
    assert.equal(followed.operation.state, "pending");
    goOn();
    await reconciled;
    assert.equal((await followed.ended).state, "succeeded");
  });
});

test("a bug fails its operation and nothing else", async (t) => {
  const bench = openBench(t);
  const broken = await bench.run(
    createIntent(
      { name: "web" },
      {
        vm: {
          name: "web",
          get vcpu(): number {
            throw new TypeError("broken");
          },
        },
      },
    ),
  );
  assert.deepEqual([broken.state, broken.diagnostics[0]?.code, bench.bugs.length], ["failed", "INTERNAL", 1]);
  await bench.create({ name: "db" });
});

test("operations are listed newest first, those that run before those that ended", async (t) => {
  const bench = openBench(t);
  await bench.create({ name: "a" });
  await bench.create({ name: "b" });
  bench.hypervisor.host.setLatency({ start: 60_000 });
  const running = await bench.operations.execute(createIntent({ name: "c" }));
  await until(() => running.operation.phase === "start");
  assert.deepEqual(
    bench.operations.list({ activeOnly: false, limit: 2 }).map((operation) => operation.name),
    ["c", "b"],
  );
  assert.deepEqual(
    bench.operations.list({ activeOnly: true, limit: 10 }).map((operation) => operation.name),
    ["c"],
  );
});
