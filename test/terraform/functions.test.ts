/** Functions, and a ghost.yaml that terraform iterates over. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { openSite } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

suite("parse_spec", () => {
  test("gives what for_each makes machines of, and each attribute that is unset is null", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    const spec = await readFile(path.join(ROOT, "examples/templates/ghost.yaml"), "utf8");
    await site.write(
      `locals {
  spec = provider::ghost::parse_spec(file("\${path.module}/ghost.yaml"))
}
resource "ghost_vm" "all" {
  for_each = local.spec.vms
  name     = each.key
  agent    = "desk"
  image    = each.value.image
  vcpu     = each.value.vcpu
  ram_gb   = each.value.ram_gb
  disk_gb  = each.value.disk_gb
  disks    = each.value.disks
  networks = each.value.networks
  labels   = each.value.labels
  cloud_init = each.value.cloud_init
}
output "stack" {
  value = local.spec.stack
}
`,
      { files: { "ghost.yaml": spec } },
    );
    await site.apply();
    assert.ok(site.desk.names().length > 0);
  });

  test("of an unknown text is unknown until it is applied", async () => {
    await using site = await openSite();
    await site.write(`resource "terraform_data" "text" {
  input = "ghost: 1\\nstack: shop\\nagents: { desk: { address: \\"unix:/x\\" } }\\nvms: { web: { agent: desk, image: debian-12 } }\\n"
}
output "names" {
  value = keys(provider::ghost::parse_spec(terraform_data.text.output).vms)
}
`);
    await site.apply();
    const { stdout } = await site.ok("output", "-json", "names");
    assert.deepEqual(JSON.parse(stdout), ["web"]);
  });

  const wrong = [
    { text: "ghost: 1\\nstack: [", says: /line|YAML/i },
    { text: "ghost: 1\\nstack: shop\\nvms: { web: { agent: desk, ram_gb: 0 } }", says: /ram_gb/ },
    { text: "", says: /./ },
  ];
  for (const { text, says } of wrong) {
    test(`of ${JSON.stringify(text)} is an error of the argument`, async () => {
      await using site = await openSite();
      await site.write(`output "spec" {\n  value = provider::ghost::parse_spec("${text}")\n}`);
      const outcome = await site.run("plan", "-json");
      assert.equal(outcome.code, 1);
      assert.match(errors(outcome)[0]?.detail ?? "", says);
      assert.doesNotMatch(errors(outcome)[0]?.detail ?? "", /\.\.$/, "one full stop ends it");
      assert.doesNotMatch(said(outcome), /TypeError|Cannot read/);
    });
  }
});

suite("render_cloud_init", () => {
  test("gives user-data that a VM takes", async () => {
    await using site = await openSite();
    await site.write(`output "text" {
  value = provider::ghost::render_cloud_init({ packages = ["nginx"], user_data = "#cloud-config\\nruncmd: [date]\\n" })
}
`);
    await site.apply();
    const { stdout } = await site.ok("output", "-raw", "text");
    assert.match(stdout, /^#cloud-config/);
    assert.match(stdout, /nginx/);
    assert.match(stdout, /runcmd/);
  });

  test("of something else is an error of the argument", async () => {
    await using site = await openSite();
    await site.write('output "text" {\n  value = provider::ghost::render_cloud_init("x")\n}');
    const outcome = await site.run("plan", "-json");
    assert.equal(outcome.code, 1);
    assert.doesNotMatch(said(outcome), /TypeError|Cannot read/);
  });
});
