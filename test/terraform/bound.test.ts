/** What Terraform does with a plan that would do something else by the time it is applied. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { resource, vm } from "./support/hcl.ts";
import type { Site } from "./support/site.ts";
import { openSite } from "./support/site.ts";
import { said } from "./support/words.ts";

const base = (image: string): string =>
  resource("ghost_template", "base", { agent: '"desk"', name: '"base"', image: JSON.stringify(image) });
const web = (disks: string): string => vm("web", { image: "", template: '"base"', image_on_change: '"recreate"', disks });

/** Gives the template another image behind the back of a saved plan. */
async function repin(site: Site, rest: string): Promise<void> {
  const file = path.join(site.dir, "terraform.tfstate");
  const state = await readFile(file, "utf8");
  await site.write(base("ubuntu-24.04") + rest);
  await site.ok("apply", "-auto-approve", "-json", "-target=ghost_template.base");
  await writeFile(file, state);
}

suite("a saved plan, and a template that gets another image", () => {
  test("does not make the root disk anew beside what it showed", async () => {
    await using site = await openSite();
    await site.write(base("debian-12"));
    await site.apply();
    await site.write(base("debian-12") + web("{ a = { size_gb = 1 } }"));
    await site.apply();
    const before = site.desk.host.findDomain("web")!.live;
    await site.write(base("debian-12") + web(""));
    await site.ok("plan", "-json", "-out=p", "-target=ghost_vm.web");
    await repin(site, web("{ a = { size_gb = 1 } }"));
    assert.match(said(await site.run("apply", "-json", "p")), /image_digest/);
    assert.deepEqual(site.desk.host.findDomain("web")!.live, before);
  });

  test("does not make a new machine from it", async () => {
    await using site = await openSite();
    await site.write(base("debian-12"));
    await site.apply();
    await site.write(base("debian-12") + web(""));
    await site.ok("plan", "-json", "-out=p");
    await repin(site, "");
    assert.match(said(await site.run("apply", "-json", "p")), /image_digest/);
    assert.deepEqual(site.desk.names(), []);
  });
});

suite("a plan while the agent is not known yet", () => {
  const later = (number: number, value: string): string =>
    `resource "terraform_data" "later" {\n  input = ${value}\n  triggers_replace = [${number}]\n}\n`;
  const disks = "{ data = { size_gb = 3 } }";

  for (const way of ["name", "address"] as const) {
    test(`of its ${way}: says what is lost, refuses what must not be lost, and does what it said`, async () => {
      await using site = await openSite();
      const known = JSON.stringify(way === "name" ? "desk" : site.desk.address);
      const write = async (number: number, attributes: Parameters<typeof vm>[1], maxImpact = "data-loss"): Promise<void> => {
        const address = way === "address" ? "terraform_data.later.output" : JSON.stringify(site.desk.address);
        const agent = way === "name" ? { agent: "terraform_data.later.output" } : {};
        await site.write(later(number, known) + vm("web", { ...attributes, ...agent }), {
          providerBody: `stack = "shop"\n  agents = { desk = { address = ${address} } }\n  max_impact = "${maxImpact}"`,
        });
      };
      await write(1, { disks });
      await site.ok("apply", "-auto-approve", "-json");
      for (const [attributes, limit, code] of [
        [{}, "restart", /IMPACT_EXCEEDED/],
        [{ disruption: '{ allow = "live" }' }, "data-loss", /IMPACT_EXCEEDED/],
        [{ protect: true }, "data-loss", /VM_PROTECTED/],
      ] as const) {
        await write(2, attributes, limit);
        assert.match(said(await site.refused("plan")), code);
      }
      await write(2, {});
      const plan = await site.ok("plan", "-json", "-out=p");
      assert.match(said(plan), /VM "web": disks\.data, data-loss/);
      await site.ok("apply", "-json", "p");
      assert.deepEqual((await site.values())["ghost_vm.web"]?.["disks"], null);
    });
  }
});
