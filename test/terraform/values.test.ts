/** Values that terraform may hand over: unknown, null, empty, very large, not whole. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { resource, vm } from "./support/hcl.ts";
import type { Expressions } from "./support/hcl.ts";
import { agentsMap, openSite } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

/** A value for every attribute that a person can set, other than its default. */
const VALUES: Expressions = {
  name: '"web"',
  agent: '"desk"',
  image: '"ubuntu-24.04"',
  image_on_change: '"recreate"',
  vcpu: 2,
  vcpu_max: 4,
  ram_gb: 2,
  ram_max_gb: 4,
  disk_gb: 12,
  disks: "{ data = { size_gb = 3 } }",
  networks: '{ lan = { network = "default" } }',
  power: '"stopped"',
  autostart: false,
  firmware: '"uefi"',
  machine: '"pc"',
  accel: '"tcg"',
  cloud_init: '{ packages = ["nginx"] }',
  cloud_init_on_change: '"next-boot"',
  ssh_keys: '["ssh-ed25519 AAAA me"]',
  labels: '{ a = "1" }',
  metadata: '{ a = "1" }',
  protect: false,
  disruption: '{ allow = "data-loss" }',
  wait_for: '"none"',
  wait_timeout_s: 7,
  stop_timeout_s: 8,
  on_remove: '"delete"',
  adopt: false,
};

/** `terraform_data` keeps a value back until it was applied. */
const late = (value: string | number | boolean): string => resource("terraform_data", "late", { input: String(value) });

suite("an unknown value", () => {
  test("in any one attribute at the first plan is made known while it is applied", async () => {
    await using site = await openSite();
    site.desk.host.setResources({ vcpu: 512, ram_gb: 512, disk_gb: 5000 });
    const all = Object.entries(VALUES).map(([name, value]) => {
      const label = `vm-${name.replaceAll("_", "-")}`;
      return (
        resource("terraform_data", label, { input: name === "name" ? `"${label}"` : String(value) }) +
        vm(label, { ...(name === "vcpu_max" && { vcpu: 2 }), [name]: `terraform_data.${label}.output` })
      );
    });
    await site.write(all.join("\n"));
    const planned = await site.plan();
    assert.equal(Object.values(planned.changes).filter((action) => action === "create").length, 2 * Object.keys(VALUES).length);
    assert.deepEqual(planned.told, []);
    await site.apply();
    assert.equal(site.desk.names().length, Object.keys(VALUES).length);
  });

  for (const [name, value] of Object.entries(VALUES)) {
    test(`in ${name} of a machine that is there is planned and applied`, async () => {
      await using site = await openSite();
      const own =
        name === "vcpu_max" ? { vcpu: 2 } : name === "cloud_init" || name === "ssh_keys" ? { cloud_init_on_change: '"next-boot"' } : {};
      await site.write(vm("web", own));
      await site.apply();
      const { uid } = site.desk.host.listDomains()[0]!;
      await site.write(late(value) + vm("web", { ...own, [name]: "terraform_data.late.output" }));
      const planned = await site.plan();
      assert.equal(planned.changes["ghost_vm.web"], "update");
      await site.apply();
      assert.equal(site.desk.host.listDomains()[0]?.uid, uid);
    });
  }

  test("deep inside a collection", async () => {
    await using site = await openSite();
    await site.write(
      late('{ size = 3, text = "x", pkg = "nginx" }') +
        vm("web", {
          disks: "{ data = { size_gb = terraform_data.late.output.size } }",
          labels: '{ a = terraform_data.late.output.text, b = "1" }',
          cloud_init: '{ packages = ["curl", terraform_data.late.output.pkg] }',
          disruption: '{ allow = terraform_data.late.output.text == "x" ? "data-loss" : "live" }',
        }),
    );
    await site.apply();
    const values = (await site.values())["ghost_vm.web"]!;
    assert.deepEqual(values["labels"], { a: "x", b: "1" });
  });

  test("that turns out to be wrong is refused when it is known, and nothing is made", async () => {
    await using site = await openSite();
    await site.write(late(0) + vm("web", { ram_gb: "terraform_data.late.output" }));
    await site.plan();
    const outcome = await site.refused("apply", "-auto-approve");
    assert.match(errors(outcome)[0]?.code ?? "", /ram_gb/);
    assert.deepEqual(site.desk.names(), []);
  });

  const bodies = [
    {
      what: "an address",
      body: (address: string) => [address, 'stack = "shop"\n agents = { desk = { address = terraform_data.late.output } }'],
    },
    {
      what: "the whole map of agents",
      body: (address: string) => [
        address,
        'stack = "shop"\n agents = { for name in [terraform_data.late.output] : "desk" => { address = name } }',
      ],
    },
    {
      what: "the stack",
      body: (address: string) => ["shop", `stack = terraform_data.late.output\n agents = { desk = { address = "${address}" } }`],
    },
    {
      what: "max_impact",
      body: (address: string) => [
        "live",
        `stack = "shop"\n agents = { desk = { address = "${address}" } }\n max_impact = terraform_data.late.output`,
      ],
    },
  ];
  for (const { what, body } of bodies) {
    test(`in the provider block: ${what}`, async () => {
      await using site = await openSite();
      const [value = "", providerBody = ""] = body(site.desk.address);
      await site.write(late(`"${value}"`) + vm("web"), { providerBody });
      const planned = await site.plan();
      assert.equal(planned.changes["ghost_vm.web"], "create");
      await site.apply();
      assert.deepEqual(site.desk.names(), ["web"]);

      // And the address that changes behind it: what is there stays known, nothing is planned for deletion.
      await site.write(resource("terraform_data", "late", { input: `"${value}"`, triggers_replace: '"again"' }) + vm("web"), {
        providerBody,
      });
      const again = await site.plan();
      assert.ok(!["delete", "replace"].includes(again.changes["ghost_vm.web"] ?? ""), JSON.stringify(again.changes));
      await site.apply();
      assert.deepEqual(site.desk.names(), ["web"]);
    });
  }

  test("in the name of the agent, of several", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.write(late('"rack"') + vm("web", { agent: "terraform_data.late.output" }), {
      providerBody: `stack = "shop"\n agents = ${agentsMap(Object.values(site.agents))}`,
    });
    await site.apply();
    assert.deepEqual([site.desk.names(), site.agents["rack"]?.names()], [[], ["web"]]);
  });
});

suite("null and empty", () => {
  const COLLECTIONS = {
    labels: "{}",
    metadata: "{}",
    disks: "{}",
    networks: "{}",
    ssh_keys: "[]",
    cloud_init: "{}",
    disruption: "{}",
  } as const;
  for (const [name, empty] of Object.entries(COLLECTIONS)) {
    test(`${name}: left out, null, empty, filled and back again are each settled`, async () => {
      await using site = await openSite();
      const filled = String(VALUES[name]);
      for (const expression of ["", "null", empty, filled, empty, filled, "null", empty, ""]) {
        await site.write(vm("web", { [name]: expression }));
        await site.apply();
      }
      assert.deepEqual(site.desk.names(), ["web"]);
    });
  }

  test("an empty list within cloud_init", async () => {
    await using site = await openSite();
    for (const packages of ["[]", "null", '["curl"]', "[]"]) {
      await site.write(vm("web", { cloud_init: `{ packages = ${packages} }`, cloud_init_on_change: '"next-boot"' }));
      await site.apply();
    }
  });

  test("null in place of every value is the same as leaving it out", async () => {
    await using site = await openSite();
    const { name: _name, agent: _agent, image: _image, ...optional } = VALUES;
    await site.write(vm("web", Object.fromEntries(Object.keys(optional).map((each) => [each, "null"]))));
    await site.apply();
    await site.write(vm("web"));
    await site.settled();
  });

  const inside: readonly { attribute: string; expression: string }[] = [
    { attribute: "labels", expression: "{ a = null }" },
    { attribute: "ssh_keys", expression: "[null]" },
    { attribute: "disks", expression: "{ data = null }" },
    { attribute: "networks", expression: "{ lan = null }" },
    { attribute: "cloud_init", expression: "{ packages = [null] }" },
  ];
  for (const { attribute, expression } of inside) {
    test(`null inside, ${attribute} = ${expression}, is refused at the attribute`, async () => {
      await using site = await openSite();
      await site.write(vm("web", { [attribute]: expression }));
      const outcome = await site.refused("validate");
      assert.match(errors(outcome)[0]?.code ?? "", new RegExp(`^\\s*${attribute}\\b`));
      assert.doesNotMatch(said(outcome), /TypeError|Cannot read|bug/i);
    });
  }
});

suite("numbers", () => {
  const wrong = ["0", "-1", "0.1", "1.5", "9007199254740993", "1e30", "4097"];
  for (const number of wrong) {
    test(`${number} GiB of memory is refused at the attribute, with the number as it was written`, async () => {
      await using site = await openSite();
      await site.write(vm("web", { ram_gb: number }));
      const outcome = await site.refused("validate");
      const [error] = errors(outcome);
      assert.match(error?.code ?? "", /^\s*ram_gb\b/);
      if (!number.includes("e")) assert.ok(error?.detail.includes(number), error?.detail);
    });
  }

  for (const version of ["0.1", "9007199254740993", "-1"]) {
    test(`${version} is no version of a password`, async () => {
      await using site = await openSite();
      await site.write(vm("web", { cloud_init: `{ password_wo = "x", password_wo_version = ${version} }` }));
      const outcome = await site.refused("validate");
      assert.match(errors(outcome)[0]?.code ?? "", /^\s*cloud_init\b/);
      assert.ok(said(outcome).includes(version), said(outcome));
    });
  }

  test('4.0 and "4" are the number 4', async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: "4.0", vcpu: '"2"' }));
    await site.apply();
    const { ram_gb, vcpu } = (await site.values())["ghost_vm.web"]!;
    assert.deepEqual([ram_gb, vcpu], [4, 2]);
  });
});
