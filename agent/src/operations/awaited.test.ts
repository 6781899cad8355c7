import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { Operation, VmConfig } from "@ghost/schemas";
import type { Fault } from "../hypervisor/simulated/conduct.ts";
import type { Intent } from "./intent.ts";
import { changeIntent, createIntent, openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

const WEB: VmConfig = { name: "web", wait_for: "ip" };
const NEVER_MS = 3_600_000;

function setReady(bench: Bench, isReady: boolean): void {
  bench.hypervisor.host.setLatency({ address: isReady ? 0 : NEVER_MS });
}

/** Carries it out until it waits, and ends it there. */
async function leaveWaiting(bench: Bench, intent: Intent): Promise<void> {
  setReady(bench, false);
  const followed = await bench.operations.execute(intent);
  const waits = new Promise<void>((resolve) => followed.follow(({ phase }) => phase === "wait" && resolve()));
  const ended = followed.ended.then(({ state, diagnostics }) => assert.fail(diagnostics[0]?.detail ?? state));
  await Promise.race([waits, ended]);
  ended.catch(() => undefined);
  bench.operations.cancel(intent.operationId);
  assert.equal((await followed.ended).state, "cancelled");
}

/** A step that changes nothing, as planned by now. */
async function again(bench: Bench, config: VmConfig = {}): Promise<Operation> {
  return await bench.run(changeIntent("update", await bench.vm("web"), config, { planHash: "sha256:plan-3", promise: { impact: "none" } }));
}

async function requireSeen(bench: Bench): Promise<void> {
  setReady(bench, true);
  const { state, noop, diagnostics } = await again(bench);
  assert.deepEqual([state, noop], ["succeeded", false], diagnostics[0]?.detail);
  const { isAwaited, status } = await bench.vm("web");
  assert.deepEqual([isAwaited, status], [false, "running"]);
  assert.equal((await again(bench)).noop, true);
}

suite("a VM that was not seen ready", () => {
  test("is waited for again by the next plan, and not after it was seen", async (t) => {
    const bench = openBench(t);
    setReady(bench, false);
    const made = await bench.run(createIntent({ ...WEB, wait_timeout_s: 1 }));
    assert.equal(made.diagnostics[0]?.code, "WAIT_TIMEOUT");
    assert.match(made.diagnostics[0]!.hint!, /Apply again to wait again/);
    const before = await bench.vm("web");
    assert.deepEqual([before.isAwaited, before.status, before.phase], [true, "running", "ready"]);
    assert.equal((await again(bench)).diagnostics[0]?.code, "WAIT_TIMEOUT");
    await requireSeen(bench);
    const after = await bench.vm("web");
    assert.deepEqual([after.revision, after.startedAt, after.appliedAt], [before.revision, before.startedAt, before.appliedAt]);
    assert.deepEqual(bench.bugs, []);
  });

  const starts: { name: string; config?: VmConfig; behind?: "stopped" | "paused"; intent: (bench: Bench) => Promise<Intent> }[] = [
    { name: "a restart", intent: async (bench) => changeIntent("restart", await bench.vm("web")) },
    { name: "a change that restarts", intent: async (bench) => changeIntent("update", await bench.vm("web"), { firmware: "uefi" }) },
    { name: "a start", behind: "stopped", intent: async (bench) => changeIntent("update", await bench.vm("web"), { power: "running" }) },
    { name: "a resume", behind: "paused", intent: async (bench) => changeIntent("update", await bench.vm("web")) },
    {
      name: "a start as the change",
      config: { power: "stopped" },
      intent: async (bench) => changeIntent("update", await bench.vm("web"), { power: "running" }),
    },
  ];
  for (const { name, config, behind, intent } of starts)
    test(`after ${name}`, async (t) => {
      const bench = openBench(t);
      const { isAwaited } = await bench.create({ ...WEB, ...config });
      assert.equal(isAwaited, false);
      if (behind !== undefined) bench.hypervisor.host.setDomain("web", { status: behind });
      await leaveWaiting(bench, await intent(bench));
      assert.equal((await bench.vm("web")).isAwaited, true);
      await requireSeen(bench);
    });

  test("is waited for by every step until it was seen, also by one that starts nothing", async (t) => {
    const bench = openBench(t);
    await leaveWaiting(bench, createIntent(WEB));
    await leaveWaiting(bench, changeIntent("update", await bench.vm("web"), { labels: { a: "b" } }));
    assert.deepEqual((await bench.vm("web")).live.labels, { a: "b" });
    await requireSeen(bench);
  });

  test("is waited for by who takes it over", async (t) => {
    const bench = openBench(t);
    await leaveWaiting(bench, createIntent(WEB));
    assert.equal((await bench.run(changeIntent("release", await bench.vm("web")))).state, "succeeded");
    const owner = "spec:other";
    await leaveWaiting(bench, changeIntent("adopt", await bench.vm("web"), {}, { owner }));
    assert.deepEqual([(await bench.vm("web")).owner, (await bench.vm("web")).isAwaited], [owner, true]);
  });

  test("after a restart is not what the step that made it left, until it was seen again", async (t) => {
    const bench = openBench(t);
    const intent = createIntent(WEB);
    await bench.run(intent);
    await leaveWaiting(bench, changeIntent("restart", await bench.vm("web")));
    await assert.rejects(bench.run(intent), /PLAN_STALE.*not seen ready since/);
    await requireSeen(bench);
    assert.equal((await bench.run(intent)).state, "succeeded");
  });

  const ends: Record<string, VmConfig> = {
    "nothing is waited for any more": { wait_for: "none" },
    "it is to be down": { power: "stopped" },
  };
  for (const [name, config] of Object.entries(ends))
    test(`is waited for no more when ${name}`, async (t) => {
      const bench = openBench(t);
      await leaveWaiting(bench, createIntent(WEB));
      bench.hypervisor.host.addFault({ call: config.power === undefined ? "change" : "stop", error: "refused" });
      const update = changeIntent("update", await bench.vm("web"), config);
      assert.equal((await bench.run(update)).state, "failed");
      assert.equal((await bench.vm("web")).isAwaited, true, "a change that was not made ends nothing");
      const { state, diagnostics } = await bench.run(update);
      assert.equal(state, "succeeded", diagnostics[0]?.detail);
      assert.equal((await bench.vm("web")).isAwaited, false);
    });

  const stays: Record<string, VmConfig> = { "is to be down": { power: "stopped" }, "is started by people": { power: "unmanaged" } };
  for (const [name, config] of Object.entries(stays))
    test(`is none that ${name}`, async (t) => {
      const bench = openBench(t);
      setReady(bench, false);
      const vm = await bench.create({ ...WEB, ...config });
      assert.deepEqual([vm.isAwaited, vm.status], [false, "stopped"]);
    });

  test("is none that a person starts and restarts", async (t) => {
    const bench = openBench(t);
    const { uid } = await bench.create(WEB);
    setReady(bench, false);
    for (const action of ["restart", "stop", "start"] as const) {
      const { promise: _none, ...asked } = changeIntent(action, await bench.vm("web"), {}, { uid });
      const { state, diagnostics } = await bench.run(asked);
      assert.equal(state, "succeeded", diagnostics[0]?.detail);
      assert.equal((await bench.vm("web")).isAwaited, false);
    }
  });
});

suite("an agent that is killed", () => {
  const fault = (more: Partial<Fault>): string =>
    `bench.hypervisor.host.addFault(${JSON.stringify({ call: "start", error: "crash", ...more })});`;
  const cases: { name: string; before?: string; status: string }[] = [
    { name: "while it waits", status: "running" },
    { name: "when the VM has started", before: fault({ moment: "after" }), status: "running" },
    { name: "before the VM has started", before: fault({}), status: "stopped" },
  ];
  for (const { name, before = "", status } of cases)
    test(`${name} knows afterwards that nobody saw it ready`, async (t) => {
      const bench = await killed(t, before);
      await bench.operations.reconcile(async () => undefined);
      const vm = await bench.vm("web");
      assert.deepEqual([vm.isAwaited, vm.status, vm.phase], [true, status, "ready"]);
      if (status === "running") await requireSeen(bench);
      else await leaveWaiting(bench, changeIntent("update", vm, { power: "running" }));
    });
});

/** Another process that is killed while it makes the VM, when it waits for it at the latest. */
async function killed(t: TestContext, before: string): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-awaited-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const script = `
    import { createIntent, openBench } from ${JSON.stringify(new URL("./testdata/workshop.ts", import.meta.url).href)};
    const bench = openBench({ after() {} }, { dir: ${JSON.stringify(dir)} });
    bench.hypervisor.host.setLatency({ address: ${NEVER_MS} });
    ${before}
    const followed = await bench.operations.execute(createIntent(${JSON.stringify(WEB)}));
    followed.follow(({ phase }) => phase === "wait" && process.kill(process.pid, "SIGKILL"));
    await followed.ended;`;
  const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
  return openBench(t, { dir });
}
