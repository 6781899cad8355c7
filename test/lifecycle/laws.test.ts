/**
 * The laws of planning against real agents: real gRPC, journal and records, the simulated host. What the planner
 * promises of an impact and what an agent finds under its lock must be the same, or a step is refused here.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { ObservedVm, PlanDocument } from "@ghost/schemas";
import fc from "fast-check";
import type { BehindChange } from "../../agent/src/hypervisor/simulated/host.ts";
import { openServed } from "../../agent/src/server/testdata/served.ts";
import type { Served } from "../../agent/src/server/testdata/served.ts";
import { applyPlan, makePlan, observe } from "../../engine/src/index.ts";
import type { AgentConnection, AgentObservation, ApplyResult, Desired } from "../../engine/src/index.ts";
import { AGENTS, spec } from "../../engine/src/testdata/arbitrary.ts";
import { anAgent, planOptions, STACK } from "../../engine/src/testdata/fixtures.ts";

const RUNS = { numRuns: 25 };

interface Fleet {
  readonly agents: readonly Served[];
  plan(desired: Desired): Promise<PlanDocument>;
  carryOut(plan: PlanDocument): Promise<ApplyResult>;
  /** Plans and applies, and expects that all of it is done. */
  apply(desired: Desired): Promise<PlanDocument>;
  vms(): Promise<readonly ObservedVm[]>;
}

async function openFleet(t: TestContext): Promise<Fleet> {
  const agents = new Map(await Promise.all(AGENTS.map(async (name) => [name as string, await openServed(t)] as const)));
  const connect = ({ name }: AgentConnection): Served["host"] => agents.get(name)!.host;
  const ask = (desired: Pick<Desired, "agents">): Promise<AgentObservation[]> => observe({ agents: desired.agents, stack: STACK, connect });
  const fleet: Fleet = {
    agents: [...agents.values()],
    async plan(desired) {
      return makePlan({ desired, observations: await ask(desired), options: planOptions({ now: new Date(), newUid: randomUUID }) });
    },
    carryOut: (plan) => applyPlan({ plan, connect, resolveSecret: () => "secret" }),
    async apply(desired) {
      const plan = await fleet.plan(desired);
      const { ok, diagnostics } = await fleet.carryOut(plan);
      assert.ok(ok, JSON.stringify({ diagnostics, steps: plan.steps }, undefined, 1));
      return plan;
    },
    vms: async () => (await ask({ agents: AGENTS.map((name) => anAgent(name)) })).flatMap(({ observation }) => observation?.vms ?? []),
  };
  return fleet;
}

/** What was kept when it left the spec is taken over again when it comes back. */
function adopting(desired: Desired): Desired {
  return { ...desired, vms: desired.vms.map((vm) => ({ ...vm, adopt: true })) };
}

async function requireNothingLeft(fleet: Fleet, desired: Desired): Promise<void> {
  const next = await fleet.plan(desired);
  assert.deepEqual([next.steps.map(({ id, changes }) => ({ id, changes })), next.set.outdated, next.unknown], [[], [], []]);
}

/** Something that a person does to a machine with other tools. */
const behind: fc.Arbitrary<{ readonly target: number; readonly change: BehindChange | "undefine" }> = fc.record({
  target: fc.nat(),
  change: fc.oneof(
    fc.record({ vcpu: fc.integer({ min: 1, max: 6 }), where: fc.constantFrom("both" as const, "stored" as const) }),
    fc.record({ ram_gb: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ disk_gb: fc.integer({ min: 5, max: 20 }) }),
    fc.record({ disks: fc.constantFrom({ a: 5 }, { z: 1 }, { b: 0 }) }),
    fc.record({ networks: fc.constantFrom<Record<string, string>>({ a: "other" }, { z: "default" }, { b: "" }) }),
    fc.record({ autostart: fc.boolean() }),
    fc.record({ firmware: fc.constantFrom("bios" as const, "uefi" as const) }),
    fc.record({ status: fc.constantFrom("running" as const, "stopped" as const, "paused" as const, "error" as const) }),
    fc.constant("undefine" as const),
  ),
});

suite("laws on real agents", () => {
  test("whatever is applied after whatever, the next plan is empty and the stack has what its spec says", async (t) => {
    const fleet = await openFleet(t);
    await fc.assert(
      fc.asyncProperty(spec.map(adopting), async (desired) => {
        await fleet.apply(desired);
        await requireNothingLeft(fleet, desired);
        const own = (await fleet.vms()).filter(({ owner }) => owner !== "").map(({ name }) => name);
        assert.deepEqual(own.sort(), desired.vms.map(({ name }) => name).sort());
      }),
      RUNS,
    );
  });

  test("after two applies at once every copy of the stack's record has every VM of the stack", async (t) => {
    const fleet = await openFleet(t);
    await fc.assert(
      fc.asyncProperty(spec.map(adopting), spec.map(adopting), fc.boolean(), async (first, second, isPlannedBefore) => {
        const plan = await fleet.plan(first);
        const beside = isPlannedBefore ? await fleet.plan(second) : undefined;
        const applying = fleet.carryOut(plan);
        await Promise.allSettled([applying, fleet.carryOut(beside ?? (await fleet.plan(second)))]);
        const uids = (await fleet.vms()).filter(({ owner }) => owner !== "").map(({ uid }) => uid);
        for (const { host } of fleet.agents) {
          const { set } = await host.snapshot(STACK);
          const recorded = new Set(set?.members.map(({ uid }) => uid));
          assert.deepEqual(
            uids.filter((uid) => !recorded.has(uid)),
            [],
          );
        }
        await fleet.apply(second);
        await requireNothingLeft(fleet, second);
      }),
      { numRuns: 15 },
    );
  });

  test("whatever people do behind an agent is found and put right", async (t) => {
    const fleet = await openFleet(t);
    await fc.assert(
      fc.asyncProperty(spec.map(adopting), fc.array(behind, { minLength: 1, maxLength: 5 }), async (desired, changes) => {
        await fleet.apply(desired);
        const uids = new Map((await fleet.vms()).map(({ name, uid }) => [name, uid]));
        for (const { target, change } of changes) {
          const domains = fleet.agents.flatMap(({ hypervisor: { host } }) =>
            host.listDomains().map((domain) => ({ host, name: domain.live.name })),
          );
          const one = domains[target % Math.max(1, domains.length)];
          if (one === undefined) continue;
          if (change === "undefine") one.host.removeDomain(one.name, { keepDisks: true });
          else one.host.setDomain(one.name, change);
        }
        await fleet.apply(desired);
        // Of a machine without a definition nobody knows what else was changed: that is seen once it has one again.
        if (changes.some(({ change }) => change === "undefine")) await fleet.apply(desired);
        await requireNothingLeft(fleet, desired);
        for (const { name, uid } of await fleet.vms()) assert.equal(uid, uids.get(name));
      }),
      RUNS,
    );
  });
});
