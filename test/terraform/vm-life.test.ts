/** A ghost_vm from its creation to its end. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";

suite("the life of a ghost_vm", () => {
  test("is created with every attribute, read, and deleted with its disks", async () => {
    await using site = await openSite();
    await site.write(
      vm("web", {
        vcpu: 2,
        vcpu_max: 4,
        ram_gb: 4,
        ram_max_gb: 8,
        disk_gb: 20,
        disks: "{ data = { size_gb = 5 }, log = { size_gb = 1 } }",
        networks: '{ lan = { network = "default" }, dmz = { bridge = "br0", mac = "52:54:00:12:34:56" } }',
        power: '"running"',
        autostart: false,
        firmware: '"uefi"',
        machine: '"pc"',
        accel: '"tcg"',
        cloud_init: '{ packages = ["nginx", "curl"], user_data = "#cloud-config\\n{}\\n" }',
        ssh_keys: '["ssh-ed25519 AAAA me"]',
        labels: '{ role = "web", "a/b" = "" }',
        metadata: '{ note = "öäü ☃" }',
        disruption: '{ allow = "data-loss" }',
        wait_for: '"ip"',
        wait_timeout_s: 30,
        stop_timeout_s: 5,
        on_remove: '"delete"',
      }),
    );
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "create" });
    assert.deepEqual(planned.told, [], "creating disrupts nothing");
    await site.apply();

    const domain = site.desk.host.findDomain("web");
    const values = (await site.values())["ghost_vm.web"]!;
    assert.equal(values["uid"], domain?.uid);
    assert.equal(values["ip_address"], domain?.ipAddress);
    assert.deepEqual([values["status"], values["owner"]], ["running", "terraform:shop"]);
    assert.match(String(values["image_digest"]), /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      {
        vcpu: domain?.live.vcpu,
        ram: domain?.live.ramMaxGb,
        disks: Object.keys(domain?.live.disks ?? {}).toSorted(),
        machine: domain?.live.machine,
      },
      { vcpu: 2, ram: 8, disks: ["data", "log", "root"], machine: "pc" },
    );

    const destroy = await site.ok("destroy", "-auto-approve", "-json");
    assert.deepEqual(
      destroy.told.map(({ severity, address }) => [severity, address]),
      [["warning", "ghost_vm.web"]],
      "a deletion is announced as the loss of data that it is",
    );
    assert.match(destroy.told[0]!.detail, /its 3 disks \(26 GiB\) are deleted/);
    assert.deepEqual(site.desk.names(), []);
    assert.equal(site.desk.host.listDisks().size, 0);
    assert.deepEqual(await site.values(), {});
  });

  test("with only what is required takes the defaults, and an attribute taken out again keeps what was recorded", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    const defaults = (await site.values())["ghost_vm.web"]!;
    assert.deepEqual(
      {
        vcpu: defaults["vcpu"],
        ram_gb: defaults["ram_gb"],
        disk_gb: defaults["disk_gb"],
        power: defaults["power"],
        protect: defaults["protect"],
      },
      { vcpu: 1, ram_gb: 1, disk_gb: 10, power: "running", protect: false },
    );
    await site.write(vm("web", { labels: '{ a = "1" }', autostart: false, stop_timeout_s: 5 }));
    await site.apply();
    await site.write(vm("web"));
    await site.apply();
  });

  test("that is renamed is the same machine", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    const { uid } = site.desk.host.findDomain("web")!;
    await site.write(vm("web", { name: '"front"' }));
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "update" });
    assert.equal(planned.told[0]?.underlined, '"front"');
    await site.apply();
    assert.deepEqual(site.desk.names(), ["front"]);
    assert.equal(site.desk.host.findDomain("front")?.uid, uid);
  });

  test("cannot move to another agent", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.write(vm("web"));
    await site.apply();
    await site.write(vm("web", { agent: '"rack"' }));
    const { told } = await site.refused("plan");
    assert.equal(told.length, 1);
    assert.match(`${told[0]?.summary} ${told[0]?.detail}`, /another agent/i);
    assert.equal(told[0]?.underlined, '"rack"');
    assert.deepEqual(site.agents["rack"]?.names(), []);
  });

  test("that is stopped and started again keeps its disks", async () => {
    await using site = await openSite();
    await site.write(vm("web", { disks: "{ data = { size_gb = 5 } }" }));
    await site.apply();
    const disks = site.desk.host.findDomain("web")?.stored.disks;
    for (const power of ["stopped", "running", "unmanaged"]) {
      await site.write(vm("web", { disks: "{ data = { size_gb = 5 } }", power: `"${power}"` }));
      await site.apply();
      assert.equal(site.desk.host.findDomain("web")?.status, power === "unmanaged" ? "running" : power);
    }
    assert.deepEqual(site.desk.host.findDomain("web")?.stored.disks, disks);
  });

  test("with on_remove = retain is released, not deleted", async () => {
    await using site = await openSite();
    await site.write(vm("web", { on_remove: '"retain"' }));
    await site.apply();
    await site.write("");
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "delete" });
    assert.deepEqual(
      planned.told.filter(({ detail, summary }) => /deleted/.test(summary + detail)),
      [],
      "nothing is lost",
    );
    await site.apply();
    assert.deepEqual(site.desk.names(), ["web"]);
    assert.equal(site.desk.host.findDomain("web")?.status, "running");
  });

  test("that is protected is not deleted, and the plan says so", async () => {
    await using site = await openSite();
    await site.write(vm("web", { protect: true }));
    await site.apply();
    await site.write("");
    for (const args of [["plan"], ["plan", "-destroy"], ["apply", "-auto-approve"]]) {
      const { told } = await site.refused(...args);
      assert.match(told.map(({ summary, detail }) => summary + detail).join(), /protect/i);
    }
    assert.deepEqual(site.desk.names(), ["web"]);
    await site.write(vm("web", { protect: false }));
    await site.apply();
    await site.write("");
    await site.apply();
    assert.deepEqual(site.desk.names(), []);
  });

  test("of which a disk, a card and a label come and go by name", async () => {
    await using site = await openSite();
    await site.write(vm("web", { disks: "{ a = { size_gb = 1 }, b = { size_gb = 2 } }", networks: "{ lan = {}, dmz = {} }" }));
    await site.apply();
    const before = site.desk.host.findDomain("web")!.live;
    await site.write(
      vm("web", {
        disks: "{ b = { size_gb = 2 }, c = { size_gb = 3 } }",
        networks: "{ dmz = {}, wan = {} }",
        labels: '{ x = "1" }',
      }),
    );
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "update" });
    await site.apply();
    const after = site.desk.host.findDomain("web")!.live;
    assert.deepEqual(Object.keys(after.disks).toSorted(), ["b", "c", "root"]);
    assert.deepEqual(after.disks["b"], before.disks["b"], "the disk whose name stayed is the same disk");
    assert.deepEqual(after.nics["dmz"], before.nics["dmz"]);
    assert.deepEqual(Object.keys(after.nics).toSorted(), ["dmz", "wan"]);
  });
});

suite("terraform asks for another one", () => {
  const how = [
    { name: "-replace", taint: false, args: ["-replace=ghost_vm.web"] },
    { name: "-replace without a refresh", taint: false, args: ["-replace=ghost_vm.web", "-refresh=false"] },
    { name: "taint", taint: true, args: [] },
    { name: "taint without a refresh", taint: true, args: ["-refresh=false"] },
  ];
  for (const { name, taint, args } of how) {
    test(`${name} makes a new machine under the old name`, async () => {
      await using site = await openSite();
      await site.write(vm("web"));
      await site.apply();
      const { uid } = site.desk.host.findDomain("web")!;
      if (taint) await site.ok("taint", "ghost_vm.web");
      const planned = await site.plan(...args);
      assert.deepEqual(planned.changes, { "ghost_vm.web": "replace" });
      // Of a replacement that it was asked for, terraform shows no warning of the provider's: its own words must do.
      assert.equal(
        planned.told.some(({ severity, summary, detail }) => severity === "warning" && /deleted/.test(summary + detail)),
        taint,
        "the old machine's disks are lost, and the plan says so",
      );
      await site.apply(...args);
      assert.notEqual(site.desk.host.findDomain("web")?.uid, uid);
      assert.deepEqual(site.desk.names(), ["web"]);
    });
  }

  test("a protected one is not replaced", async () => {
    await using site = await openSite();
    await site.write(vm("web", { protect: true }));
    await site.apply();
    const { uid } = site.desk.host.findDomain("web")!;
    const { told } = await site.refused("apply", "-auto-approve", "-replace=ghost_vm.web");
    assert.match(told.map(({ summary, detail }) => summary + detail).join(), /protect/i);
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
  });

  test("create_before_destroy cannot give two machines one name, and nothing is lost in the attempt", async () => {
    await using site = await openSite();
    const text = vm("web", { lifecycle: "create_before_destroy = true" });
    await site.write(text);
    await site.apply();
    const { uid } = site.desk.host.findDomain("web")!;
    const outcome = await site.run("apply", "-auto-approve", "-json", "-replace=ghost_vm.web");
    assert.equal(outcome.code, 1);
    assert.match(outcome.told.map(({ summary, detail }) => summary + detail).join(), /web/);
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    // Terraform has the old one as deposed now and would delete it beside making the new one; nothing is done until somebody decides.
    await site.refused("apply", "-auto-approve");
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    await site.ok("state", "rm", "ghost_vm.web");
    await site.write(vm("web"));
    await site.ok("import", "ghost_vm.web", "desk/web");
    await site.settled();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
  });

  test("untaint takes the mark away", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await site.ok("taint", "ghost_vm.web");
    await site.ok("untaint", "ghost_vm.web");
    await site.settled();
  });
});
