/** Machines that exist before their resource does, and resources that leave their machine. */
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { block, vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { errors, said } from "./support/words.ts";

/** A machine of the stack that the state does not know. */
async function forgotten(site: Site, attributes: Parameters<typeof vm>[1] = {}): Promise<string> {
  await site.write(vm("web", attributes));
  await site.apply();
  await rm(path.join(site.dir, "terraform.tfstate"));
  return site.desk.host.findDomain("web")!.uid;
}

const IMPORT = block("import", { to: "ghost_vm.web", id: '"desk/web"' });

suite("import", () => {
  test("by command takes the machine as it is", async () => {
    await using site = await openSite();
    const uid = await forgotten(site, { ram_gb: 2, labels: '{ a = "1" }', disks: "{ data = { size_gb = 3 } }" });
    await site.ok("import", "-no-color", "ghost_vm.web", "desk/web");
    assert.equal((await site.values())["ghost_vm.web"]?.["uid"], uid);
    await site.settled();
  });

  test("by block takes the machine as it is, planned first", async () => {
    await using site = await openSite();
    const uid = await forgotten(site, { ram_gb: 2 });
    await site.write(`${IMPORT}${vm("web", { ram_gb: 2 })}`);
    const planned = (await site.planned())["ghost_vm.web"];
    assert.deepEqual([planned?.actions, planned?.importing?.id], [["no-op"], "desk/web"]);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
  });

  test("a configuration that terraform generates plans nothing", async () => {
    await using site = await openSite();
    await forgotten(site, {
      ram_gb: 2,
      vcpu: 2,
      disks: "{ data = { size_gb = 3 } }",
      networks: "{ lan = {} }",
      labels: '{ a = "1" }',
      ssh_keys: '["ssh-ed25519 AAAA me"]',
      cloud_init: '{ packages = ["nginx"] }',
    });
    await site.write(IMPORT);
    await site.ok("plan", "-no-color", "-generate-config-out=generated.tf");
    const text = await readFile(path.join(site.dir, "generated.tf"), "utf8");
    assert.match(text, /resource "ghost_vm" "web"/);
    const planned = (await site.planned())["ghost_vm.web"];
    assert.deepEqual(planned?.actions, ["no-op"], text);
    await site.apply();
  });

  test("a configuration generated for a machine with nothing but defaults plans nothing", async () => {
    await using site = await openSite();
    await forgotten(site);
    await site.write(IMPORT);
    await site.ok("plan", "-no-color", "-generate-config-out=generated.tf");
    assert.deepEqual((await site.planned())["ghost_vm.web"]?.actions, ["no-op"]);
    await site.apply();
  });

  const wrong = [
    { id: "web", says: /agent\/name/ },
    { id: "desk/", says: /agent\/name|name/i },
    { id: "desk/web/extra", says: /agent\/name|name/i },
    { id: "attic/web", says: /attic/ },
    { id: "desk/nothing", says: /nothing/ },
  ];
  for (const { id, says } of wrong) {
    test(`of "${id}" is refused in words`, async () => {
      await using site = await openSite();
      await site.write(vm("web"));
      const outcome = await site.run("import", "-no-color", "ghost_vm.web", id);
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, says);
      assert.doesNotMatch(outcome.stderr, /panic|stack trace|at .*\.ts:/i);
    });
  }
});

suite("a machine that is there already", () => {
  test("makes a create fail while it is planned, with an import block that works when it is pasted", async () => {
    await using site = await openSite();
    const uid = await forgotten(site);
    const outcome = await site.refused("plan");
    const text = said(outcome);
    const pasted = /import \{[^}]*\}/.exec(text)?.[0];
    assert.ok(pasted !== undefined, text);
    await site.write(`${pasted.replace(/to\s*=\s*\S+/, "to = ghost_vm.web")}\n${vm("web")}`);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.equal(errors(outcome)[0]?.address, "ghost_vm.web");
  });

  test("of the stack itself comes into the state with adopt", async () => {
    await using site = await openSite();
    const uid = await forgotten(site);
    await site.write(vm("web", { adopt: true }));
    await site.apply();
    assert.deepEqual([(await site.values())["ghost_vm.web"]?.["uid"], site.desk.host.findDomain("web")?.uid], [uid, uid]);
  });

  test("is taken over with adopt, and then it is the stack's", async () => {
    await using site = await openSite();
    site.desk.host.addForeignDomain({ name: "web", ram_gb: 2, status: "running" });
    const { uid } = site.desk.host.findDomain("web")!;
    await site.write(vm("web", { image: "", ram_gb: 2 }));
    assert.match(said(await site.refused("plan")), /adopt/);
    await site.write(vm("web", { image: "", ram_gb: 2, adopt: true }));
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.equal((await site.values())["ghost_vm.web"]?.["owner"], "terraform:shop");
    await site.write(vm("web", { image: "", ram_gb: 2 }));
    await site.apply();
  });

  test("under two addresses is neither deleted nor changed until one of them leaves the state", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    const both = vm("web") + vm("twin", { name: '"web"' });
    await site.write(`${block("import", { to: "ghost_vm.twin", id: '"desk/web"' })}${both}`);
    await site.apply();
    await site.write(vm("web"));
    for (const parallelism of [1, 10]) {
      const refused = said(await site.refused("apply", "-auto-approve", `-parallelism=${parallelism}`));
      assert.match(refused, /terraform state rm/);
    }
    await site.write(vm("web", { ram_gb: 2 }) + vm("twin", { name: '"web"' }));
    assert.match(said(await site.refused("plan")), /terraform state rm/);
    assert.deepEqual(site.desk.names(), ["web"]);
    await site.ok("state", "rm", "ghost_vm.twin");
    await site.write(vm("web", { ram_gb: 2 }));
    await site.apply();
  });

  test("of another stack keeps its owner when it is imported, and is not changed without adopt", async () => {
    await using other = await openSite({ stack: "other" });
    await other.write(vm("web", { ram_gb: 2 }));
    await other.apply();
    await using site = await openSite({ on: other });
    await site.write(`${IMPORT}${vm("web", { ram_gb: 2 })}`);
    await site.ok("apply", "-auto-approve", "-json");
    assert.equal((await site.values())["ghost_vm.web"]?.["owner"], "terraform:other");

    await site.write(vm("web", { ram_gb: 4 }));
    site.desk.forgetCalls();
    const refused = await site.refused("apply", "-auto-approve");
    assert.match(said(refused), /terraform:other/);
    assert.match(said(refused), /adopt/);
    assert.equal(site.desk.mutatingCalls, 0);
    await site.write("");
    assert.match(said(await site.refused("plan")), /terraform:other/, "nor is it deleted");

    await site.write(vm("web", { ram_gb: 4, adopt: true }));
    await site.apply();
    assert.equal((await site.values())["ghost_vm.web"]?.["owner"], "terraform:shop");
    const stolen = await other.refused("plan");
    assert.match(said(stolen), /terraform:shop/, "the other stack is told who has it now");
  });
});

suite("a resource that leaves its machine", () => {
  test("by a removed block is forgotten, and the machine runs on", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    site.desk.forgetCalls();
    await site.write("removed {\n  from = ghost_vm.web\n  lifecycle {\n    destroy = false\n  }\n}");
    const { changes } = await site.plan();
    assert.deepEqual(changes, { "ghost_vm.web": "remove" });
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.status, "running");
    assert.equal(site.desk.mutatingCalls, 0);
    assert.deepEqual(await site.values(), {});
  });

  test("by state rm, and comes back by import", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await site.ok("state", "rm", "ghost_vm.web");
    await site.ok("import", "-no-color", "ghost_vm.web", "desk/web");
    await site.settled();
  });
});

suite("a resource that gets another address", () => {
  test("by a moved block, without touching the machine", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    site.desk.forgetCalls();
    const front = vm("front", { name: '"web"' });
    await site.write(`moved {\n  from = ghost_vm.web\n  to   = ghost_vm.front\n}\n${front}`);
    assert.deepEqual((await site.plan()).changes, { "ghost_vm.front": "move" });
    await site.apply();
    assert.deepEqual(Object.keys(await site.values()), ["ghost_vm.front"]);
    assert.equal(site.desk.mutatingCalls, 0);
  });

  test("by state mv, into for_each", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await site.ok("state", "mv", "ghost_vm.web", 'ghost_vm.all["web"]');
    await site.write(vm("all", { for_each: 'toset(["web"])', name: "each.key" }));
    await site.settled();
  });

  test("from another type of another provider only in words", async () => {
    await using site = await openSite();
    await site.write('resource "terraform_data" "web" {}');
    await site.apply();
    await site.write(`moved {\n  from = terraform_data.web\n  to   = ghost_vm.web\n}\n${vm("web")}`);
    const outcome = await site.run("plan", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /terraform_data/);
  });
});

suite("count and for_each", () => {
  const counted = (count: number): string => vm("web", { count, name: '"web-${count.index}"' });

  test("grow and shrink at the end", async () => {
    await using site = await openSite();
    await site.write(counted(3));
    await site.apply();
    await site.write(counted(1));
    assert.deepEqual((await site.plan()).changes, { "ghost_vm.web[1]": "delete", "ghost_vm.web[2]": "delete" });
    await site.apply();
    assert.deepEqual(site.desk.names(), ["web-0"]);
    await site.write(counted(0));
    await site.apply();
    assert.deepEqual(site.desk.names(), []);
  });

  test("count turns into for_each by moved blocks, touching nothing", async () => {
    await using site = await openSite();
    await site.write(counted(2));
    await site.apply();
    site.desk.forgetCalls();
    const moves = [0, 1].map((index) => `moved {\n  from = ghost_vm.web[${index}]\n  to   = ghost_vm.web["web-${index}"]\n}\n`).join("");
    await site.write(`${moves}${vm("web", { for_each: 'toset(["web-0", "web-1"])', name: "each.key" })}`);
    await site.apply();
    assert.equal(site.desk.mutatingCalls, 0);
  });

  const keyed = (keys: readonly string[], name = '"vm-${each.value}"'): string =>
    vm("web", { for_each: `{ ${keys.map((key) => `${key} = "${key.slice(1)}"`).join(", ")} }`, name });

  test("a key that changes while the machine's name stays makes no second machine, and loses none", async () => {
    await using site = await openSite();
    await site.write(keyed(["a1", "a2"]));
    await site.apply();
    const { uid } = site.desk.host.findDomain("vm-1")!;
    await site.write(keyed(["b1", "a2"]));
    const outcome = await site.run("apply", "-auto-approve", "-json");
    const names = site.desk.names();
    if (outcome.code !== 0) {
      assert.deepEqual(names, ["vm-1", "vm-2"], "refused before anything was deleted");
      assert.equal(site.desk.host.findDomain("vm-1")?.uid, uid);
      assert.match(said(outcome), /moved|import/, "and it says what to write");
      await site.write(`moved {\n  from = ghost_vm.web["a1"]\n  to   = ghost_vm.web["b1"]\n}\n${keyed(["b1", "a2"])}`);
    }
    await site.apply();
    assert.deepEqual(site.desk.names(), ["vm-1", "vm-2"]);
  });

  test("a key that changes with the machine's name is another machine", async () => {
    await using site = await openSite();
    const named = (key: string): string => vm("web", { for_each: `toset(["${key}"])`, name: "each.key" });
    await site.write(named("left"));
    await site.apply();
    await site.write(named("right"));
    assert.deepEqual((await site.plan()).changes, { 'ghost_vm.web["left"]': "delete", 'ghost_vm.web["right"]': "create" });
    await site.apply();
    assert.deepEqual(site.desk.names(), ["right"]);
  });

  test("two resources of one name on one agent: one is made, the other is told", async () => {
    await using site = await openSite();
    await site.write(`${vm("one", { name: '"web"' })}${vm("two", { name: '"web"' })}`);
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /web/);
    const [kept, ...others] = Object.keys(await site.values());
    assert.deepEqual([others, site.desk.names()], [[], ["web"]]);
    await site.write(vm(kept!.replace("ghost_vm.", ""), { name: '"web"' }));
    await site.settled();
  });
});
