/** What changes outside of terraform is told, and a saved plan does what it said or nothing. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import { said } from "./support/words.ts";

suite("drift", () => {
  test("of a value is shown and reverted", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: 2, ram_max_gb: 8 }));
    await site.apply();
    site.desk.host.setDomain("web", { ram_gb: 4 });
    const planned = await site.plan();
    assert.deepEqual([planned.drift, planned.changes], [{ "ghost_vm.web": "update" }, { "ghost_vm.web": "update" }]);
    const { before, after } = (await site.planned())["ghost_vm.web"]!;
    assert.deepEqual([before?.["ram_gb"], after?.["ram_gb"]], [4, 2]);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 2);
  });

  test("of a value that the configuration leaves to its default", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_max_gb: 8 }));
    await site.apply();
    site.desk.host.setDomain("web", { ram_gb: 4 });
    const outcome = await site.plan();
    assert.equal(outcome.code, 2);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 1);
  });

  test("of power is reverted, unless power is unmanaged", async () => {
    await using site = await openSite();
    await site.write(vm("web") + vm("free", { power: '"unmanaged"' }));
    await site.apply();
    for (const name of ["web", "free"]) site.desk.host.setDomain(name, { status: "stopped" });
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "update" });
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.status, "running");
    assert.equal(site.desk.host.findDomain("free")?.status, "stopped");
  });

  test("a disk and a card that somebody added", async () => {
    await using site = await openSite();
    await site.write(vm("web", { disks: "{ data = { size_gb = 1 } }", networks: "{ lan = {} }" }));
    await site.apply();
    site.desk.host.setDomain("web", { disks: { extra: 3 }, networks: { extra: "default" } });
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "update" });
    assert.match(said(planned), /disks\.extra, guest.*its file stays: Ghost did not make it/s, "what reverting it does is told");
    await site.apply();
    assert.deepEqual(Object.keys(site.desk.host.findDomain("web")!.live.disks).toSorted(), ["data", "root"]);
  });

  test("of a machine that left the configuration is no reason to keep it", async () => {
    await using site = await openSite();
    await site.write(vm("web") + vm("db"));
    await site.apply();
    site.desk.host.setDomain("web", { status: "stopped" });
    await site.write(vm("db"));
    const planned = await site.plan();
    assert.deepEqual([planned.drift, planned.changes], [{ "ghost_vm.web": "update" }, { "ghost_vm.web": "delete" }]);
    await site.ok("plan", "-out=saved.tfplan");
    site.desk.host.setDomain("web", { disks: { precious: 3 } });
    assert.match(said(await site.run("apply", "-json", "saved.tfplan")), /PLAN_STALE/);
    await site.apply();
    assert.deepEqual(site.desk.names(), ["db"]);
  });

  test("a machine that is gone is made again, and one that was renamed is the same", async () => {
    await using site = await openSite();
    await site.write(vm("web") + vm("db"));
    await site.apply();
    const { uid } = site.desk.host.findDomain("db")!;
    site.desk.host.removeDomain("web");
    site.desk.host.setDomain("db", { name: "database" });
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.db": "update", "ghost_vm.web": "update" });
    assert.equal(planned.drift["ghost_vm.web"], "update");
    await site.apply();
    assert.deepEqual(site.desk.names(), ["db", "web"]);
    assert.equal(site.desk.host.findDomain("db")?.uid, uid);
  });

  test("-refresh-only takes drift into the state and touches no machine", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: 2, ram_max_gb: 8 }));
    await site.apply();
    site.desk.host.setDomain("web", { ram_gb: 4 });
    site.desk.forgetCalls();
    await site.ok("apply", "-refresh-only", "-auto-approve", "-json");
    assert.equal((await site.values())["ghost_vm.web"]?.["ram_gb"], 4);
    assert.equal(site.desk.mutatingCalls, 0);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 2);
  });

  test("an address that changes is no change of the plan's", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    site.desk.host.setDomain("web", { ip_address: "192.0.2.7" });
    assert.equal((await site.plan()).code, 0);
    await site.ok("apply", "-auto-approve", "-json");
    assert.equal((await site.values())["ghost_vm.web"]?.["ip_address"], "192.0.2.7");
  });
});

suite("a saved plan", () => {
  const web = (ramGb: number): string => vm("web", { ram_gb: ramGb, ram_max_gb: 8 });

  test("is applied when nothing moved", async () => {
    await using site = await openSite();
    await site.write(web(1));
    await site.apply();
    await site.write(web(2));
    await site.ok("plan", "-out=saved.tfplan", "-no-color");
    await site.ok("apply", "-json", "saved.tfplan");
    await site.settled();
  });

  test("is refused when the machine moved, and nothing is done", async () => {
    await using site = await openSite();
    await site.write(web(1));
    await site.apply();
    await site.write(web(2));
    await site.ok("plan", "-out=saved.tfplan", "-no-color");
    site.desk.host.setDomain("web", { ram_gb: 3 });
    const outcome = await site.run("apply", "-json", "saved.tfplan");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /PLAN_STALE|Live state moved/);
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 3);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 2);
  });

  test("that deletes is refused when the machine moved", async () => {
    await using site = await openSite();
    await site.write(web(1));
    await site.apply();
    await site.ok("plan", "-destroy", "-out=saved.tfplan", "-no-color");
    site.desk.host.setDomain("web", { disks: { precious: 5 } });
    const outcome = await site.run("apply", "-json", "saved.tfplan");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /PLAN_STALE|Live state moved/);
    assert.deepEqual(site.desk.names(), ["web"]);
  });

  test("that creates is refused when somebody took the name", async () => {
    await using site = await openSite();
    await site.write(web(1));
    await site.ok("plan", "-out=saved.tfplan", "-no-color");
    const uid = site.desk.host.addForeignDomain({ name: "web" });
    const outcome = await site.run("apply", "-json", "saved.tfplan");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /web/);
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.deepEqual(await site.values(), {});
  });

  test("that takes more than it said is refused by the agent", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: 1, ram_max_gb: 8, power: '"stopped"' }));
    await site.apply();
    await site.write(vm("web", { ram_gb: 1, ram_max_gb: 8, vcpu: 2, power: '"unmanaged"' }));
    const planned = await site.ok("plan", "-out=saved.tfplan", "-json");
    assert.deepEqual(planned.told, [], "on a stopped machine that is nothing");
    site.desk.host.setDomain("web", { status: "running" });
    const outcome = await site.run("apply", "-json", "saved.tfplan");
    assert.equal(outcome.code, 1, "now it would be a restart, which nobody approved");
    assert.equal(site.desk.host.findDomain("web")?.live.vcpu, 1);
  });
});
