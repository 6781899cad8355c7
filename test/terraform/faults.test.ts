/** Agents that are down, slow, of another version, or fail half-way; state that another provider wrote. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { startFakeAgent, startStranger } from "./support/fake-agent.ts";
import type { Answer } from "./support/fake-agent.ts";
import { vm } from "./support/hcl.ts";
import { agentsMap, openSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { errors, said, warnings } from "./support/words.ts";

suite("an agent that is down", () => {
  test("at plan: the state stays, nothing is planned for deletion, and a warning names the agent", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    const both = vm("web") + vm("db", { agent: '"rack"' });
    await site.write(both);
    await site.apply();
    const before = await readFile(path.join(site.dir, "terraform.tfstate"), "utf8");
    await site.desk.stop();

    const planned = await site.plan();
    assert.equal(planned.code, 0);
    assert.match(said({ told: warnings(planned) }), /desk/);
    assert.deepEqual(planned.drift, {});
    const refreshed = await site.ok("apply", "-refresh-only", "-auto-approve", "-json");
    assert.deepEqual(refreshed.changes, {});
    const resources = (text: string): unknown => (JSON.parse(text) as { resources: unknown }).resources;
    assert.deepEqual(resources(await readFile(path.join(site.dir, "terraform.tfstate"), "utf8")), resources(before));

    // The other agent is managed as before.
    await site.write(vm("web") + vm("db", { agent: '"rack"', labels: '{ a = "1" }' }));
    await site.ok("apply", "-auto-approve", "-json");
    await site.desk.start();
    await site.settled();
  });

  test("with something to change: an error at the attribute agent, and nothing is done", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await site.desk.stop();
    for (const hcl of [vm("web", { ram_gb: 2 }), vm("web", { name: '"other"' }), vm("web") + vm("more")]) {
      await site.write(hcl);
      const outcome = await site.refused("plan");
      assert.match(errors(outcome)[0]?.code ?? "", /^\s*agent\b/);
      assert.match(said(outcome), /desk/);
    }
    await site.write("");
    const destroy = await site.run("apply", "-auto-approve", "-json");
    assert.equal(destroy.code, 1, "a deletion that cannot be done is not done by forgetting");
    await site.desk.start();
    assert.deepEqual(site.desk.names(), ["web"]);
    assert.deepEqual(Object.keys(await site.values()), ["ghost_vm.web"]);
    await site.apply();
    assert.deepEqual(site.desk.names(), []);
  });

  test("at apply: what was done is in the state, and applying again converges", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.write(vm("web") + vm("db", { agent: '"rack"', depends_on: "[ghost_vm.web]" }));
    await site.ok("plan", "-out=saved.tfplan", "-no-color");
    await site.agents["rack"]!.stop();
    const outcome = await site.run("apply", "-json", "saved.tfplan");
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /rack/);
    assert.deepEqual(Object.keys(await site.values()), ["ghost_vm.web"]);
    await site.agents["rack"]!.start();
    await site.apply();
    assert.deepEqual(site.agents["rack"]!.names(), ["db"]);
  });

  test("in the middle of an apply: applying again converges, with nothing lost and nothing twice", async () => {
    await using site = await openSite();
    await site.write(vm("web", { count: 6, name: '"web-${count.index}"' }));
    site.desk.host.setLatency({ define: 300 });
    const { ended } = site.start("apply", "-auto-approve", "-json", "-parallelism=2");
    await until(() => site.desk.names().length >= 2, "the first machines");
    await site.desk.stop();
    const outcome = await ended;
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /desk/);
    site.desk.host.setLatency({ define: 0 });
    await site.desk.start();
    await site.apply();
    assert.deepEqual(
      site.desk.names(),
      [0, 1, 2, 3, 4, 5].map((index) => `web-${index}`),
    );
    assert.deepEqual(
      [...site.desk.host.listDisks().values()].map((disks) => disks.length),
      [1, 1, 1, 1, 1, 1],
    );
  });

  test("that is not asked for anything is not waited for", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.agents["rack"]!.stop();
    await site.write(vm("web"));
    await site.apply();
  });

  test("and whose address leads nowhere is named with its address", async () => {
    await using site = await openSite();
    await site.write(vm("web"), { providerBody: 'stack = "shop"\n agents = { desk = { address = "127.0.0.1:9" } }' });
    const outcome = await site.refused("plan");
    assert.match(said(outcome), /127\.0\.0\.1:9/);
  });
});

suite("a step that fails on the host", () => {
  test("in the middle of a create: what exists is in the state, tainted, and applying again leaves one machine", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    site.desk.host.addFault({ call: "start", name: "web", error: "no more cycles" });
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /no more cycles/);
    if (site.desk.names().length > 0) assert.deepEqual(await site.tainted(), ["ghost_vm.web"]);
    await site.apply();
    assert.deepEqual(site.desk.names(), ["web"]);
    assert.equal(site.desk.host.listDisks().size, 1, "no disk is left behind");
  });

  test("to be ready in time: it is kept once it is untainted, and waited for again", async () => {
    await using site = await openSite();
    site.desk.host.setLatency({ address: 3_600_000 });
    await site.write(vm("web", { wait_for: '"ip"', wait_timeout_s: 1 }));
    assert.match(said({ told: errors(await site.run("apply", "-auto-approve", "-json")) }), /WAIT_TIMEOUT[^]*terraform untaint/);
    assert.deepEqual(await site.tainted(), ["ghost_vm.web"]);
    const planned = await site.plan();
    assert.deepEqual(planned.changes, { "ghost_vm.web": "replace" });
    assert.match(said({ told: warnings(planned) }), /only not seen ready/);
    const { uid } = site.desk.host.findDomain("web")!;

    await site.ok("untaint", "ghost_vm.web");
    const { actions, after_unknown: unknown } = (await site.planned())["ghost_vm.web"]!;
    assert.deepEqual([actions, unknown["ip_address"]], [["update"], true]);
    const again = await site.run("apply", "-auto-approve", "-json");
    assert.deepEqual([again.code, /WAIT_TIMEOUT/.test(said({ told: errors(again) }))], [1, true]);
    assert.deepEqual(await site.tainted(), []);
    await site.ok("plan", "-out=saved.tfplan", "-no-color");
    site.desk.host.setLatency({ address: 0 });
    await site.ok("apply", "-json", "saved.tfplan");
    assert.match(String((await site.values())["ghost_vm.web"]?.["ip_address"]), /^192\.168\./);
    await site.settled();
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
  });

  test("before anything of a create was done: nothing is in the state", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    site.desk.host.addFault({ call: "ensureImage", error: "the mirror is gone" });
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /the mirror is gone/);
    await site.apply();
    assert.deepEqual(site.desk.names(), ["web"]);
    assert.equal(site.desk.host.listDisks().size, 1);
  });

  test("of an update: the state has what is true, and applying again finishes", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: 1, ram_max_gb: 4 }));
    await site.apply();
    await site.write(vm("web", { ram_gb: 2, ram_max_gb: 4, labels: '{ a = "1" }' }));
    site.desk.host.addFault({ call: "change", name: "web", error: "the balloon is stuck" });
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said({ told: errors(outcome) }), /the balloon is stuck/);
    assert.deepEqual(await site.tainted(), []);
    await site.apply();
    assert.equal(site.desk.host.findDomain("web")?.live.ramGb, 2);
  });

  test("of a delete: the resource stays in the state, and applying again deletes it", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await site.write("");
    site.desk.host.addFault({ call: "undefine", name: "web", error: "the machine holds on" });
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.deepEqual(Object.keys(await site.values()), ["ghost_vm.web"]);
    await site.apply();
    assert.deepEqual(site.desk.names(), []);
    assert.equal(site.desk.host.listDisks().size, 0);
  });

  test("for want of room is an error of the plan where it can be known, and of the apply otherwise", async () => {
    await using site = await openSite();
    site.desk.host.setResources({ vcpu: 4, ram_gb: 8, disk_gb: 100 });
    await site.write(vm("web", { ram_gb: 16 }));
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /memory/i);
    assert.deepEqual([site.desk.names(), await site.values()], [[], {}]);
  });
});

suite("a slow agent", () => {
  test("is given up after the connection's timeout when it is asked, and that is a warning or an error with its name", async () => {
    await using site = await openSite();
    const slow = { providerBody: `stack = "shop"\n agents = { desk = { address = "${site.desk.address}", timeout_s = 1 } }` };
    await site.write(vm("web"), slow);
    await site.apply();
    site.desk.host.setLatency({ list: 20_000 });
    const planned = await site.plan();
    assert.equal(planned.code, 0);
    assert.match(said({ told: warnings(planned) }), /desk/);
    await site.write(vm("web", { ram_gb: 2 }), slow);
    assert.match(said(await site.refused("plan")), /desk/);
    site.desk.host.setLatency({ list: 0 });
    await site.apply();
  });

  test("is waited for as long as timeouts say, and what it went on to do is not lost", async () => {
    await using site = await openSite();
    await site.write(vm("web", { timeouts: '{ create = "1s" }' }));
    site.desk.host.setLatency({ define: 3_000 });
    const outcome = await site.run("apply", "-auto-approve", "-json");
    assert.equal(outcome.code, 1);
    assert.match(said(outcome), /1 ?s/);
    assert.match(said(outcome), /timeouts|create/);
    site.desk.host.setLatency({ define: 0 });
    await site.write(vm("web"));
    const again = await site.run("apply", "-auto-approve", "-json");
    if (again.code !== 0) assert.match(said(again), /import|running|operation/i);
    else await site.settled();
    assert.ok(site.desk.names().length <= 1);
  });

  for (const [name, value] of Object.entries({ create: '"soon"', update: '"-1s"', delete: '"1 parsec"' })) {
    test(`timeouts.${name} = ${value} is refused at the attribute`, async () => {
      await using site = await openSite();
      await site.write(vm("web", { timeouts: `{ ${name} = ${value} }` }));
      const outcome = await site.refused("validate");
      assert.match(errors(outcome)[0]?.code ?? "", /timeouts/);
    });
  }
});

suite("an agent of another version", () => {
  const answers: readonly Answer[] = ["unimplemented", "unknown status", "no host", "error of a later version"];
  for (const answer of answers) {
    test(`${answer}: a warning while it is read, an error when it is needed, never a deletion`, async () => {
      await using site = await openSite();
      await site.write(vm("web"));
      await site.apply();
      await using fake = await startFakeAgent(answer);
      const other = { providerBody: `stack = "shop"\n agents = { desk = { address = "${fake.address}", timeout_s = 5 } }` };
      await site.write(vm("web"), other);
      const planned = await site.plan();
      assert.deepEqual([planned.code, planned.drift], [0, {}], said(planned));
      assert.match(said({ told: warnings(planned) }), /desk/);
      await site.write(vm("web", { ram_gb: 2 }), other);
      const refused = await site.refused("plan");
      assert.match(errors(refused)[0]?.code ?? "", /^\s*agent = "desk"/);
      assert.doesNotMatch(said(refused), /TypeError|Cannot read/);
    });
  }

  test("what does not speak gRPC at all", async () => {
    await using site = await openSite();
    await using stranger = await startStranger();
    await site.write(vm("web"), {
      providerBody: `stack = "shop"\n agents = { desk = { address = "${stranger.address}", timeout_s = 2 } }`,
    });
    assert.match(said(await site.refused("plan")), /desk/);
  });

  test("another agent under the old name: its machines are not taken for the old ones", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.write(vm("web"));
    await site.apply();
    const { uid } = site.desk.host.findDomain("web")!;
    const swapped = { providerBody: `stack = "shop"\n agents = ${agentsMap([{ name: "desk", address: site.agents["rack"]!.address }])}` };
    await site.write(vm("web"), swapped);
    const outcome = await site.run("plan", "-json", "-detailed-exitcode");
    // Whatever is planned, the machine on the first host is not in it.
    assert.equal(site.desk.host.findDomain("web")?.uid, uid);
    assert.doesNotMatch(JSON.stringify(outcome.changes), /delete|replace/);
  });
});

suite("state of another provider version", () => {
  async function edited(site: Site, edit: (instance: Record<string, unknown>) => void): Promise<void> {
    const file = path.join(site.dir, "terraform.tfstate");
    const state = JSON.parse(await readFile(file, "utf8")) as { serial: number; resources: { instances: Record<string, unknown>[] }[] };
    for (const resource of state.resources) for (const instance of resource.instances) edit(instance);
    await writeFile(file, JSON.stringify({ ...state, serial: state.serial + 1 }));
  }

  test("newer: refused in words, nothing is touched", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    site.desk.forgetCalls();
    await edited(site, (instance) => (instance["schema_version"] = 99));
    const outcome = await site.refused("plan");
    assert.match(said(outcome), /newer|upgrade/i);
    assert.equal(site.desk.mutatingCalls, 0);
  });

  test("older: upgraded, or refused in words", async () => {
    await using site = await openSite();
    await site.write(vm("web"));
    await site.apply();
    await edited(site, (instance) => {
      instance["schema_version"] = 0;
      const attributes = instance["attributes"] as Record<string, unknown>;
      delete attributes["planned_impact"];
      attributes["gone_since"] = "x";
    });
    const outcome = await site.run("plan", "-json", "-detailed-exitcode");
    if (outcome.code === 0) await site.settled();
    else assert.match(said(outcome), /version/i);
    assert.doesNotMatch(said(outcome), /TypeError|Cannot read/);
  });

  test("without the provider's private part it is read again", async () => {
    await using site = await openSite();
    await site.write(vm("web", { ram_gb: 1, ram_max_gb: 4 }));
    await site.apply();
    await edited(site, (instance) => delete instance["private"]);
    await site.settled();
    await site.write(vm("web", { ram_gb: 2, ram_max_gb: 4 }));
    await site.apply();
  });
});
