import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { ObservedVm, VmConfig } from "@ghost/schemas";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { BehindChange } from "../hypervisor/simulated/host.ts";
import type { Intent } from "./intent.ts";
import { changeIntent, openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

const BASE: VmConfig = { name: "web", disks: { data: { size_gb: 5 } }, labels: { role: "web" } };

/** What went on with the guest's power, as the host tells it. */
async function powerOf(bench: Bench, task: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  bench.hypervisor.onChange((event) => heard.push(event.detail));
  await task();
  return heard.filter((detail) => detail.includes("→"));
}

function restart(vm: ObservedVm, more: Parameters<typeof changeIntent>[3] = {}): Intent {
  return changeIntent("restart", vm, {}, { promise: { impact: "restart" }, ...more });
}

suite("a restart", () => {
  const works: { name: string; config?: VmConfig; behind?: BehindChange; more?: Parameters<typeof restart>[1] }[] = [
    { name: "a guest that runs" },
    { name: "a paused guest", behind: { status: "paused" } },
    { name: "a guest that does not listen", config: { stop_timeout_s: 1 }, behind: { ignores_acpi: true } },
    {
      name: "one that allows just that",
      config: { disruption: { allow: "restart" } },
      more: { promise: { impact: "restart", maxImpact: "restart" } },
    },
    { name: "a protected one", config: { protect: true } },
    { name: "one whose power is left to people", config: { power: "unmanaged" } },
  ];
  for (const { name, config, behind, more } of works)
    test(`takes down and brings up ${name}, and changes nothing`, async (t) => {
      const bench = openBench(t);
      await bench.create({ ...BASE, ...config, ...(config?.power === "unmanaged" && { power: "running" }) });
      if (config?.power === "unmanaged") await bench.run(changeIntent("update", await bench.vm("web"), { power: "unmanaged" }));
      if (behind !== undefined) bench.hypervisor.host.setDomain("web", behind);
      const before = await bench.vm("web");
      const kept = bench.store.vms.get(before.uid);
      const operation = await bench.run(restart(before, more));
      assert.deepEqual(
        [operation.state, operation.noop, operation.vm?.status],
        ["succeeded", false, "running"],
        operation.diagnostics[0]?.detail,
      );
      const after = await bench.vm("web");
      assert.ok(after.startedAt !== undefined && before.startedAt !== undefined && after.startedAt >= before.startedAt);
      assert.deepEqual([after.live, after.applied, after.diskIds], [before.live, before.applied, before.diskIds]);
      assert.deepEqual({ ...bench.store.vms.get(before.uid), revision: "" }, { ...kept, revision: "" });
      assert.deepEqual(bench.bugs, []);
    });

  test("goes through stop and start", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const heard = await powerOf(bench, () => bench.run(restart(vm)));
    assert.deepEqual(
      heard.map((detail) => detail.split(":")[0]),
      ["running → stopped", "stopped → running"],
    );
  });

  test("lets take effect what waits for the next boot", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ ...BASE, cloud_init_on_change: "next-boot" });
    await bench.run(changeIntent("update", vm, { cloud_init: { packages: ["nginx"] } }));
    assert.notDeepEqual((await bench.vm("web")).pending, {});
    await bench.run(restart(await bench.vm("web")));
    assert.deepEqual((await bench.vm("web")).pending, {});
  });

  const refused: { name: string; config?: VmConfig; behind?: BehindChange; more?: Parameters<typeof restart>[1]; code: string }[] = [
    { name: "a stopped guest", config: { power: "stopped" }, code: "VM_POWER_STATE" },
    { name: "where the VM allows less", config: { disruption: { allow: "live" } }, code: "IMPACT_EXCEEDED" },
    { name: "where the plan allows less", more: { promise: { impact: "restart", maxImpact: "guest" } }, code: "IMPACT_EXCEEDED" },
    { name: "where the plan promised less", more: { promise: { impact: "live" } }, code: "IMPACT_EXCEEDED" },
    { name: "somebody else's VM", more: { owner: "terraform:other", promise: { impact: "restart" } }, code: "OWNED_BY_OTHER" },
    { name: "a VM that moved since", more: { promise: { impact: "restart", revision: "sha256:other" } }, code: "PLAN_STALE" },
    { name: "a VM of another name", more: { name: "db", promise: { impact: "restart" } }, code: "PLAN_MISMATCH" },
    {
      name: "a VM that is gone",
      more: { uid: "00000000-0000-4000-8000-000000000000", promise: { impact: "restart" } },
      code: "VM_NOT_FOUND",
    },
  ];
  for (const { name, config, more, code } of refused)
    test(`is refused: ${name}`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create({ ...BASE, ...config });
      const heard = await powerOf(bench, async () => {
        const operation = await bench.run(restart(vm, more));
        assert.deepEqual([operation.state, operation.diagnostics[0]?.code], ["failed", code], operation.diagnostics[0]?.detail);
      });
      assert.deepEqual(heard, []);
    });

  test("is refused: a machine of nobody's", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addForeignDomain({ name: "legacy", status: "running" });
    assert.equal((await bench.run(restart(await bench.vm("legacy")))).diagnostics[0]?.code, "OWNED_BY_OTHER");
  });

  const faults: Fault[] = [
    { call: "stop", error: "refused" },
    { call: "start", error: "refused" },
  ];
  for (const fault of faults)
    test(`that fails in ${fault.call} leaves the guest up and the record as it was`, async (t) => {
      const bench = openBench(t);
      const vm = await bench.create(BASE);
      const kept = bench.store.vms.get(vm.uid);
      bench.hypervisor.host.addFault(fault);
      assert.equal((await bench.run(restart(vm))).state, "failed");
      assert.equal((await bench.vm("web")).status, "running");
      assert.deepEqual(bench.store.vms.get(vm.uid), kept);
    });

  test("waits for the guest, and is over when nobody waits any more", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create({ ...BASE, wait_for: "ip" });
    const kept = bench.store.vms.get(vm.uid);
    bench.hypervisor.host.setLatency({ address: 3_600_000 });
    const followed = await bench.operations.execute(restart(vm));
    while (followed.operation.phase !== "wait") await new Promise((resolve) => setTimeout(resolve, 5));
    bench.operations.cancel(followed.operation.id);
    assert.equal((await followed.ended).state, "cancelled");
    assert.equal((await bench.vm("web")).status, "running");
    assert.deepEqual(bench.store.vms.get(vm.uid), { ...kept, isAwaited: true });
  });

  test("leaves another plan that failed to be taken up again", async (t) => {
    const bench = openBench(t);
    const vm = await bench.create(BASE);
    const update = changeIntent("update", vm, { vcpu: 4, firmware: "uefi" });
    bench.hypervisor.host.addFault({ call: "change", error: "refused" });
    assert.equal((await bench.run(update)).state, "failed");
    const { underway } = bench.store.vms.get(vm.uid)!;
    assert.ok(underway !== undefined);
    assert.equal((await bench.run(restart(await bench.vm("web"), { planHash: "sha256:plan-3" }))).state, "succeeded");
    assert.deepEqual(bench.store.vms.get(vm.uid)?.underway, underway);
    assert.equal((await bench.run(update)).state, "succeeded");
  });

  test("that was cut off while the guest is down is taken up, and by no other plan", async (t) => {
    const bench = await crash(t);
    await bench.operations.reconcile(async () => undefined);
    const down = await bench.vm("web");
    assert.equal(down.status, "stopped");
    assert.equal((await bench.run(restart(down, { planHash: "sha256:plan-3" }))).diagnostics[0]?.code, "VM_POWER_STATE");
    const again = await bench.run({ ...restart({ ...down, revision: "before" }), operationId: "op", stepHash: "s" });
    assert.deepEqual([again.state, again.attempt, again.vm?.status], ["succeeded", 2, "running"], again.diagnostics[0]?.detail);
    assert.equal(bench.store.vms.get(down.uid)?.underway, undefined);
  });
});

/** Another process that is killed when it starts the guest again. */
async function crash(t: TestContext): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-restart-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const script = `
    import { changeIntent, openBench } from ${JSON.stringify(new URL("./testdata/workshop.ts", import.meta.url).href)};
    const bench = openBench({ after() {} }, { dir: ${JSON.stringify(dir)} });
    const vm = await bench.create(${JSON.stringify(BASE)});
    bench.hypervisor.host.addFault({ call: "start", error: "crash" });
    await bench.run({ ...changeIntent("restart", vm), operationId: "op", stepHash: "s" });`;
  const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
  return openBench(t, { dir });
}
