/** ghost_template, ghost_agent and the data sources. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { block, resource, vm } from "./support/hcl.ts";
import type { Expressions } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

const template = (attributes: Expressions = {}): string =>
  resource("ghost_template", "base", { agent: '"desk"', name: '"base"', image: '"debian-12"', ...attributes });
const DIGEST = /^sha256:[0-9a-f]{64}$/;

suite("the life of a ghost_template", () => {
  test("is created, read, used by a machine, and deleted", async () => {
    await using site = await openSite();
    const web = vm("web", { image: "", template: "ghost_template.base.name" });
    await site.write(template() + web);
    await site.apply();
    const values = await site.values();
    const base = values["ghost_template.base"]!;
    assert.match(String(base["digest"]), DIGEST);
    assert.equal(base["owner"], "terraform:shop");
    assert.equal(values["ghost_vm.web"]?.["image_digest"], base["digest"]);
    await site.write(template());
    await site.apply();
    await site.write("");
    await site.apply();
    assert.deepEqual(await site.values(), {});
  });

  test("of another image: the machines made from it stay as they are", async () => {
    await using site = await openSite();
    const web = vm("web", { image: "", template: "ghost_template.base.name" });
    await site.write(template() + web);
    await site.apply();
    const { uid } = site.desk.host.findDomain("web")!;
    await site.write(template({ image: '"ubuntu-24.04"' }) + web);
    await site.apply();
    const values = await site.values();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.notEqual(values["ghost_vm.web"]?.["image_digest"], values["ghost_template.base"]?.["digest"]);
  });

  test("is imported by command and by block, and generated configuration plans nothing", async () => {
    await using site = await openSite();
    await site.write(template());
    await site.apply();
    await rm(path.join(site.dir, "terraform.tfstate"));
    await site.ok("import", "-no-color", "ghost_template.base", "desk/base");
    await site.settled();
    await rm(path.join(site.dir, "terraform.tfstate"));
    await site.write(block("import", { to: "ghost_template.base", id: '"desk/base"' }));
    await site.ok("plan", "-no-color", "-generate-config-out=generated.tf");
    assert.deepEqual((await site.planned())["ghost_template.base"]?.actions, ["no-op"]);
    await site.apply();
  });

  test("that is there already is not made a second time, and is taken over with adopt", async () => {
    await using other = await openSite({ stack: "other" });
    await other.write(template());
    await other.apply();
    await using site = await openSite({ on: other });
    await site.write(template());
    assert.match(said(await site.refused("plan")), /terraform:other/);
    await site.write(template({ adopt: true }));
    await site.apply();
    assert.equal((await site.values())["ghost_template.base"]?.["owner"], "terraform:shop");
  });

  test("of the stack itself that the state lost comes into it with adopt", async () => {
    await using site = await openSite();
    await site.write(template());
    await site.apply();
    const { uid } = (await site.values())["ghost_template.base"]!;
    await rm(path.join(site.dir, "terraform.tfstate"));
    assert.match(said(await site.refused("plan")), /import/);
    await site.write(template({ adopt: true }));
    await site.apply();
    assert.equal((await site.values())["ghost_template.base"]?.["uid"], uid);
  });

  test("is replaced, tainted and moved", async () => {
    await using site = await openSite();
    await site.write(template());
    await site.apply();
    await site.apply("-replace=ghost_template.base");
    await site.ok("taint", "ghost_template.base");
    await site.apply();
    await site.write(
      template().replace('"base" {', '"first" {') + "moved {\n  from = ghost_template.base\n  to = ghost_template.first\n}\n",
    );
    assert.deepEqual((await site.plan()).changes, { "ghost_template.first": "move" });
    await site.apply();
  });

  test("of an agent that is down is neither forgotten nor deleted", async () => {
    await using site = await openSite();
    await site.write(template());
    await site.apply();
    await site.desk.stop();
    const planned = await site.plan();
    assert.deepEqual([planned.code, planned.drift], [0, {}]);
    await site.write(template({ image: '"ubuntu-24.04"' }));
    assert.match(errors(await site.refused("plan"))[0]?.code ?? "", /agent/);
  });

  const wrong: readonly { attributes: Expressions; at: RegExp }[] = [
    { attributes: { name: '"Base"' }, at: /name/ },
    { attributes: { image: '"Debian 12"' }, at: /image/ },
    { attributes: { image: "", image_url: '"https://x/y"' }, at: /image_url/ },
    { attributes: { image_path: '"/x"' }, at: /image/ },
    { attributes: { image: "" }, at: /ghost_template|resource/ },
  ];
  for (const { attributes, at } of wrong) {
    test(`${JSON.stringify(attributes)} is refused at the attribute`, async () => {
      await using site = await openSite();
      await site.write(template(attributes));
      assert.match(errors(await site.refused("validate"))[0]?.code ?? "", at);
    });
  }
});

suite("the life of a ghost_agent", () => {
  const agent = (settings: string): string => resource("ghost_agent", "desk", { name: '"desk"', settings });

  test("is made, changed, imported, and given up without touching the settings", async () => {
    await using site = await openSite();
    await site.write(agent('{ labels = { room = "office" }, reserved_vcpu = 2, schedulable = true }'));
    await site.apply();
    const first = (await site.values())["ghost_agent.desk"]!;
    assert.match(String(first["agent_id"]), /^[0-9a-f-]{36}$/);
    assert.equal(first["hypervisor"], "simulated");
    await site.write(agent('{ labels = { room = "attic" }, reserved_ram_gb = 4, schedulable = false }'));
    await site.apply();
    await rm(path.join(site.dir, "terraform.tfstate"));
    await site.ok("import", "-no-color", "ghost_agent.desk", "desk");
    await site.settled();

    await site.write(vm("web"));
    await site.ok("state", "rm", "ghost_agent.desk");
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1, "the settings are still there: the host takes no new machines");
    await site.write(agent("{ schedulable = true }"));
    await site.ok("import", "-no-color", "ghost_agent.desk", "desk");
    await site.apply();
    await site.write("");
    const destroyed = await site.plan();
    assert.match(said(destroyed), /settings/, "that destroying it leaves the settings is said");
    await site.apply();
  });

  test("without settings keeps what the agent has", async () => {
    await using site = await openSite();
    await site.write(agent('{ labels = { room = "office" } }'));
    await site.apply();
    await site.write(resource("ghost_agent", "desk", { name: '"desk"' }));
    await site.apply();
    const { settings } = (await site.values())["ghost_agent.desk"]!;
    assert.deepEqual((settings as { labels: unknown }).labels, { room: "office" });
  });

  test("of an agent that the block does not name is refused at the attribute", async () => {
    await using site = await openSite();
    await site.write(resource("ghost_agent", "x", { name: '"dusk"' }));
    assert.match(errors(await site.refused("plan"))[0]?.code ?? "", /^\s*name\b/);
  });
});

suite("data sources", () => {
  test("each tells what is there", async () => {
    await using site = await openSite();
    await site.write(vm("web", { labels: '{ role = "web" }' }) + vm("db") + template());
    await site.apply();
    const data =
      block('data "ghost_vm" "web"', { agent: '"desk"', name: '"web"' }) +
      block('data "ghost_vms" "all"', { agent: '"desk"' }) +
      block('data "ghost_agent" "desk"', { name: '"desk"' }) +
      block('data "ghost_templates" "all"', { agent: '"desk"' });
    site.desk.forgetCalls();
    await site.write(vm("web", { labels: '{ role = "web" }' }) + vm("db") + template() + data);
    await site.apply();
    const values = await site.values();
    assert.equal(values["data.ghost_vm.web"]?.["uid"], site.desk.host.findDomain("web")?.uid);
    const all = JSON.stringify(values["data.ghost_vms.all"]);
    assert.ok(all.includes('"web"') && all.includes('"db"'), all);
    assert.equal(values["data.ghost_agent.desk"]?.["hypervisor"], "simulated");
    assert.match(JSON.stringify(values["data.ghost_templates.all"]), /"base"/);
  });

  test("of what is not there are errors at the attribute", async () => {
    await using site = await openSite();
    await site.write(block('data "ghost_vm" "web"', { agent: '"desk"', name: '"web"' }));
    assert.match(errors(await site.refused("plan"))[0]?.code ?? "", /name/);
    await site.write(block('data "ghost_agent" "x"', { name: '"dusk"' }));
    assert.match(errors(await site.refused("plan"))[0]?.code ?? "", /name/);
  });

  test("of an agent that is down are errors with its name", async () => {
    await using site = await openSite();
    await site.write(block('data "ghost_vms" "all"', { agent: '"desk"' }));
    await site.desk.stop();
    assert.match(said(await site.refused("plan")), /desk/);
  });
});
