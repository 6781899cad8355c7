/** A ghost.yaml as the source of everything: the provider's block, the machines, their secrets. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VM_SCHEMA } from "../../provider/src/ghost/vm/vm-schema.ts";
import { openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { errors } from "./support/words.ts";

/** Every argument of ghost_vm that the function gives. */
const ARGUMENTS = Object.entries(VM_SCHEMA.attributes)
  .filter(([name, attribute]) => name !== "timeouts" && (attribute.required === true || attribute.optional === true))
  .map(([name]) => name);

const ALL = `resource "ghost_vm" "all" {
  for_each = local.spec.vms
${ARGUMENTS.map((name) => `  ${name} = each.value.${name}\n`).join("")}}
`;

const FROM_SPEC = "stack = local.spec.stack\n  agents = local.spec.agents";

function spec({ desk }: Site, vms: string, head = ""): string {
  return `ghost: 1
stack: shop
${head}agents: { desk: { address: "${desk.address}" } }
vms:
${vms}`;
}

suite("a fleet out of a ghost.yaml", () => {
  test("has the provider's block and every argument of its machines from there, and then plans empty", async () => {
    await using site = await openSite();
    const text = spec(
      site,
      `  web: { agent: desk, template: web, replicas: "\${var.count}", labels: { number: "\${index}" } }
  db: { agent: desk, image: debian-12, ram_gb: 2, ram_max_gb: 4, disks: { data: { size_gb: 5 } }, networks: { lan: {} }, disruption: { allow: live } }
`,
      "variables: { count: { type: integer, default: 1 } }\ntemplates: { web: { image: debian-12, cloud_init: { packages: [nginx] } } }\n",
    );
    const read = (arguments_: string): string =>
      `locals {\n  spec = provider::ghost::parse_spec(file("\${path.module}/ghost.yaml")${arguments_})\n}\n${ALL}`;
    const files = { "ghost.yaml": text };
    await site.write(read(", { count = 2 }"), { providerBody: FROM_SPEC, files });
    await site.apply();
    assert.deepEqual(site.desk.names(), ["db", "web-1", "web-2"]);
    const { live } = site.desk.host.findDomain("db")!;
    assert.deepEqual([live.ramGb, live.ramMaxGb, Object.keys(live.disks).toSorted()], [2, 4, ["data", "root"]]);

    await site.write(read(""), { providerBody: FROM_SPEC, files });
    const { changes } = await site.plan();
    assert.deepEqual(changes, { 'ghost_vm.all["web-2"]': "delete" });
  });

  test("takes the value of a secret beside its version", async () => {
    await using site = await openSite();
    const vms = (version: number): string =>
      `  web: { agent: desk, image: debian-12, cloud_init_on_change: next-boot, cloud_init: { password: { secret: "env:NOWHERE", version: ${version} } } }\n`;
    const hcl = `variable "password" {
  type      = string
  ephemeral = true
}
locals {
  spec = provider::ghost::parse_spec(file("\${path.module}/ghost.yaml"))
}
${ALL.replace("cloud_init = each.value.cloud_init\n", "cloud_init = each.value.cloud_init == null ? null : merge(each.value.cloud_init, { password_wo = var.password })\n")}`;
    await site.write(hcl, { files: { "ghost.yaml": spec(site, vms(1)) } });
    await site.ok("apply", "-auto-approve", "-json", "-var", "password=hunter2");
    assert.deepEqual(site.desk.passwords, { web: "hunter2" });
    await site.write(hcl, { files: { "ghost.yaml": spec(site, vms(2)) } });
    const { changes } = await site.plan("-var", "password=hunter3");
    assert.deepEqual(changes, { 'ghost_vm.all["web"]': "update" });
    await site.ok("apply", "-auto-approve", "-json", "-var", "password=hunter3");
    assert.deepEqual(site.desk.passwords, { web: "hunter3" });
  });

  test("is refused with line, column and hint", async () => {
    await using site = await openSite();
    const text = spec(site, "  web:\n    agent: desk\n    image: debian-12\n    ram_gb: 0\n");
    await site.write('output "spec" {\n  value = provider::ghost::parse_spec(file("${path.module}/ghost.yaml"))\n}', {
      files: { "ghost.yaml": text },
    });
    const [problem, ...others] = errors(await site.refused("plan"));
    assert.deepEqual(others, []);
    assert.match(problem!.detail, /spec:8:13\n {2}8 \| {5}ram_gb: 0\n {4}\| {13}\^\n/);
    assert.match(problem!.detail, /must be between 1 and 4096\.\n {2}Hint: Set it to at least 1\./);
    assert.match(problem!.code ?? "", /parse_spec\(file/);
  });

  test("is refused for a variable that it does not have", async () => {
    await using site = await openSite();
    const text = spec(site, "  web: { agent: desk, image: debian-12 }\n");
    await site.write('output "spec" {\n  value = provider::ghost::parse_spec(file("${path.module}/ghost.yaml"), { count = 2 })\n}', {
      files: { "ghost.yaml": text },
    });
    const [problem] = errors(await site.refused("plan"));
    assert.match(problem!.detail, /"count", which the spec does not declare[^]*parse_spec\(text, \{ name = value \}\)/);
  });
});

suite("user-data of a function", () => {
  test("is unknown while a part of it is", async () => {
    await using site = await openSite();
    await site.write(`resource "terraform_data" "name" {
  input = "nginx"
}
output "text" {
  value = provider::ghost::render_cloud_init({ hostname = "web", packages = [terraform_data.name.output] })
}
`);
    await site.apply();
    const { stdout } = await site.ok("output", "-raw", "text");
    assert.equal(stdout, '#cloud-config\nhostname: "web"\npackages:\n  - "nginx"\n');
  });

  test("is as sensitive as what went in", async () => {
    await using site = await openSite();
    await site.write(`output "text" {
  value     = provider::ghost::render_cloud_init({ password = sensitive("hunter2") })
}
`);
    const outcome = await site.refused("plan");
    assert.match(errors(outcome)[0]!.summary, /sensitive/i);
    assert.doesNotMatch(outcome.stdout, /hunter2/);
  });

  test("is refused with the name that was meant", async () => {
    await using site = await openSite();
    await site.write('output "text" {\n  value = provider::ghost::render_cloud_init({ package = ["nginx"] })\n}');
    assert.match(errors(await site.refused("plan"))[0]!.detail, /There is no "package" here\.\s+Did\s+you\s+mean\s+"packages"\?/);
  });
});
