/** What a change does to the running machine is told before it is done, at the attribute. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "./support/hcl.ts";
import type { Expressions } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import type { Told } from "./support/terraform.ts";
import { said } from "./support/words.ts";

const SECOND_KEY = '["ssh-ed25519 AAAA me", "ssh-ed25519 BBBB you"]';

interface Case {
  readonly change: string;
  readonly before: Expressions;
  readonly after: Expressions;
  readonly impact: string;
  /** The attribute that a warning points at; without it there is none. */
  readonly at?: string;
}

/** From `live` on downwards a plan is silent; what is worse is a warning. */
const CASES: readonly Case[] = [
  { change: "labels", before: {}, after: { labels: '{ a = "1" }' }, impact: "none" },
  { change: "on_remove", before: {}, after: { on_remove: '"retain"' }, impact: "none" },
  { change: "autostart", before: {}, after: { autostart: false }, impact: "none" },
  { change: "vcpu within its headroom", before: { vcpu: 1, vcpu_max: 4 }, after: { vcpu: 2, vcpu_max: 4 }, impact: "live" },
  { change: "memory within its headroom", before: { ram_gb: 1, ram_max_gb: 4 }, after: { ram_gb: 2, ram_max_gb: 4 }, impact: "live" },
  { change: "a further disk", before: {}, after: { disks: "{ data = { size_gb = 1 } }" }, impact: "live" },
  { change: "vcpu above its headroom", before: { vcpu: 1 }, after: { vcpu: 2 }, impact: "restart", at: "vcpu" },
  { change: "memory above its headroom", before: { ram_gb: 1 }, after: { ram_gb: 2 }, impact: "restart", at: "ram_gb" },
  {
    change: "memory of a stopped machine",
    before: { ram_gb: 1, power: '"stopped"' },
    after: { ram_gb: 2, power: '"stopped"' },
    impact: "none",
  },
  { change: "a rename", before: {}, after: { name: '"front"' }, impact: "restart", at: "name" },
  { change: "power off", before: {}, after: { power: '"stopped"' }, impact: "stop", at: "power" },
  { change: "the machine type", before: {}, after: { machine: '"pc"' }, impact: "replace", at: "machine" },
  { change: "the firmware", before: {}, after: { firmware: '"uefi"' }, impact: "replace", at: "firmware" },
  {
    change: "a disk taken away",
    before: { disks: "{ data = { size_gb = 1 } }" },
    after: { disks: "{}" },
    impact: "data-loss",
    at: "disks",
  },
  { change: "a disk made smaller", before: { disk_gb: 20 }, after: { disk_gb: 10 }, impact: "data-loss", at: "disk_gb" },
  {
    change: "another image",
    before: { image_on_change: '"recreate"' },
    after: { image_on_change: '"recreate"', image: '"ubuntu-24.04"' },
    impact: "data-loss",
    at: "image",
  },
  {
    change: "cloud-init at the next boot",
    before: { cloud_init_on_change: '"next-boot"', ssh_keys: '["ssh-ed25519 AAAA me"]' },
    after: { cloud_init_on_change: '"next-boot"', ssh_keys: SECOND_KEY },
    impact: "next-boot",
  },
];

function words({ summary, detail }: Told): string {
  return `${summary} ${detail}`;
}

suite("the impact of a change", () => {
  for (const { change, before, after, impact, at } of CASES) {
    test(`${change}: ${impact}`, async () => {
      await using site = await openSite();
      await site.write(vm("web", before));
      await site.apply();
      await site.write(vm("web", after));
      const { told, changes } = await site.plan();
      assert.deepEqual(changes, { "ghost_vm.web": "update" }, "everything that survives is an update in place");
      if (at === undefined) assert.deepEqual(told, []);
      else {
        const warning = told.find(({ severity }) => severity === "warning");
        assert.equal(warning?.address, "ghost_vm.web");
        assert.match(words(warning!), new RegExp(impact));
        assert.match(warning?.code ?? "", new RegExp(`^\\s*${at}\\b`), "the warning points at the attribute");
      }
      assert.equal((await site.planned())["ghost_vm.web"]?.after?.["planned_impact"], impact);
      const uid = site.desk.host.listDomains()[0]?.uid;
      await site.apply();
      assert.equal(site.desk.host.listDomains()[0]?.uid, uid);
    });
  }

  test("a change that is ignored on an existing machine is a warning, does nothing, and is settled", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ssh_keys: '["ssh-ed25519 AAAA me"]' }));
    await site.apply();
    const digest = (await site.values())["ghost_vm.web"]?.["image_digest"];
    await site.write(vm("web", { image: '"ubuntu-24.04"', ssh_keys: SECOND_KEY }));
    const { told } = await site.plan();
    assert.ok(told.length > 0 && told.every(({ severity }) => severity === "warning"));
    assert.match(told.map(words).join(), /ignored/i);
    await site.apply();
    assert.equal((await site.values())["ghost_vm.web"]?.["image_digest"], digest);
  });
});

suite("a ceiling", () => {
  const ceilings: readonly { name: string; provider: string; extra: Expressions }[] = [
    { name: "max_impact of the provider block", provider: 'max_impact = "live"', extra: {} },
    { name: "disruption.allow of the machine", provider: "", extra: { disruption: '{ allow = "live" }' } },
  ];
  for (const { name, provider, extra } of ceilings) {
    test(`${name} refuses what is worse, at the attribute, and nothing is done`, async () => {
      await using site = await openSite({ provider });
      const web = { ram_gb: 1, ram_max_gb: 4, ...extra };
      await site.write(vm("web", web));
      await site.apply();
      await site.write(vm("web", { ...web, ram_gb: 2 }));
      await site.apply();
      site.desk.forgetCalls();
      await site.write(vm("web", { ...web, ram_gb: 2, vcpu: 2 }));
      for (const args of [["plan"], ["apply", "-auto-approve"]]) {
        const { told } = await site.refused(...args);
        const error = told.find(({ severity }) => severity === "error");
        assert.match(words(error!), /restart/);
        assert.match(words(error!), /live/);
        assert.match(error?.code ?? "", /^\s*vcpu\b/);
      }
      assert.equal(site.desk.mutatingCalls, 0);
    });
  }

  test("max_impact refuses a deletion below data-loss", async () => {
    await using site = await openSite({ provider: 'max_impact = "replace"' });
    await site.write(vm("web"));
    await site.apply();
    await site.write("");
    const { told } = await site.refused("apply", "-auto-approve");
    assert.match(told.map(words).join(), /data-loss/);
    assert.deepEqual(site.desk.names(), ["web"]);
  });

  test("a replacement is data-loss, whatever asks for it, and is held to the limit under another name too", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    const replaced = async (...args: readonly string[]): Promise<unknown> =>
      (await site.planned(...args))["ghost_vm.web"]?.after?.["planned_impact"] ?? "not known";
    assert.equal(await replaced("-replace=ghost_vm.web"), "data-loss");
    await site.ok("apply", "-auto-approve", "-json", "-replace=ghost_vm.web");
    assert.equal((await site.values())["ghost_vm.web"]?.["planned_impact"], "data-loss");
    await site.settled();
    await site.ok("taint", "ghost_vm.web");
    assert.equal(await replaced(), "data-loss");
    await site.apply();

    for (const lifecycle of ["", "create_before_destroy = true"]) {
      const name = lifecycle === "" ? "front" : "back";
      await site.write(vm("web", { name: `"${name}"`, lifecycle }), { provider: 'max_impact = "replace"' });
      assert.match(said(await site.refused("plan", "-replace=ghost_vm.web")), /data-loss/);
      await site.write(vm("web", { name: `"${name}"`, lifecycle }));
      assert.equal(await replaced("-replace=ghost_vm.web"), "not known", "the new one may come first");
      await site.ok("apply", "-auto-approve", "-json", "-replace=ghost_vm.web");
      await site.settled();
      assert.deepEqual(site.desk.names(), [name]);
    }
  });

  test("a protected VM is not replaced, under another name neither", async () => {
    await using site = await openSite();
    const web = { protect: true, lifecycle: "create_before_destroy = true" };
    await site.write(vm("web", web));
    await site.apply();
    for (const name of ["web", "front"]) {
      await site.write(vm("web", { ...web, name: `"${name}"` }));
      assert.match(said(await site.refused("plan", "-replace=ghost_vm.web")), /VM_PROTECTED/);
    }
  });

  test("an unknown value is given its attribute's worst", async () => {
    await using site = await openSite();
    const text = (size: number): string =>
      `resource "terraform_data" "size" {\n  input = ${size}\n}\n${vm("web", { disk_gb: "terraform_data.size.output" })}`;
    await site.write(text(10));
    await site.apply();
    await site.write(text(20));
    const { told } = await site.plan();
    assert.match(told.map(words).join(), /data-loss/);
    assert.match(told[0]?.code ?? "", /^\s*disk_gb\b/);
    await site.apply();
    assert.equal((await site.values())["ghost_vm.web"]?.["disk_gb"], 20);
  });
});
