import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { PlanDocument } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { bindPlan } from "../plan/bind-plan.ts";
import { aLiveVm, anAgent, aSpec, aVm } from "../testdata/fixtures.ts";
import type { ModelAgent } from "../testdata/model-agent.ts";
import { createWorld } from "../testdata/world.ts";
import type { ApplyEvent } from "./events.ts";

const two = [anAgent("desk"), anAgent("loft")];
const names = (agent: ModelAgent): string[] => [...agent.vms.values()].map(({ name }) => name).sort();
const recorded = (agent: ModelAgent): string[] => (agent.set?.members ?? []).map(({ name }) => name);
const told = (events: readonly ApplyEvent[]): string[] =>
  events.map((event) => ("step" in event ? `${event.type} ${event.name}` : event.type));

function has(agent: ModelAgent, ...vms: readonly ReturnType<typeof aLiveVm>[]): void {
  for (const vm of vms) agent.vms.set(vm.uid, vm);
}

suite("applyPlan", () => {
  test("makes what is planned, and then there is nothing to do and nothing is called", async () => {
    const world = createWorld(["desk", "loft"]);
    const spec = aSpec([aVm("db"), aVm("web", {}, { agent: "loft", dependsOn: ["db"] })], two);
    const events: ApplyEvent[] = [];
    const result = await world.apply(await world.plan(spec), {}, (event) => events.push(event));
    assert.deepEqual(
      [result.ok, result.diagnostics, result.summary],
      [true, [], { done: 2, noop: 0, failed: 0, skipped: 0, stopped: 0, left: 0 }],
    );
    assert.deepEqual(told(events), [
      "apply_start",
      "step_start db",
      "step_progress db",
      "step_done db",
      "step_start web",
      "step_progress web",
      "step_done web",
      "apply_done",
    ]);
    assert.deepEqual([names(world.agent("desk")), names(world.agent("loft"))], [["db"], ["web"]]);
    assert.deepEqual(
      [...result.vms.values()].map(({ name, status }) => `${name} ${status}`),
      ["db running", "web running"],
    );
    for (const agent of world.agents.values()) assert.deepEqual(recorded(agent), ["db", "web"]);

    const calls = [...world.agents.values()].map(({ mutatingCalls }) => mutatingCalls);
    const again = await world.plan(spec);
    assert.deepEqual([again.steps, again.set.outdated], [[], []]);
    assert.ok((await world.apply(again)).ok);
    assert.deepEqual(
      [...world.agents.values()].map(({ mutatingCalls }) => mutatingCalls),
      calls,
    );
  });

  test("the record is widened before the first effect and narrowed after the last", async () => {
    const world = createWorld(["desk", "loft"]);
    has(world.agent("desk"), aLiveVm("old"));
    const seen: string[][] = [];
    for (const agent of world.agents.values())
      agent.onOperation = () => void seen.push(recorded(world.agent("desk")), recorded(world.agent("loft")));
    await world.apply(await world.plan(aSpec([aVm("web", {}, { agent: "loft" })], two)));
    assert.deepEqual(new Set(seen.map(String)), new Set(["old,web"]));
    for (const agent of world.agents.values()) assert.deepEqual(recorded(agent), ["web"]);
  });

  test("a delete waits for everything else and is not done after a failure", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    has(desk, aLiveVm("old"));
    desk.onOperation = (_, { name }) => {
      if (name === "web") throw problem("HOST_ERROR", "no");
    };
    const result = await world.apply(await world.plan(aSpec([aVm("web"), aVm("db")])));
    assert.deepEqual(Object.fromEntries(result.outcomes), { "desk/vm/db": "done", "desk/vm/web": "failed", "desk/vm/old": "skipped" });
    assert.deepEqual(names(desk), ["db", "old"]);
    assert.deepEqual(recorded(desk), ["db", "old", "web"]);
    assert.deepEqual(
      result.diagnostics.map(({ code, agent }) => `${code} ${agent}`),
      ["HOST_ERROR desk", "DEPENDENCY_FAILED desk"],
    );
    desk.onOperation = () => undefined;
    assert.ok((await world.apply(await world.plan(aSpec([aVm("web"), aVm("db")])))).ok);
    assert.deepEqual(
      [names(desk), recorded(desk)],
      [
        ["db", "web"],
        // Until it expires, the plan that failed could still make the web that it wanted.
        ["db", "web", "web"],
      ],
    );
  });

  test("an agent that is lost fails its own steps, fast, and the rest goes on", async () => {
    const world = createWorld(["desk", "loft"]);
    const spec = aSpec(
      [
        ...["a", "b", "c", "d"].map((name) => aVm(name)),
        aVm("e", {}, { agent: "loft" }),
        aVm("f", {}, { agent: "loft", dependsOn: ["a"] }),
      ],
      two,
    );
    const plan = await world.plan(spec);
    const desk = world.agent("desk");
    desk.onOperation = () => void (desk.isReachable = false);
    const events: ApplyEvent[] = [];
    const result = await world.apply(plan, { parallelPerAgent: 1 }, (event) => events.push(event));
    assert.deepEqual(Object.fromEntries(result.outcomes), {
      "desk/vm/a": "failed",
      "desk/vm/b": "failed",
      "desk/vm/c": "failed",
      "desk/vm/d": "failed",
      "loft/vm/e": "done",
      "loft/vm/f": "skipped",
    });
    assert.deepEqual(
      told(events).filter((line) => line.startsWith("step_start")),
      ["step_start a", "step_start e"],
    );
    assert.equal(result.diagnostics[0]?.code, "AGENT_UNREACHABLE");
  });

  test("an agent that is gone before the first step", async () => {
    const world = createWorld(["desk", "loft"]);
    const plan = await world.plan(aSpec([aVm("a"), aVm("b", {}, { agent: "loft" })], two));
    world.agent("desk").isReachable = false;
    const result = await world.apply(plan);
    assert.deepEqual(Object.fromEntries(result.outcomes), { "desk/vm/a": "failed", "loft/vm/b": "done" });
  });

  test("a stream that breaks is attached to again", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    desk.onOperation = (where) => {
      if (where !== "after") return;
      desk.onOperation = () => undefined;
      throw problem("AGENT_UNREACHABLE", "the connection broke");
    };
    const result = await world.apply(await world.plan(aSpec([aVm("web")])));
    assert.deepEqual([result.ok, desk.effects.length], [true, 1]);
  });

  test("an operation that never began is begun", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    desk.onOperation = () => {
      desk.onOperation = () => undefined;
      throw problem("AGENT_UNREACHABLE", "the connection broke");
    };
    const result = await world.apply(await world.plan(aSpec([aVm("web")])));
    assert.deepEqual([result.ok, desk.effects.length, desk.vms.size], [true, 1, 1]);
  });

  test("applying the same plan again does nothing twice", async () => {
    const world = createWorld(["desk"]);
    has(world.agent("desk"), aLiveVm("old"));
    const plan = await world.plan(aSpec([aVm("web")]));
    await world.apply(plan);
    const effects = world.agent("desk").effects.length;
    const result = await world.apply(JSON.parse(JSON.stringify(plan)) as PlanDocument);
    assert.ok(result.ok);
    assert.equal(world.agent("desk").effects.length, effects);
    assert.deepEqual(recorded(world.agent("desk")), ["web"]);
  });

  test("a record that another apply wrote meanwhile keeps its members", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    has(desk, aLiveVm("old"));
    const plan = await world.plan(aSpec([aVm("web")]));
    desk.set = { stack: "shop", serial: 50, members: [{ kind: "vm", name: "other", uid: "u", agentId: "id-desk" }], agents: [] };
    assert.ok((await world.apply(plan)).ok);
    assert.deepEqual(recorded(desk), ["other", "web"]);
    assert.ok(desk.set.serial > 51);
  });

  test("what another apply is making is kept by a plan that cannot see it yet", async () => {
    const world = createWorld(["desk", "loft"]);
    const base = aSpec([aVm("base")], two);
    await world.apply(await world.plan(base));
    const more = aSpec([aVm("base", { labels: { a: "1" } }), aVm("x", {}, { agent: "loft" })], two);
    const making = await world.plan(more, { targets: ["x"] });
    world.agent("loft").onOperation = (where) => {
      if (where === "before") throw problem("HOST_ERROR", "not now");
    };
    await world.apply(making);
    const beside = await world.plan(more, { targets: ["base"] });
    assert.ok((await world.apply(beside)).ok);
    for (const agent of world.agents.values()) assert.deepEqual(recorded(agent), ["base", "x"]);

    world.agent("loft").onOperation = () => undefined;
    assert.ok((await world.apply(making)).ok);
    world.agent("loft").isReachable = false;
    const moved = await world.plan(aSpec([aVm("base"), aVm("x")], two), { partial: true });
    assert.deepEqual(
      [moved.steps.map(({ id }) => id), moved.diagnostics.map(({ code }) => code)],
      [["desk/vm/base"], ["AGENT_UNREACHABLE", "AGENT_CHANGED"]],
    );
  });

  test("what could be made is forgotten once its plan has expired", async () => {
    const world = createWorld(["desk"]);
    world.agent("desk").onOperation = () => {
      throw problem("HOST_ERROR", "no");
    };
    await world.apply(await world.plan(aSpec([aVm("web")])));
    const at = async (now: string): Promise<string[]> =>
      (await world.plan(aSpec([]), { now: new Date(now) })).set.members.map(({ name }) => name);
    assert.deepEqual(await at("2026-01-03T03:04:04Z"), ["web"]);
    assert.deepEqual(await at("2026-01-03T03:30:00Z"), ["web"], "clocks differ");
    assert.deepEqual(await at("2026-01-03T04:04:06Z"), []);
  });

  test("an older plan does not overwrite what a newer one wrote", async () => {
    const world = createWorld(["desk", "loft"]);
    await world.apply(await world.plan(aSpec([aVm("base")], two)));
    const skewed = world.agent("desk").set!;
    world.agent("desk").set = { ...skewed, serial: skewed.serial + 1 };
    const older = await world.plan(aSpec([aVm("base"), aVm("n")], two));
    world.agent("desk").isReachable = false;
    assert.ok((await world.apply(await world.plan(aSpec([aVm("base"), aVm("z", {}, { agent: "loft" })], two), { partial: true }))).ok);
    world.agent("desk").isReachable = true;
    assert.ok((await world.apply(older)).ok);
    for (const agent of world.agents.values()) assert.deepEqual(recorded(agent), ["base", "n", "z"]);
  });

  test("a rename is recorded with both names until it succeeded", async () => {
    const world = createWorld(["desk", "loft"]);
    await world.apply(await world.plan(aSpec([aVm("old", {}, { agent: "loft" })], two)));
    const renamed = aSpec([aVm("new", {}, { agent: "loft", previousNames: ["old"] })], two);
    world.agent("loft").onOperation = () => {
      throw problem("HOST_ERROR", "no");
    };
    await world.apply(await world.plan(renamed));
    world.agent("loft").isReachable = false;
    for (const name of ["old", "new"]) {
      const moved = await world.plan(aSpec([aVm(name)], two), { partial: true });
      assert.deepEqual([moved.steps, moved.diagnostics.at(-1)?.code], [[], "AGENT_CHANGED"]);
    }
    world.agent("loft").isReachable = true;
    const beside = await world.plan(aSpec([aVm("other")], two), { targets: ["other"] });
    assert.ok((await world.apply(beside)).ok);
    assert.deepEqual(world.agent("desk").set?.members.find(({ uid }) => uid === "made-1")?.otherNames, ["new"]);

    world.agent("loft").onOperation = () => undefined;
    const both = aSpec([...renamed.vms, aVm("other")], two);
    assert.ok((await world.apply(await world.plan(both))).ok);
    for (const agent of world.agents.values())
      assert.deepEqual(
        agent.set?.members.map(({ name, otherNames }) => [name, otherNames]),
        [
          ["new", undefined],
          ["other", undefined],
        ],
      );
    assert.deepEqual((await world.plan(both)).set.outdated, []);
  });

  test("what was made is recorded again where somebody took it out meanwhile", async () => {
    const world = createWorld(["desk", "loft"]);
    const loft = world.agent("loft");
    world.agent("desk").onOperation = () => void (loft.set = { ...loft.set!, serial: 50, members: [], digest: "sha256:other" });
    assert.ok((await world.apply(await world.plan(aSpec([aVm("web")], two)))).ok);
    for (const agent of world.agents.values()) assert.deepEqual(recorded(agent), ["web"]);
  });

  test("the record is written once for what is made, and compared after", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    assert.ok((await world.apply(await world.plan(aSpec([aVm("a"), aVm("b")])))).ok);
    assert.deepEqual([desk.setsWritten, desk.mutatingCalls], [1, 4]);
    assert.ok((await world.apply(await world.plan(aSpec([aVm("a", { labels: { x: "1" } }), aVm("b")])))).ok);
    assert.deepEqual([desk.setsWritten, desk.mutatingCalls], [1, 5]);
  });

  test("what was released and taken over again stays recorded when the old plan is applied again", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    has(desk, aLiveVm("web", { on_remove: "retain" }));
    const releasing = await world.plan(aSpec([]));
    assert.ok((await world.apply(releasing)).ok);
    assert.deepEqual(recorded(desk), []);
    assert.ok((await world.apply(await world.plan(aSpec([aVm("web", {}, { adopt: true })])))).ok);
    await world.apply(releasing);
    assert.deepEqual(recorded(desk), ["web"]);
  });

  test("both bounds hold", async () => {
    const world = createWorld(["desk", "loft"]);
    const spec = aSpec(
      ["a", "b", "c", "d", "e", "f"].flatMap((name) => [aVm(name), aVm(`${name}x`, {}, { agent: "loft" })]),
      two,
    );
    let most = 0;
    for (const agent of world.agents.values())
      agent.onOperation = () => void (most = Math.max(most, world.agent("desk").running + world.agent("loft").running));
    assert.ok((await world.apply(await world.plan(spec), { parallel: 3, parallelPerAgent: 2 })).ok);
    assert.equal(most, 3);
    assert.equal(Math.max(...[...world.agents.values()].map(({ mostRunning }) => mostRunning)), 2);
  });

  test("a stop lets the running steps end and starts no other", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    const stop = new AbortController();
    desk.onOperation = () => stop.abort();
    const events: ApplyEvent[] = [];
    const result = await world.apply(await world.plan(aSpec([aVm("a"), aVm("b")])), { parallelPerAgent: 1, signal: stop.signal }, (event) =>
      events.push(event),
    );
    assert.deepEqual(Object.fromEntries(result.outcomes), { "desk/vm/a": "done", "desk/vm/b": "stopped" });
    assert.deepEqual([result.ok, result.diagnostics], [false, []]);
    assert.ok(events.some((event) => event.type === "step_skipped" && event.because === "stopped"));
  });

  test("detaching leaves the running operations alone", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    const detach = new AbortController();
    const plan = await world.plan(aSpec([aVm("a"), aVm("b")]));
    const execute = desk.execute.bind(desk);
    desk.execute = async function* (input, options) {
      const { promise, reject } = Promise.withResolvers<never>();
      options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      setImmediate(() => detach.abort());
      await promise;
      yield* execute(input);
    };
    const events: ApplyEvent[] = [];
    const result = await world.apply(plan, { parallelPerAgent: 1, detachSignal: detach.signal }, (event) => events.push(event));
    assert.deepEqual(Object.fromEntries(result.outcomes), { "desk/vm/a": "left", "desk/vm/b": "stopped" });
    assert.match(events.flatMap((event) => (event.type === "step_left" ? event.operation_id : []))[0]!, /^[0-9a-f-]{36}$/);
  });

  test("a secret is resolved for the step that needs it and goes nowhere else", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    const given: unknown[] = [];
    const execute = desk.execute.bind(desk);
    desk.execute = (input, options) => {
      given.push(input.secrets);
      return execute(input, options);
    };
    const plan = await world.plan(
      aSpec([aVm("web", { cloud_init: { password: { version: 1 } } }, { secrets: { "cloud_init.password": "env:PW" } })]),
    );
    const events: ApplyEvent[] = [];
    await world.apply(plan, {}, (event) => events.push(event));
    assert.deepEqual(given, [{ "cloud_init.password": "value of env:PW" }]);
    assert.doesNotMatch(JSON.stringify([plan, events]), /value of/);
  });

  test("a live state that moved since the plan stops the step", async () => {
    const world = createWorld(["desk"]);
    const desk = world.agent("desk");
    has(desk, aLiveVm("web"));
    const plan = await world.plan(aSpec([aVm("web", { labels: { a: "1" } })]));
    has(desk, aLiveVm("web", { vcpu: 7 }));
    const result = await world.apply(plan);
    assert.deepEqual(
      result.diagnostics.map(({ code }) => code),
      ["PLAN_STALE"],
    );
    assert.equal(desk.vms.get("uid-web")?.live.vcpu, 7);
  });

  const unfit: { name: string; spoil: (plan: PlanDocument) => PlanDocument; code: RegExp }[] = [
    {
      name: "has an error",
      spoil: (plan) => ({ ...plan, diagnostics: [{ code: "VM_PROTECTED", severity: "error", detail: "no" }] }),
      code: /VM_PROTECTED/,
    },
    {
      name: "has a changed step",
      spoil: (plan) => ({
        ...plan,
        steps: plan.steps.map((step) => ({ ...step, body: { ...step.body, vm: { ...step.body.vm, vcpu: 64 } } })),
      }),
      code: /PLAN_MISMATCH/,
    },
    { name: "lost a step", spoil: (plan) => ({ ...plan, steps: [] }), code: /PLAN_MISMATCH/ },
    { name: "has a changed header", spoil: (plan) => ({ ...plan, header: { ...plan.header, max_impact: "none" } }), code: /PLAN_MISMATCH/ },
    {
      name: "waits for itself",
      spoil: (plan) => bindPlan(plan.header, { ...plan, steps: plan.steps.map((step) => ({ ...step, depends_on: [step.id] })) }),
      code: /PLAN_UNREADABLE/,
    },
  ];
  for (const { name, spoil, code } of unfit) {
    test(`a plan that ${name} is refused before anything is done`, async () => {
      const world = createWorld(["desk"]);
      const plan = await world.plan(aSpec([aVm("web")]));
      await assert.rejects(world.apply(spoil(plan)), code);
      assert.equal(world.agent("desk").mutatingCalls, 0);
    });
  }

  test("a plan that expired is refused", async () => {
    const world = createWorld(["desk"]);
    const plan = await world.plan(aSpec([aVm("web")]), { lifetimeMs: 60_000 });
    await assert.rejects(world.apply(plan, { now: () => new Date("2026-01-02T03:05:06Z") }), /PLAN_EXPIRED/);
  });
});
