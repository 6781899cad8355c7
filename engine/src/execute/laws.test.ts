/** What holds for every spec, every live state and every moment something breaks. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ObservedVm, PlanDocument } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import fc from "fast-check";
import type { Desired } from "../desired.ts";
import { BUILTIN_DEFAULTS, withDefaults } from "../diff/defaults.ts";
import { diffVm } from "../diff/diff-vm.ts";
import { isSettled } from "../diff/settled.ts";
import { stepHash } from "../plan/bind.ts";
import { AGENTS, config, drift, spec, turnKeys } from "../testdata/arbitrary.ts";
import { ALL_CAPABILITIES, aLiveVm } from "../testdata/fixtures.ts";
import type { World } from "../testdata/world.ts";
import { createWorld } from "../testdata/world.ts";

const RUNS = { numRuns: 100 };

async function applied(world: World, desired: Desired): Promise<PlanDocument> {
  const plan = await world.plan(desired);
  const result = await world.apply(plan);
  assert.ok(result.ok, JSON.stringify(result.diagnostics));
  return plan;
}

async function requireNothingLeft(world: World, desired: Desired): Promise<void> {
  const next = await world.plan(desired);
  assert.deepEqual([next.steps.map(({ id, changes }) => ({ id, changes })), next.set.outdated, next.unknown], [[], [], []]);
}

/** What one apply releases the other takes over. */
const adopting = spec.map((desired): Desired => ({ ...desired, vms: desired.vms.map((vm) => ({ ...vm, adopt: true })) }));

/** A plan that the other apply made unfit is refused. */
async function refusedOrDone(work: Promise<void>): Promise<void> {
  await work.catch((reason: unknown) => {
    if (!(reason instanceof GhostError)) throw reason;
  });
}

const everyVm = (world: World): ObservedVm[] => [...world.agents.values()].flatMap(({ vms }) => [...vms.values()]);

function disturb(
  world: World,
  drifts: readonly { readonly target: number; readonly change: (vm: ObservedVm) => ObservedVm }[],
): ReadonlySet<string> {
  const touched = new Set<string>();
  for (const { target, change } of drifts) {
    const all = [...world.agents.values()].flatMap((agent) => [...agent.vms.values()].map((vm) => ({ agent, vm })));
    const one = all[target % Math.max(1, all.length)];
    if (one === undefined) continue;
    one.agent.vms.set(one.vm.uid, change(one.vm));
    touched.add(one.vm.name);
  }
  return touched;
}

suite("laws", () => {
  test("what is compared with itself does not differ", () => {
    fc.assert(
      fc.property(config, (own) => {
        const full = withDefaults({ name: "web", ...own }, BUILTIN_DEFAULTS);
        const live = turnKeys(full);
        const vm = aLiveVm("web", own);
        assert.deepEqual(
          diffVm({ desired: full, live, applied: full, status: vm.status, capabilities: ALL_CAPABILITIES, guestAgent: false }),
          [],
        );
      }),
    );
  });

  test("what the quick look calls settled has no difference", () => {
    fc.assert(
      fc.property(config, config, (own, other) => {
        const vm = aLiveVm("web", other);
        if (!isSettled({ name: "web", ...own }, vm)) return;
        assert.deepEqual(
          diffVm({
            desired: withDefaults({ name: "web", ...own }, vm.defaults),
            live: vm.live,
            applied: {},
            status: vm.status,
            capabilities: ALL_CAPABILITIES,
            guestAgent: false,
          }),
          [],
        );
      }),
    );
  });

  test("after an apply there is nothing left to plan, whatever was there before", async () => {
    await fc.assert(
      fc.asyncProperty(spec, fc.array(drift, { maxLength: 4 }), spec, async (before, drifts, after) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        disturb(world, drifts);
        await applied(world, after);
        await requireNothingLeft(world, after);
        assert.deepEqual(
          everyVm(world)
            .filter(({ owner }) => owner !== "")
            .map(({ name }) => name)
            .sort(),
          after.vms.map(({ name }) => name).sort(),
        );
      }),
      RUNS,
    );
  });

  test("the order of keys and of VMs changes no plan", async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, async (before, after) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        const planned = async (desired: Desired): Promise<PlanDocument> => {
          const plan = await world.plan(desired, { newUid: () => "one" });
          // Remarks come in the order of the file.
          return { ...plan, diagnostics: plan.diagnostics.toSorted((a, b) => (a.detail < b.detail ? -1 : 1)) };
        };
        assert.deepEqual(
          await planned(turnKeys({ ...after, vms: after.vms.toReversed(), agents: after.agents.toReversed() })),
          await planned(after),
        );
      }),
      RUNS,
    );
  });

  test("a break at any moment: planning anew converges, nothing is made twice and nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        spec,
        spec,
        fc.nat(12),
        fc.constantFrom("before", "middle", "after"),
        fc.boolean(),
        async (before, after, when, place, samePlan) => {
          const world = createWorld(AGENTS);
          await applied(world, before);
          const uids = new Map(everyVm(world).map(({ name, uid }) => [name, uid]));
          const kept = after.vms.map(({ name }) => name).filter((name) => uids.has(name));

          const plan = await world.plan(after);
          let left = when;
          for (const agent of world.agents.values()) {
            agent.onOperation = (where) => {
              if (where !== place || left-- > 0) return;
              for (const one of world.agents.values()) one.isReachable = false;
              throw new Error("power cut");
            };
          }
          await world.apply(plan);
          for (const agent of world.agents.values()) {
            agent.onOperation = () => undefined;
            agent.isReachable = true;
          }
          if (samePlan) assert.ok((await world.apply(plan)).ok, "the same plan goes on");
          else await applied(world, after);
          await requireNothingLeft(world, after);
          const names = everyVm(world).map(({ name }) => name);
          assert.equal(new Set(names).size, names.length);
          for (const name of kept) assert.equal(everyVm(world).find((vm) => vm.name === name)?.uid, uids.get(name));
        },
      ),
      RUNS,
    );
  });

  test("two applies at once, the second planned at any moment of the first: every copy of the record has every VM", async () => {
    await fc.assert(
      fc.asyncProperty(spec, adopting, adopting, fc.nat(8), fc.boolean(), async (before, first, second, when, isPlannedBefore) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        const early = isPlannedBefore ? await world.plan(second) : undefined;
        const applySecond = async (): Promise<void> => void (await world.apply(early ?? (await world.plan(second))));
        let left = when;
        let beside: Promise<void> | undefined;
        for (const agent of world.agents.values())
          agent.onOperation = () => void (left-- <= 0 && (beside ??= refusedOrDone(applySecond())));
        await refusedOrDone(world.apply(await world.plan(first)).then(() => undefined));
        await beside;
        for (const { set } of world.agents.values()) {
          const recorded = new Set(set?.members.map(({ uid }) => uid));
          for (const { uid, name, owner } of everyVm(world)) if (owner !== "") assert.ok(recorded.has(uid), name);
        }
        for (const agent of world.agents.values()) agent.onOperation = () => undefined;
        await applied(world, second);
        await requireNothingLeft(world, second);
      }),
      RUNS,
    );
  });

  test("an unchanged spec has only drift to undo; an undisturbed machine only the spec's changes", async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.array(drift, { minLength: 1, maxLength: 4 }), async (before, after, drifts) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        for (const { changes, body } of (await world.plan(after)).steps)
          for (const { cause, path } of changes) assert.equal(cause, "spec", `${body.name} ${path.join(".")}`);
        const touched = disturb(world, drifts);
        for (const { changes, body } of (await world.plan(before)).steps) {
          assert.ok(touched.has(body.name));
          for (const { cause, path } of changes) assert.equal(cause, "drift", `${body.name} ${path.join(".")}`);
        }
      }),
      RUNS,
    );
  });

  test("only steps of the plan have effects, and only on what the stack owns", async () => {
    await fc.assert(
      fc.asyncProperty(
        spec,
        spec,
        fc.array(fc.constantFrom("", "agent", "terraform:shop", "spec:other"), { maxLength: 3 }),
        async (before, after, owners) => {
          const world = createWorld(AGENTS);
          await applied(world, before);
          const foreign = owners.map((owner, index) => aLiveVm(`foreign${index}`, {}, { owner }));
          for (const vm of foreign) world.agent("desk").vms.set(vm.uid, vm);
          for (const agent of world.agents.values()) agent.effects.length = 0;
          const plan = await applied(world, after);
          const planned = new Set(plan.steps.map(({ hash }) => hash));
          for (const agent of world.agents.values()) for (const body of agent.effects) assert.ok(planned.has(stepHash(body)));
          for (const vm of foreign) assert.equal(world.agent("desk").vms.get(vm.uid), vm);
        },
      ),
      RUNS,
    );
  });

  test("dependencies come first and deletes last, however the steps interleave", async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.scheduler(), fc.integer({ min: 1, max: 8 }), async (before, after, scheduler, parallel) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        const log: string[] = [];
        for (const agent of world.agents.values()) {
          const { execute } = agent;
          agent.execute = async function* (input, options) {
            log.push(`start ${input.body.id}`);
            await scheduler.schedule(Promise.resolve(), input.body.id);
            yield* execute(input, options);
            log.push(`end ${input.body.id}`);
          };
        }
        const plan = await world.plan(after);
        await scheduler.waitFor(world.apply(plan, { parallel }));
        const at = new Map(log.map((line, index) => [line, index]));
        for (const { id, depends_on, body } of plan.steps) {
          for (const dependency of depends_on) assert.ok(at.get(`end ${dependency}`)! < at.get(`start ${id}`)!);
          if (body.action === "delete")
            for (const other of plan.steps)
              if (other.body.action !== "delete") assert.ok(at.get(`end ${other.id}`)! < at.get(`start ${id}`)!);
        }
        for (const vm of after.vms) {
          for (const name of vm.dependsOn) {
            const [first, second] = [
              plan.steps.find(({ body }) => body.name === name),
              plan.steps.find(({ body }) => body.name === vm.name),
            ];
            if (first !== undefined && second !== undefined) assert.ok(second.depends_on.includes(first.id));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("what is out of reach is neither touched nor made elsewhere, and is done once it is back", async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.constantFrom(...AGENTS), async (before, after, silent) => {
        const world = createWorld(AGENTS);
        await applied(world, before);
        const there = new Map(world.agent(silent).vms);
        world.agent(silent).isReachable = false;
        const plan = await world.plan(after, { partial: true });
        assert.ok((await world.apply(plan)).ok);
        assert.deepEqual(world.agent(silent).vms, there);
        for (const { agent } of plan.steps) assert.notEqual(agent, silent);
        for (const { name, owner } of there.values())
          if (owner !== "") assert.ok(plan.unknown.some((one) => one.name === name) && plan.set.members.some((one) => one.name === name));
        world.agent(silent).isReachable = true;
        await applied(world, after);
        await requireNothingLeft(world, after);
      }),
      RUNS,
    );
  });
});
