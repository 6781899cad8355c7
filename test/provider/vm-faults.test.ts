/** What goes wrong while something is done, how much is asked, and what happens when Terraform is to stop. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { problem } from "@ghost/schemas";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";
import { assertSettled, CONTEXT, Core, hasErrors, settle, told } from "./core.ts";
import { startFleet } from "./fleet.ts";

const WEB = { name: "web", agent: "desk", image: "debian-12" };

suite("a failure", () => {
  test("of a create before anything is there leaves nothing in the state", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    using host = fleet.host("desk");
    host.addFault({ call: "*", name: "web", error: "hypervisor-down", times: Infinity });
    const diagnostics = await core.apply(plan);
    assert.ok(hasErrors(diagnostics));
    host.clearFaults();
    await fleet.configure();
    // Whatever is left is known to Terraform or to nobody.
    if (core.kept === undefined) await settle(core, WEB, fleet.configure);
  });

  test("of a create after the VM is there keeps it, tainted, and the next apply replaces it", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const waiting = { ...WEB, wait_for: "ip", wait_timeout_s: 1 };
    const plan = await core.plan(core.config(waiting));
    using host = fleet.host("desk");
    host.setLatency({ address: 3_600_000 });
    assert.deepEqual(told(await core.apply(plan)), ["error WAIT_TIMEOUT wait_for"]);
    assert.equal(core.kept?.tainted, true);
    assert.equal(typeof core.kept!.state["uid"], "string");
    host.setLatency({ address: 0 });
    await fleet.configure();
    await core.refresh();
    const again = await core.plan(core.config(waiting));
    assert.deepEqual(told(again.diagnostics), ['warning VM "web" is deleted and made anew']);
    assert.deepEqual(await core.applyReplacement(again, fleet.configure), []);
    await assertSettled(core, waiting, fleet.configure);
  });

  test("to be ready is waited for again, in place, once the VM is not tainted any more", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const waiting = { ...WEB, wait_for: "ip", wait_timeout_s: 1 };
    using host = fleet.host("desk");
    host.setLatency({ address: 3_600_000 });
    const [failed] = await core.apply(await core.plan(core.config(waiting)));
    assert.match(failed!.detail, /terraform untaint/);
    const { uid } = core.kept!.state;
    await fleet.configure();
    await core.refresh();
    const replaced = await core.plan(core.config(waiting));
    assert.match(replaced.diagnostics[0]!.detail, /only not seen ready .*the next apply waits again/);

    const { tainted: _untainted, ...kept } = core.kept!;
    core.kept = kept;
    for (const isReady of [false, true]) {
      await fleet.configure();
      await core.refresh();
      const plan = await core.plan(core.config(waiting));
      assert.deepEqual([plan.action, plan.answer.planned?.["ip_address"], plan.diagnostics], ["update", UNKNOWN, []]);
      // That it is ready by the time of the apply makes no plan wrong.
      if (isReady) host.setLatency({ address: 0 });
      await fleet.configure();
      assert.deepEqual(told(await core.apply(plan)), isReady ? [] : ["error WAIT_TIMEOUT wait_for"]);
      assert.deepEqual([core.kept?.tainted, core.kept?.state["uid"]], [undefined, uid]);
    }
    assert.match(core.kept.state["ip_address"] as string, /^192\.168\./);
    await assertSettled(core, waiting, fleet.configure);
  });

  test("of an update to be ready is waited for by the next apply", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const waiting = { ...WEB, wait_for: "ip", wait_timeout_s: 1 };
    await settle(core, waiting, fleet.configure);
    using host = fleet.host("desk");
    host.setLatency({ address: 3_600_000 });
    const restarted = { ...waiting, ram_gb: 2 };
    assert.deepEqual(told(await core.apply(await core.plan(core.config(restarted)))), ["error WAIT_TIMEOUT wait_for"]);
    host.setLatency({ address: 0 });
    await fleet.configure();
    await core.refresh();
    const plan = await core.plan(core.config(restarted));
    assert.equal(plan.action, "update");
    await fleet.configure();
    assert.deepEqual(await core.apply(plan), []);
    await assertSettled(core, restarted, fleet.configure);
  });

  test("of a create whose name was taken meanwhile is told at the name, in Terraform's words", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    using host = fleet.host("desk");
    host.addForeignDomain({ name: "web", ram_gb: 1, vcpu: 1, disk_gb: 1 });
    const diagnostics = await core.apply(plan);
    assert.deepEqual(told(diagnostics), ["error VM_EXISTS name"]);
    assert.match(diagnostics[0]!.detail, /import block/);
    assert.doesNotMatch(diagnostics[0]!.detail, /ghost adopt/);
  });

  test("of an update leaves the state as the machine is, and the next apply goes on", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const more = { ...WEB, disks: { data: { size_gb: 5 } }, labels: { a: "b" } };
    const plan = await core.plan(core.config(more));
    using host = fleet.host("desk");
    host.addFault({ call: "*", error: "disk-full", times: 1 });
    assert.ok(hasErrors(await core.apply(plan)));
    host.clearFaults();
    assert.equal(core.kept!.tainted, undefined);
    await fleet.configure();
    await core.refresh();
    await settle(core, more, fleet.configure);
  });

  test("of a delete keeps the VM in the state; one that is gone already is fine", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    const plan = await core.plan(null);
    host.addFault({ call: "*", error: "hypervisor-down", times: Infinity });
    assert.ok(hasErrors(await core.apply(plan)));
    assert.ok(core.kept);
    host.clearFaults();
    await fleet.configure();
    const again = await core.plan(null);
    const twin = new Core(fleet.provider);
    twin.kept = core.kept;
    assert.deepEqual(await core.apply(again), []);
    assert.deepEqual(await twin.apply(again), [], "somebody else was faster");
    assert.equal(twin.kept, undefined);
  });

  test("a connection that breaks is taken up again, and nothing is done twice", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    fleet.onExecute = async function* (operations) {
      for await (const operation of operations) {
        yield operation;
        throw problem("AGENT_UNREACHABLE", "the connection broke");
      }
    };
    assert.deepEqual(await core.apply(plan), []);
    assert.deepEqual([fleet.calls.get("desk execute"), fleet.calls.get("desk attachOperation")], [1, 1]);
    await assertSettled(core, WEB, fleet.configure);
  });
});

suite("calls", () => {
  test("a walk over many VMs asks each agent once", async () => {
    await using fleet = await startFleet("desk", "rack");
    const cores = Array.from({ length: 12 }, (_, at) => ({
      core: fleet.core(),
      config: { ...WEB, name: `vm-${at}`, agent: at % 2 ? "desk" : "rack" },
    }));
    await Promise.all(cores.map(async ({ core, config }) => await core.apply(await core.plan(core.config(config)))));
    assert.deepEqual([fleet.calls.get("desk snapshot"), fleet.calls.get("rack snapshot")], [1, 1], "making them asks no more often");
    await fleet.configure();
    await Promise.all(
      cores.map(async ({ core, config }) => {
        await core.refresh();
        assert.equal((await core.plan(core.config(config))).action, "no-op");
      }),
    );
    assert.deepEqual([fleet.calls.get("desk snapshot"), fleet.calls.get("rack snapshot")], [2, 2]);
    assert.deepEqual([fleet.calls.get("desk execute"), fleet.calls.get("desk updateSet")], [6, undefined]);
  });
});

suite("when Terraform is to stop", () => {
  test("nothing new begins", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    const stop = new AbortController();
    const { planned, private: kept } = plan.answer;
    stop.abort();
    const answer = await core.resource.apply(
      { prior: null, planned, config: plan.config, plannedPrivate: kept },
      { ...CONTEXT, signal: stop.signal },
    );
    assert.deepEqual(told(answer.diagnostics ?? []), ["error OPERATION_CANCELLED"]);
    assert.equal(answer.state, null);
    assert.equal(fleet.calls.get("desk execute"), undefined);
  });

  test("what runs is followed to its end", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    const stop = new AbortController();
    fleet.onCall = (_agent, method) => void (method === "execute" && stop.abort());
    core.context = { ...CONTEXT, signal: stop.signal };
    assert.deepEqual(await core.apply(plan), []);
    core.context = CONTEXT;
    await assertSettled(core, WEB, fleet.configure);
  });

  test("what takes longer than its timeout goes on, and the message names the operation", async () => {
    await using fleet = await startFleet("desk");
    using host = fleet.host("desk");
    host.setLatency({ start: 400 });
    const core = fleet.core();
    const slow = { ...WEB, timeouts: { create: "50ms" } };
    const diagnostics = await core.apply(await core.plan(core.config(slow)));
    assert.deepEqual(told(diagnostics), ["error AGENT_TIMEOUT"]);
    const [, id] = /Operation ([0-9a-f-]{36}) goes on at agent "desk"/.exec(diagnostics[0]!.detail) ?? [];
    assert.ok(id);
    assert.equal(core.kept?.tainted, true);
    let last;
    for await (const operation of fleet.client("desk").attachOperation(id)) last = operation;
    assert.equal(last?.state, "succeeded");
  });
});
