/** How often agents are asked. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vm } from "./support/hcl.ts";
import { openSite } from "./support/site.ts";

const COUNT = 20;
const fleet = (agent: string): string => vm(agent, { count: COUNT, agent: `"${agent}"`, name: `"${agent}-\${count.index}"` });

suite("calls", () => {
  test("a plan is one Snapshot an agent, however many machines it has, and changes nothing", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    const both = Object.values(site.agents);
    for (const { host } of both) host.setResources({ vcpu: 512, ram_gb: 512, disk_gb: 5000 });
    await site.write(fleet("desk") + fleet("rack"));
    for (const agent of both) agent.forgetCalls();
    await site.plan();
    for (const { calls } of both) assert.deepEqual(calls, { Snapshot: 1 }, "a plan that creates");

    await site.apply();
    for (const agent of both) agent.forgetCalls();
    await site.plan();
    for (const { calls } of both) assert.deepEqual(calls, { Snapshot: 1 }, "a plan that finds everything as it should be");

    for (const agent of both) agent.forgetCalls();
    await site.ok("apply", "-auto-approve", "-json");
    for (const { calls, mutatingCalls } of both) {
      assert.deepEqual(calls, { Snapshot: 1 }, "an apply that has nothing to do");
      assert.equal(mutatingCalls, 0);
    }
  });

  test("an apply is one step a machine, and a Snapshot for each of its walks", async () => {
    await using site = await openSite();
    site.desk.host.setResources({ vcpu: 512, ram_gb: 512, disk_gb: 5000 });
    await site.write(fleet("desk"));
    site.desk.forgetCalls();
    await site.ok("apply", "-auto-approve", "-json");
    const { ExecuteSteps = 0, Snapshot = 0, ...others } = site.desk.calls;
    assert.equal(ExecuteSteps, COUNT);
    assert.deepEqual(others, {});
    assert.equal(Snapshot, 2, "one to plan and one to apply");
  });

  test("an agent that no resource is on is not asked", async () => {
    await using site = await openSite({ agents: ["desk", "rack"] });
    await site.write(fleet("desk"));
    await site.plan();
    assert.deepEqual(site.agents["rack"]?.calls, {});
  });
});
