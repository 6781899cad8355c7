/**
 * The laws of planning against real agents: real gRPC, journal and records, the simulated host. What the planner
 * promises of an impact and what an agent finds under its lock must be the same, or a step is refused here.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { openServed } from "../../agent/src/server/testdata/served.ts";
import type { Served } from "../../agent/src/server/testdata/served.ts";
import { applyPlan, makePlan, observe } from "../../engine/src/index.ts";
import type { Desired } from "../../engine/src/index.ts";
import { AGENTS, spec } from "../../engine/src/testdata/arbitrary.ts";
import { planOptions, STACK } from "../../engine/src/testdata/fixtures.ts";
import { randomUUID } from "node:crypto";
import type { ObservedVm, PlanDocument } from "@ghost/schemas";

const RUNS = { numRuns: 15, endOnFailure: true };

interface Fleet {
  readonly agents: ReadonlyMap<string, Served>;
  plan(desired: Desired): Promise<PlanDocument>;
  /** Plans and applies, and expects that all of it is done. */
  apply(desired: Desired): Promise<PlanDocument>;
  vms(): Promise<readonly ObservedVm[]>;
}

async function openFleet(t: TestContext): Promise<Fleet> {
  const agents = new Map(await Promise.all(AGENTS.map(async (name) => [name, await openServed(t)] as const)));
  const connect = ({ name }: { readonly name: string }) => agents.get(name)!.host;
  const fleet: Fleet = {
    agents,
    async plan(desired) {
      const observations = await observe({ agents: desired.agents, stack: STACK, connect });
      return makePlan({ desired, observations, options: planOptions({ now: new Date(), newUid: randomUUID }) });
    },
    async apply(desired) {
      const plan = await fleet.plan(desired);
      const { ok, diagnostics } = await applyPlan({ plan, connect, resolveSecret: () => "secret" });
      assert.ok(ok, JSON.stringify({ diagnostics, steps: plan.steps.map(({ id, body, impact, changes }) => ({ id, action: body.action, impact, changes })) }, undefined, 1));
      return plan;
    },
    vms: async () => (await observe({ agents: [...agents.keys()].map((name) => ({ name, address: "", timeoutMs: 30_000, settings: {}, at: { file: "", line: 1, column: 1 } })), stack: STACK, connect })).flatMap(({ observation }) => observation?.vms ?? []),
  };
  return fleet;
}

suite("laws on real agents", () => {
  test("whatever is applied after whatever, the next plan is empty", async (t) => {
    const fleet = await openFleet(t);
    await fc.assert(
      fc.asyncProperty(spec, async (wanted) => {
        // What was kept when it left the spec is taken over again when it comes back.
        const desired = { ...wanted, vms: wanted.vms.map((vm) => ({ ...vm, adopt: true })) };
        await fleet.apply(desired);
        const next = await fleet.plan(desired);
        assert.deepEqual([next.steps.map(({ id, changes }) => ({ id, changes })), next.set.outdated], [[], []]);
        const own = (await fleet.vms()).filter(({ owner }) => owner !== "").map(({ name }) => name);
        assert.deepEqual(own.sort(), desired.vms.map(({ name }) => name).sort());
      }),
      RUNS,
    );
  });
});
