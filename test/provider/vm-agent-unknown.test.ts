/** What a plan says of a VM while its agent is not known yet: by what was last read, with the worst a host could make of it. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Value } from "../../provider/src/protocol6/value.ts";
import type { Core, Json, Planned } from "./core.ts";
import { assertSettled, errorsOf, hasErrors, settle, told } from "./core.ts";
import type { Fleet } from "./fleet.ts";
import { startFleet } from "./fleet.ts";

type Config = { readonly [key: string]: Json | Value };

const WEB = { name: "web", agent: "desk", image: "debian-12", vcpu: 2, disks: { data: { size_gb: 5 } } };
const { disks: _disks, ...BARE } = WEB;
const { vcpu: _vcpu, ...ONE_CPU } = WEB;
const NOT_ASKED = 'warning VM "web" is planned without its agent agent';

/** Ways in which an agent is not known. */
const WAYS: readonly { readonly name: string; readonly block?: Config; readonly config?: Config }[] = [
  { name: "its name", config: { agent: UNKNOWN } },
  { name: "its address", block: { agents: { desk: { address: UNKNOWN } } } },
  { name: "the stack", block: { stack: UNKNOWN } },
];

async function plan(fleet: Fleet, core: Core, config: Config, way: (typeof WAYS)[number], block: Config = {}): Promise<Planned> {
  await fleet.configure({ ...block, ...way.block } as never);
  await core.refresh();
  return await core.plan(core.config({ ...config, ...way.config }));
}

suite("while the agent is not known", () => {
  for (const way of WAYS) {
    test(`${way.name}: what is lost is told, and refused where it must not be`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core();
      await settle(core, WEB, fleet.configure);
      const lost = await plan(fleet, core, BARE, way);
      assert.deepEqual(told(lost.diagnostics), [NOT_ASKED, 'warning VM "web": disks.data, data-loss disks.data']);
      const recreate = await plan(fleet, core, { ...WEB, image: "debian-13", image_on_change: "recreate" }, way);
      assert.deepEqual(told(recreate.diagnostics), [NOT_ASKED, 'warning VM "web": image, data-loss image']);
      assert.equal(recreate.answer.planned?.["image_digest"], UNKNOWN);
      const fewer = await plan(fleet, core, { ...ONE_CPU, labels: { a: "b" } }, way);
      assert.deepEqual(told(fewer.diagnostics), [NOT_ASKED, 'warning VM "web": vcpu, restart vcpu'], "back to the default");

      const limited = await plan(fleet, core, BARE, way, { max_impact: "restart" });
      assert.deepEqual(told(errorsOf(limited.diagnostics)), ["error IMPACT_EXCEEDED disks.data"]);
      const milder = await plan(fleet, core, { ...BARE, disruption: { allow: "live" } }, way);
      assert.deepEqual(told(errorsOf(milder.diagnostics)), ["error IMPACT_EXCEEDED disks.data"]);
      const guarded = await plan(fleet, core, { ...BARE, protect: true }, way);
      assert.deepEqual(told(errorsOf(guarded.diagnostics)), ["error VM_PROTECTED disks.data"]);

      const approved = await plan(fleet, core, BARE, way);
      await fleet.configure();
      assert.deepEqual(errorsOf(await core.apply(approved, core.config(BARE))), []);
      await assertSettled(core, BARE, fleet.configure);
    });

    test(`${way.name}: what disturbs nobody is planned without a word`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core();
      await settle(core, WEB, fleet.configure);
      const digest = core.kept!.state["image_digest"];
      const labelled = await plan(fleet, core, { ...WEB, labels: { a: "b" } }, way, { max_impact: "none" });
      assert.deepEqual([labelled.diagnostics, labelled.answer.planned?.["image_digest"]], [[], digest]);
      const ignored = await plan(fleet, core, { ...WEB, image: "debian-13" }, way);
      assert.deepEqual(told(ignored.diagnostics), ["warning CHANGE_IGNORED image"]);
    });
  }

  test("a machine that moved meanwhile is left alone", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    const approved = await plan(fleet, core, { ...WEB, labels: { a: "b" } }, WAYS[1]!);
    using host = fleet.host("desk");
    host.setDomain("web", { vcpu: 4 });
    await fleet.configure();
    assert.deepEqual(told(errorsOf(await core.apply(approved))), ["error PLAN_STALE"]);
  });

  test("a VM that was not seen ready is waited for", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const waiting = { ...WEB, wait_for: "ip", wait_timeout_s: 1 };
    using host = fleet.host("desk");
    host.setLatency({ address: 3_600_000 });
    assert.ok(hasErrors(await core.apply(await core.plan(core.config(waiting)))));
    const { tainted: _untainted, ...kept } = core.kept!;
    core.kept = kept;
    await fleet.configure();
    const approved = await plan(fleet, core, waiting, WAYS[1]!);
    assert.deepEqual([approved.action, approved.diagnostics], ["update", []]);
    await fleet.configure();
    assert.deepEqual(told(await core.apply(approved)), ["error WAIT_TIMEOUT wait_for"]);
  });

  test("a VM of somebody else is not changed", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await fleet.configure({ stack: "other" });
    await settle(core, WEB, () => fleet.configure({ stack: "other" }));
    const foreign = await plan(fleet, core, BARE, WAYS[1]!);
    assert.deepEqual(told(errorsOf(foreign.diagnostics)), ["error OWNED_BY_OTHER"]);
    assert.ok(!hasErrors((await plan(fleet, core, WEB, WAYS[1]!)).diagnostics));
  });

  test("a VM that nobody has read yet is judged by the state", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, WEB, fleet.configure);
    core.kept = { ...core.kept!, private: null };
    const lost = await plan(fleet, core, BARE, WAYS[1]!);
    assert.deepEqual(told(lost.diagnostics), [NOT_ASKED, 'warning VM "web": disks.data, data-loss disks.data']);
  });
});
