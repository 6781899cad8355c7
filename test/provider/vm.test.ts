/** `ghost_vm` against simulated agents, under the rules of Terraform's core. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hasErrors } from "./core.ts";
import { startFleet } from "./fleet.ts";

const WEB = { name: "web", agent: "desk", image: "debian-12", ram_gb: 2, disk_gb: 10 };

suite("the life of a VM", () => {
  test("create, nothing to do, update, rename, delete", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const made = await core.plan(core.config(WEB));
    assert.deepEqual([made.action, made.diagnostics], ["create", []]);
    assert.deepEqual(await core.apply(made), []);
    assert.equal(core.kept?.state["owner"], "terraform:shop");
    assert.equal(core.kept?.state["status"], "running");
    assert.equal(core.kept?.state["planned_impact"], "none");

    await fleet.configure();
    assert.deepEqual(await core.refresh(), []);
    const nothing = await core.plan(core.config(WEB));
    assert.deepEqual([nothing.action, nothing.diagnostics], ["no-op", []]);

    const bigger = await core.plan(core.config({ ...WEB, ram_gb: 4, labels: { a: "b" } }));
    assert.equal(bigger.action, "update");
    assert.equal(bigger.answer.planned?.["planned_impact"], "restart");
    assert.deepEqual(
      bigger.diagnostics.map(({ severity, path }) => [severity, path]),
      [["warning", ["ram_gb"]]],
    );
    assert.deepEqual(await core.apply(bigger), []);

    const renamed = await core.plan(core.config({ ...WEB, name: "www", ram_gb: 4 }));
    assert.deepEqual([renamed.action, renamed.answer.planned?.["planned_impact"]], ["update", "restart"]);
    const { uid } = core.kept!.state;
    assert.deepEqual(await core.apply(renamed), []);
    assert.equal(core.kept!.state["uid"], uid);

    await fleet.configure();
    await core.refresh();
    const gone = await core.plan(null);
    assert.equal(gone.action, "delete");
    assert.match(gone.diagnostics[0]!.summary, /"www" is deleted/);
    assert.deepEqual(await core.apply(gone), []);
    assert.equal(core.kept, undefined);
    assert.ok(!hasErrors(gone.diagnostics));
  });
});
