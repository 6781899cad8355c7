/** One machine through both doors: `ghost apply` and terraform, there and back. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { ghost } from "../support/ghost.ts";
import type { RunResult } from "../support/ghost.ts";
import { block, vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { said } from "./support/words.ts";

const YAML = `image: debian-12, vcpu: 2, vcpu_max: 4, ram_gb: 2, ram_max_gb: 4, disks: { data: { size_gb: 3 } },
         networks: { lan: { network: default } }, labels: { role: web }, ssh_keys: ["ssh-ed25519 AAAA me"],
         cloud_init: { packages: [nginx] }, disruption: { allow: restart }`;
const HCL = {
  vcpu: 2,
  vcpu_max: 4,
  ram_gb: 2,
  ram_max_gb: 4,
  disks: "{ data = { size_gb = 3 } }",
  networks: '{ lan = { network = "default" } }',
  labels: '{ role = "web" }',
  ssh_keys: '["ssh-ed25519 AAAA me"]',
  cloud_init: '{ packages = ["nginx"] }',
  disruption: '{ allow = "restart" }',
};

async function writeSpec(site: Site, attributes: string, more = ""): Promise<string> {
  const file = path.join(site.dir, "ghost.yaml");
  await writeFile(
    file,
    `ghost: 1\nstack: shop\nagents: { desk: { address: "${site.desk.address}" } }\nvms:\n  web: { agent: desk, ${attributes}${more} }\n`,
  );
  return file;
}

async function cli(...args: readonly string[]): Promise<RunResult> {
  const result = await ghost(args);
  assert.equal(result.code, 0, `ghost ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result;
}

/** Attributes whose value a plan changes. */
function changed({
  before,
  after,
}: {
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}): readonly string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].filter((name) => JSON.stringify(before?.[name] ?? null) !== JSON.stringify(after?.[name] ?? null)).toSorted();
}

/** Bookkeeping of ownership: no attribute of the machine. */
const BOOKKEEPING = new Set(["adopt", "adopted_from", "owner", "planned_impact"]);

suite("there and back", () => {
  test("a machine applied from YAML, released, adopted into terraform shows no difference, and back by removed and adopt", async () => {
    await using site = await openSite();
    const spec = await writeSpec(site, YAML);
    await cli("apply", "-f", spec, "--yes");
    const { uid } = site.desk.host.findDomain("web")!;
    await cli("release", "desk/web", "-f", spec, "--yes");

    await site.write(`${block("import", { to: "ghost_vm.web", id: '"desk/web"' })}${vm("web", { ...HCL, adopt: true })}`);
    const change = (await site.planned())["ghost_vm.web"]!;
    assert.deepEqual(
      changed(change).filter((name) => !BOOKKEEPING.has(name)),
      [],
    );
    site.desk.forgetCalls();
    await site.apply();
    const values = (await site.values())["ghost_vm.web"]!;
    assert.deepEqual([values["uid"], values["owner"], values["planned_impact"]], [uid, "terraform:shop", "none"]);

    const refused = await ghost(["plan", "-f", spec]);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout + refused.stderr, /terraform:shop/);

    await site.write("removed {\n  from = ghost_vm.web\n  lifecycle {\n    destroy = false\n  }\n}");
    await site.apply();
    await cli("adopt", "desk/web", "-f", spec, "--yes");
    await cli("plan", "-f", spec, "--detailed-exitcode");
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.equal(site.desk.host.findDomain("web")?.status, "running");
  });

  test("without an import block, adopt alone does the same", async () => {
    await using site = await openSite();
    const spec = await writeSpec(site, YAML);
    await cli("apply", "-f", spec, "--yes");
    const before = site.desk.host.findDomain("web")!;
    await site.write(vm("web", { ...HCL, adopt: true }));
    const { changes, told } = await site.plan();
    assert.deepEqual(Object.values(changes), ["create"]);
    assert.deepEqual(
      told.filter(({ severity }) => severity === "error"),
      [],
    );
    await site.apply();
    const after = site.desk.host.findDomain("web")!;
    assert.deepEqual([after.uid, after.startedAt, after.live], [before.uid, before.startedAt, before.live], "the machine did not notice");
  });

  test("a machine of the spec's is refused in the same words as the spec refuses one of terraform's", async () => {
    await using site = await openSite();
    const spec = await writeSpec(site, YAML);
    await cli("apply", "-f", spec, "--yes");
    await site.write(vm("web", HCL));
    const here = said(await site.refused("plan"));
    const sentence = /VM "web" on agent "desk" belongs to spec:shop since \d{4}-\d{2}-\d{2}; it is not changed\./;
    assert.match(here.replaceAll(/\s+/g, " "), sentence);

    await cli("release", "desk/web", "-f", spec, "--yes");
    await site.write(vm("web", { ...HCL, adopt: true }));
    await site.apply();
    const there = await ghost(["plan", "-f", spec]);
    assert.match((there.stdout + there.stderr).replaceAll(/\s+/g, " "), new RegExp(sentence.source.replace("spec:shop", "terraform:shop")));
  });

  test("both doors plan the same change with the same impact", async () => {
    await using site = await openSite();
    const spec = await writeSpec(site, YAML);
    await cli("apply", "-f", spec, "--yes");
    const changes = [
      { yaml: YAML.replace("ram_gb: 2,", "ram_gb: 3,"), hcl: { ...HCL, ram_gb: 3 }, impact: "live" },
      { yaml: YAML.replace("vcpu_max: 4", "vcpu_max: 6"), hcl: { ...HCL, vcpu_max: 6 }, impact: "restart" },
    ];
    const viaSpec = [];
    for (const { yaml } of changes) {
      const { stdout } = await cli("plan", "-f", await writeSpec(site, yaml), "--json");
      const plan = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { steps: readonly { body: { impact: string } }[] };
      viaSpec.push(plan.steps[0]?.body.impact);
    }
    assert.deepEqual(
      viaSpec,
      changes.map(({ impact }) => impact),
    );
    await cli("release", "desk/web", "-f", await writeSpec(site, YAML), "--yes");
    await site.write(vm("web", { ...HCL, adopt: true }));
    await site.apply();
    for (const { hcl, impact } of changes) {
      await site.write(vm("web", { ...hcl, adopt: true }));
      assert.equal((await site.planned())["ghost_vm.web"]?.after?.["planned_impact"], impact);
    }
  });
});
