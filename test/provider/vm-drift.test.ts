/** What moves behind Terraform: drift, plans that are stale, agents that are silent. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { assertSettled, hasErrors, settle, told } from "./core.ts";
import { startFleet } from "./fleet.ts";

const WEB = { name: "web", agent: "desk", image: "debian-12", ram_gb: 4, ram_max_gb: 8, vcpu: 2 };

suite("drift", () => {
  test("is read into the state, planned back and gone after the apply", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { ram_gb: 8, disks: { scratch: 5 }, networks: { lan: "default" } });
    await fleet.configure();
    await core.refresh();
    const { state } = core.kept!;
    assert.equal(state["ram_gb"], 8);
    assert.deepEqual(Object.keys(state["disks"] as object), ["scratch"]);
    assert.deepEqual(Object.keys(state["networks"] as object).sort(), ["default", "lan"]);
    const plan = await core.plan(core.config(WEB));
    assert.equal(plan.action, "update");
    assert.equal(plan.answer.planned?.["planned_impact"], "guest");
    assert.deepEqual(told(plan.diagnostics), ['warning VM "web": disks.scratch, guest disks.scratch']);
    assert.match(plan.diagnostics[0]!.detail, /its file stays: Ghost did not make it/);
    const disks = host.listDisks();
    assert.deepEqual(await core.apply(plan), []);
    assert.deepEqual(host.listDisks(), disks);
    await assertSettled(core, WEB, fleet.configure);
  });

  test("a guest that shut itself down is started again; with power unmanaged it is left alone", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { status: "stopped" });
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept!.state["power"], "stopped");
    await settle(core, WEB, fleet.configure);
    assert.equal(host.findDomain("web")?.status, "running");
    await settle(core, { ...WEB, power: "unmanaged" }, fleet.configure);
    host.setDomain("web", { status: "stopped" });
    await fleet.configure();
    assert.deepEqual(await core.refresh(), []);
    assert.equal(core.kept!.state["status"], "stopped");
    assert.equal((await core.plan(core.config({ ...WEB, power: "unmanaged" }))).action, "no-op");
  });

  test("a paused VM is resumed, a stopped one stays down", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { status: "paused" });
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept!.state["power"], "paused");
    await settle(core, WEB, fleet.configure);
    const plan = await settle(core, { ...WEB, power: "stopped" }, fleet.configure);
    assert.deepEqual([plan.answer.planned?.["planned_impact"], host.findDomain("web")?.status], ["stop", "stopped"]);
  });

  test("a VM that is gone is made again; one that its hypervisor lost is defined again over its disks", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const { uid } = core.kept!.state;
    using host = fleet.host("desk");
    host.removeDomain("web", { keepDisks: true });
    await fleet.configure();
    await core.refresh();
    const plan = await core.plan(core.config(WEB));
    assert.equal(plan.action, "update");
    assert.deepEqual(await core.apply(plan), []);
    await assertSettled(core, WEB, fleet.configure);
    assert.equal(core.kept!.state["uid"], uid);
  });

  test("a rename behind Terraform is seen, and undone", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { name: "mallory" });
    await fleet.configure();
    await core.refresh();
    assert.equal(core.kept!.state["name"], "mallory");
    await settle(core, WEB, fleet.configure);
    assert.ok(host.findDomain("web"));
  });
});

suite("a saved plan", () => {
  test("is refused with what moved, when the machine is not as it was", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const plan = await core.plan(core.config({ ...WEB, vcpu: 4 }));
    using host = fleet.host("desk");
    host.setDomain("web", { ram_gb: 8 });
    await fleet.configure();
    const refused = await core.apply(plan);
    assert.deepEqual(told(refused), ["error PLAN_STALE"]);
    assert.match(refused[0]!.detail, /ram_gb was 4, is 8/);
    assert.equal(host.findDomain("web")?.live.vcpu, 2, "nothing was done");
  });

  test("is refused by the agent too, when the machine moves at the last moment", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const plan = await core.plan(core.config({ ...WEB, vcpu: 4 }));
    using host = fleet.host("desk");
    fleet.onCall = (_agent, method) => {
      if (method === "execute") host.setDomain("web", { ram_gb: 8 });
    };
    const refused = await core.apply(plan);
    assert.deepEqual(told(refused), ["error PLAN_STALE"]);
    assert.match(refused[0]!.detail, /ram_gb was 4, is 8/);
    assert.equal(core.kept!.state["ram_gb"], 8, "the state is what is there");
  });

  test("that deletes is made from the machine as it is, whatever was read before", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { status: "stopped" });
    await fleet.configure();
    // Of what left the configuration Terraform plans the deletion first, and reads it then.
    const plan = await core.plan(null);
    assert.deepEqual(told(plan.diagnostics), ['warning VM "web" is deleted']);
    await fleet.configure();
    assert.deepEqual(await core.apply(plan), []);
    assert.equal(host.findDomain("web"), undefined);
  });

  test("of which the deletion is planned anew while it is applied is refused when the machine moved", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    using host = fleet.host("desk");
    host.setDomain("web", { disks: { precious: 5 } });
    await fleet.configure();
    // As Terraform does it with an old object that a replacement left.
    const plan = await core.plan(null);
    assert.deepEqual(told(await core.apply(plan)), ["error PLAN_STALE"]);
    assert.ok(host.findDomain("web"));
  });

  test("that deletes is refused when the machine moved", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const plan = await core.plan(null);
    using host = fleet.host("desk");
    host.setDomain("web", { disks: { precious: 5 } });
    await fleet.configure();
    assert.deepEqual(told(await core.apply(plan)), ["error PLAN_STALE"]);
    assert.ok(host.findDomain("web"));
    assert.ok(core.kept, "Terraform keeps it");
  });
});

suite("an agent that is down", () => {
  test("leaves the state as it is; nothing is planned for deletion, and a change is an error at agent", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const before = core.kept!;
    await fleet.stop("desk");
    await fleet.configure();
    const read = await core.refresh();
    assert.deepEqual(
      read.map(({ severity, path }) => [severity, path]),
      [["warning", ["agent"]]],
    );
    assert.deepEqual(core.kept, before);
    const nothing = await core.plan(core.config(WEB));
    assert.deepEqual([nothing.action, nothing.diagnostics], ["no-op", []]);
    assert.deepEqual(told((await core.plan(core.config({ ...WEB, vcpu: 4 }))).diagnostics), ["error AGENT_UNREACHABLE agent"]);
    assert.equal(fleet.calls.get("desk snapshot"), 3, "the silent agent was asked once in its walk");
    assert.deepEqual(told((await core.plan(null)).diagnostics), ["error AGENT_UNREACHABLE agent"]);
    await fleet.start("desk");
    await assertSettled(core, WEB, fleet.configure);
  });

  test("when it goes down in the middle, the VM is kept and tainted", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const plan = await core.plan(core.config(WEB));
    fleet.onCall = (agent, method) => {
      if (method === "execute") void fleet.stop(agent);
    };
    const diagnostics = await core.apply(plan);
    assert.ok(hasErrors(diagnostics));
    assert.ok(core.kept === undefined || core.kept.tainted);
  });
});
