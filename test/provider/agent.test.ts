/** `ghost_agent` against simulated agents, under the rules of Terraform's core. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Values } from "../../provider/src/protocol6/value.ts";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Json } from "./core.ts";
import { CONTEXT, hasErrors } from "./core.ts";
import { startFleet } from "./fleet.ts";

const DESK = { name: "desk", settings: { labels: { room: "office" }, reserved_vcpu: 2 } };

suite("the life of an agent's settings", () => {
  test("made, nothing to do, changed, given up", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_agent");
    const made = await core.plan(core.config(DESK));
    assert.deepEqual([made.action, made.diagnostics], ["create", []]);
    const { host } = await fleet.client("desk").snapshot("");
    assert.deepEqual([made.answer.planned?.["agent_id"], made.answer.planned?.["hypervisor"]], [host.agentId, "simulated"]);
    assert.deepEqual(await core.apply(made), []);
    assert.deepEqual((await fleet.client("desk").snapshot("")).host.settings, DESK.settings);

    await fleet.configure();
    assert.deepEqual(await core.refresh(), []);
    assert.equal((await core.plan(core.config(DESK))).action, "no-op");

    const changed = await core.plan(core.config({ name: "desk", settings: { labels: { room: "attic" }, schedulable: false } }));
    assert.equal(changed.action, "update");
    assert.equal((changed.answer.planned!["settings"] as Values)["reserved_vcpu"], 2);
    assert.deepEqual(await core.apply(changed), []);
    const settings = { labels: { room: "attic" }, reserved_vcpu: 2, schedulable: false };
    assert.deepEqual((await fleet.client("desk").snapshot("")).host.settings, settings);

    const gone = await core.plan(null);
    assert.deepEqual(
      gone.diagnostics.map(({ severity }) => severity),
      ["warning"],
    );
    assert.match(gone.diagnostics[0]!.summary, /settings of agent "desk" stay/);
    assert.deepEqual(await core.apply(gone), []);
    assert.deepEqual((await fleet.client("desk").snapshot("")).host.settings, settings);
  });

  test("without settings it is what the agent has", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_agent");
    await core.apply(await core.plan(core.config(DESK)));
    const bare = await core.plan(core.config({ name: "desk" }));
    assert.deepEqual([bare.action, bare.diagnostics], ["no-op", []]);
  });

  test("what somebody else set is seen, and put right where it is configured", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_agent"), fleet.core("ghost_agent")];
    await core.apply(await core.plan(core.config(DESK)));
    await other.apply(await other.plan(other.config({ name: "desk", settings: { reserved_vcpu: 4, reserved_ram_gb: 8 } })));
    await fleet.configure();
    await core.refresh();
    const plan = await core.plan(core.config(DESK));
    assert.equal(plan.action, "update");
    const { reserved_vcpu, reserved_ram_gb } = plan.answer.planned!["settings"] as Values;
    assert.deepEqual([reserved_vcpu, reserved_ram_gb], [2, 8]);
    assert.deepEqual(await core.apply(plan), []);
  });

  test("a setting that is not configured is never set back", async () => {
    await using fleet = await startFleet("desk");
    const [core, other] = [fleet.core("ghost_agent"), fleet.core("ghost_agent")];
    const config = core.config(DESK);
    const { answer } = await core.plan(config);
    await other.apply(await other.plan(other.config({ name: "desk", settings: { schedulable: false, reserved_vcpu: 4 } })));
    await core.resource.apply({ prior: null, planned: answer.planned, config, plannedPrivate: null }, CONTEXT);
    const { schedulable, reserved_vcpu } = (await fleet.client("desk").snapshot("")).host.settings;
    assert.deepEqual([schedulable, reserved_vcpu], [false, 2]);
    await other.apply(await other.plan(other.config({ name: "desk", settings: { schedulable: true } })));
    const { answer: second } = await core.plan(config);
    await other.apply(await other.plan(other.config({ name: "desk", settings: { schedulable: false, reserved_vcpu: 9 } })));
    await core.resource.apply({ prior: null, planned: second.planned, config, plannedPrivate: null }, CONTEXT);
    const after = (await fleet.client("desk").snapshot("")).host.settings;
    assert.deepEqual([after.schedulable, after.reserved_vcpu], [false, 2]);
  });

  test("is imported by its name", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_agent");
    await core.apply(await core.plan(core.config(DESK)));
    core.kept = undefined;
    assert.deepEqual(await core.import("desk"), []);
    assert.equal((await core.plan(core.config(DESK))).action, "no-op");
    assert.match((await core.import("dusk"))[0]!.detail, /no agent "dusk"/);
  });

  test("of another agent it is another one", async () => {
    await using fleet = await startFleet("desk", "loft");
    const core = fleet.core("ghost_agent");
    await core.apply(await core.plan(core.config(DESK)));
    assert.deepEqual((await core.plan(core.config({ ...DESK, name: "loft" }))).answer.requiresReplace, [["name"]]);
  });

  test("an agent that is down: nothing is forgotten, and nothing can be changed", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_agent");
    await core.apply(await core.plan(core.config(DESK)));
    const before = core.kept!.state;
    await fleet.stop("desk");
    await fleet.configure();
    const said = await core.refresh();
    assert.deepEqual(
      said.map(({ severity, path }) => [severity, path]),
      [["warning", ["name"]]],
    );
    assert.deepEqual(core.kept!.state, before);
    assert.equal((await core.plan(core.config(DESK))).action, "no-op");
    const { diagnostics } = await core.plan(core.config({ name: "desk", settings: { reserved_vcpu: 3 } }));
    assert.deepEqual(
      diagnostics.map(({ severity, path }) => [severity, path]),
      [["error", ["name"]]],
    );
    // Nothing is done to give it up.
    assert.ok(!hasErrors((await core.plan(null)).diagnostics));
  });

  test("another agent at the same address is told of", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core("ghost_agent");
    await core.apply(await core.plan(core.config(DESK)));
    core.kept = { ...core.kept!, state: { ...core.kept!.state, agent_id: "another" } };
    const [warning] = await core.refresh();
    assert.deepEqual([warning?.severity, warning?.path], ["warning", ["name"]]);
    assert.match(warning!.summary, /different agent answers/);
  });
});

suite("what is not known yet", () => {
  const cases: readonly { name: string; config: { readonly [key: string]: Json } }[] = [
    { name: "the name", config: { ...DESK, name: UNKNOWN } },
    { name: "the settings", config: { ...DESK, settings: UNKNOWN } },
    { name: "one setting", config: { ...DESK, settings: { ...DESK.settings, reserved_vcpu: UNKNOWN } } },
    { name: "one label", config: { ...DESK, settings: { ...DESK.settings, labels: { room: UNKNOWN } } } },
  ];
  for (const { name, config } of cases) {
    test(name, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core("ghost_agent");
      const plan = await core.plan(core.config(config));
      assert.deepEqual(plan.diagnostics, []);
      assert.deepEqual(await core.apply(plan, core.config(DESK)), []);
      assert.deepEqual((await fleet.client("desk").snapshot("")).host.settings, DESK.settings);
    });
  }
});

suite("bad input", () => {
  const wrong: readonly { config: { readonly [key: string]: Json }; path: readonly string[]; says: RegExp }[] = [
    { config: { name: "dusk" }, path: ["name"], says: /no agent "dusk"[^]*desk/ },
    { config: { name: "desk", settings: { reserved_vcpu: -1 } }, path: ["settings", "reserved_vcpu"], says: /between 0 and 4096/ },
    { config: { name: "desk", settings: { labels: { "": "x" } } }, path: ["settings", "labels"], says: /key/ },
    { config: { name: "desk", settings: { labels: {} } }, path: ["settings", "labels"], says: /leave the labels as they are/ },
  ];
  for (const { config, path, says } of wrong) {
    test(`${JSON.stringify(config)} is refused at ${path.join(".")}`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core("ghost_agent");
      const { diagnostics } = await core.plan(core.config(config));
      assert.ok(hasErrors(diagnostics));
      assert.deepEqual(diagnostics[0]!.path, path);
      assert.match(diagnostics[0]!.detail, says);
    });
  }
});
