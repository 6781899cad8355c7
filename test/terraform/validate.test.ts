/** Bad input is told at the attribute, by `terraform validate`, before any agent is asked. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { block, vm } from "./support/hcl.ts";
import type { Expressions } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

interface Case {
  readonly attributes: Expressions;
  /** The attribute that the error points at. */
  readonly at: string;
  readonly says: RegExp;
}

const long = "a".repeat(64);
const CASES: readonly Case[] = [
  { attributes: { name: '"Web"' }, at: "name", says: /lower-case/ },
  { attributes: { name: '""' }, at: "name", says: /1 to 63/ },
  { attributes: { name: `"${long}"` }, at: "name", says: /1 to 63/ },
  { attributes: { name: '"web-"' }, at: "name", says: /1 to 63/ },
  { attributes: { name: '"wéb"' }, at: "name", says: /lower-case/ },
  { attributes: { agent: '"Desk"' }, at: "agent", says: /lower-case/ },
  { attributes: { image: '"Debian 12"' }, at: "image", says: /lower-case/ },
  { attributes: { image: "", image_url: '"ftp://x/y"', image_sha256: `"${"0".repeat(64)}"` }, at: "image_url", says: /http/ },
  { attributes: { image: "", image_url: '"https://x/y"' }, at: "image_url", says: /image_sha256/ },
  { attributes: { image: "", image_url: '"https://x/y"', image_sha256: '"zz"' }, at: "image_sha256", says: /64/ },
  { attributes: { image: "", image_path: '"relative.img"' }, at: "image_path", says: /absolute/ },
  { attributes: { image_path: '"/a.img"' }, at: "image", says: /image_path|image/ },
  { attributes: { image_on_change: '"maybe"' }, at: "image_on_change", says: /ignore.*recreate/ },
  { attributes: { vcpu: 0 }, at: "vcpu", says: /1.*512/ },
  { attributes: { vcpu: 513 }, at: "vcpu", says: /1.*512/ },
  { attributes: { vcpu: 4, vcpu_max: 2 }, at: "vcpu", says: /vcpu_max/ },
  { attributes: { ram_gb: 8, ram_max_gb: 4 }, at: "ram", says: /ram_max_gb/ },
  { attributes: { disk_gb: 0 }, at: "disk_gb", says: /1.*65,?536/ },
  { attributes: { disks: "{ Data = { size_gb = 1 } }" }, at: "disks", says: /lower-case/ },
  { attributes: { disks: "{ root = { size_gb = 1 } }" }, at: "disks", says: /root/ },
  { attributes: { disks: "{ data = { size_gb = 0 } }" }, at: "disks", says: /1.*65,?536/ },
  { attributes: { networks: '{ lan = { mac = "52:54:00:12:34:ZZ" } }' }, at: "networks", says: /MAC/ },
  { attributes: { networks: '{ lan = { mac = "53:54:00:12:34:56" } }' }, at: "networks", says: /unicast/ },
  { attributes: { networks: '{ lan = { network = "a", bridge = "b" } }' }, at: "networks", says: /bridge/ },
  { attributes: { networks: '{ lan = { bridge = "averyverylongname" } }' }, at: "networks", says: /15/ },
  { attributes: { power: '"on"' }, at: "power", says: /running.*stopped.*unmanaged/ },
  { attributes: { firmware: '"efi"' }, at: "firmware", says: /bios.*uefi/ },
  { attributes: { machine: '"i440"' }, at: "machine", says: /q35.*pc/ },
  { attributes: { accel: '"hvf"' }, at: "accel", says: /auto.*kvm.*tcg/ },
  { attributes: { cloud_init: '{ packages = ["a\\nb"] }' }, at: "cloud_init", says: /one line/ },
  { attributes: { cloud_init: `{ user_data = "${"x".repeat(65_537)}" }` }, at: "cloud_init", says: /65,?536/ },
  { attributes: { cloud_init_on_change: '"restart"' }, at: "cloud_init_on_change", says: /ignore.*next-boot.*recreate/ },
  { attributes: { ssh_keys: '["a\\u0007b"]' }, at: "ssh_keys", says: /one line/ },
  { attributes: { labels: '{ "a b" = "1" }' }, at: "labels", says: /letters, digits/ },
  { attributes: { labels: `{ a = "${"x".repeat(256)}" }` }, at: "labels", says: /255/ },
  { attributes: { labels: '{ a = "x\\ny" }' }, at: "labels", says: /one line/ },
  { attributes: { metadata: `{ a = "${"x".repeat(4097)}" }` }, at: "metadata", says: /4,?096/ },
  { attributes: { disruption: '{ allow = "never" }' }, at: "disruption", says: /none.*data-loss/ },
  { attributes: { wait_for: '"ssh"' }, at: "wait_for", says: /guest-agent/ },
  { attributes: { wait_timeout_s: 0 }, at: "wait_timeout_s", says: /1.*86,?400/ },
  { attributes: { stop_timeout_s: 3601 }, at: "stop_timeout_s", says: /1.*3,?600/ },
  { attributes: { on_remove: '"keep"' }, at: "on_remove", says: /delete.*retain/ },
  { attributes: { template: '"Web"' }, at: "template", says: /lower-case/ },
];

suite("terraform validate of a ghost_vm", () => {
  for (const { attributes, at, says } of CASES) {
    const shown = Object.entries(attributes).map(([name, value]) => `${name} = ${String(value).slice(0, 60)}`);
    test(shown.join(", "), async () => {
      await using site = await openSite();
      await site.write(vm("web", attributes));
      const outcome = await site.refused("validate");
      const [error] = errors(outcome);
      assert.match(`${error?.summary} ${error?.detail}`.replaceAll(/\s+/g, " "), says);
      assert.match(error?.code ?? "", new RegExp(`^\\s*${at}`), "it points at the attribute");
      assert.equal(errors(outcome).length, 1, said(outcome));
      assert.deepEqual(site.desk.calls, {});
    });
  }

  test("tells every problem at once", async () => {
    await using site = await openSite();
    await site.write(vm("web", { vcpu: 0, ram_gb: 0, power: '"on"', labels: '{ "a b" = "1" }' }));
    const outcome = await site.refused("validate");
    assert.deepEqual(
      errors(outcome)
        .map(({ code = "" }) => String(code.trim().split(/\s/)[0]))
        .toSorted(),
      ["labels", "power", "ram_gb", "vcpu"],
    );
  });

  test("knows nothing of what only specs have", async () => {
    await using site = await openSite();
    for (const attribute of ["replicas", "previous_names"]) {
      await site.write(vm("web", { [attribute]: attribute === "replicas" ? 2 : '["x"]' }));
      assert.match(said(await site.refused("validate")), new RegExp(attribute));
    }
  });

  test("leaves alone what is not known yet", async () => {
    await using site = await openSite();
    await site.write(
      `variable "n" {\n  type = number\n}\n${vm("web", { vcpu: "var.n", vcpu_max: "var.n", disks: '{ for i in range(var.n) : "d${i}" => { size_gb = var.n } }' })}`,
    );
    await site.ok("validate");
  });
});

suite("the provider block", () => {
  const bodies: readonly { body: string; says: RegExp; at: RegExp }[] = [
    { body: "agents = {}", says: /stack/, at: /provider/ },
    { body: 'stack = "shop"', says: /agents/, at: /provider/ },
    { body: 'stack = "My Shop"\n agents = {}', says: /lower-case/, at: /stack/ },
    { body: 'stack = "shop"\n agents = { Desk = { address = "unix:/x" } }', says: /lower-case/, at: /agents/ },
    { body: 'stack = "shop"\n agents = { desk = {} }', says: /address/, at: /agents/ },
    { body: 'stack = "shop"\n agents = { desk = { address = "nonsense" } }', says: /host:port/, at: /agents/ },
    { body: 'stack = "shop"\n agents = { desk = { address = "embedded:.ghost/desk" } }', says: /ghost agent run/, at: /agents/ },
    { body: 'stack = "shop"\n agents = { desk = { address = "unix:/x", timeout_s = 0 } }', says: /1.*600/, at: /agents/ },
    { body: 'stack = "shop"\n agents = { desk = { address = "a:1", tls = { cert = "x" } } }', says: /key/, at: /agent/ },
    {
      body: 'stack = "shop"\n max_impact = "reboot"\n agents = { desk = { address = "unix:/x" } }',
      says: /none.*data-loss/,
      at: /max_impact/,
    },
  ];
  for (const { body, says, at } of bodies) {
    test(`${body.replaceAll("\n", "")} is refused`, async () => {
      await using site = await openSite();
      await site.write(vm("web"), { providerBody: body });
      const outcome = await site.refused("plan");
      const [error] = errors(outcome);
      assert.match(`${error?.summary} ${error?.detail}`.replaceAll(/\s+/g, " "), says);
      assert.match(error?.code ?? "", at);
    });
  }

  test("an agent that it does not name is refused at the attribute, with those it names", async () => {
    await using site = await openSite();
    await site.write(vm("web", { agent: '"dusk"' }));
    const [error] = errors(await site.refused("plan"));
    assert.match(error?.code ?? "", /^\s*agent\b/);
    assert.match(error?.detail ?? "", /desk/);
  });

  test("two entries that reach one agent are told", async () => {
    await using site = await openSite();
    const { address } = site.desk;
    await site.write(vm("web") + vm("db", { agent: '"twin"' }), {
      providerBody: `stack = "shop"\n agents = { desk = { address = "${address}" }, twin = { address = "${address}" } }`,
    });
    const outcome = await site.run("plan", "-json");
    assert.match(said(outcome), /desk/);
    assert.match(said(outcome), /twin/);
  });

  test("without any agent is fine as long as nothing is on one", async () => {
    await using site = await openSite();
    await site.write("", { providerBody: 'stack = "shop"\n agents = {}' });
    await site.apply();
  });

  test("an import id with an agent that is not there names those that are", async () => {
    await using site = await openSite();
    await site.write(block("import", { to: "ghost_vm.web", id: '"dusk/web"' }) + vm("web"));
    const outcome = await site.run("plan", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /dusk/);
  });
});
