/** A VM and the template that it is made from, which may move between a plan and its apply. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Value } from "../../provider/src/protocol6/value.ts";
import type { Core, Json } from "./core.ts";
import { errorsOf, settle, told } from "./core.ts";
import type { Fleet } from "./fleet.ts";
import { startFleet } from "./fleet.ts";

type Config = { readonly [key: string]: Json | Value };

const BASE = { name: "base", agent: "desk", image: "debian-12" };
const NEWER = { ...BASE, image: "debian-13" };
const WEB = { name: "web", agent: "desk", template: "base" };
const REMADE = { ...WEB, image_on_change: "recreate", disks: { a: { size_gb: 1 } } };
const { disks: _disks, ...WITHOUT_DISK } = REMADE;

async function withTemplate(): Promise<{ fleet: Fleet; template: Core; vm: Core }> {
  const fleet = await startFleet("desk");
  const template = fleet.core("ghost_template");
  await settle(template, BASE, fleet.configure);
  return { fleet, template, vm: fleet.core() };
}

async function repin(template: Core, config: Config): Promise<void> {
  assert.deepEqual(errorsOf(await template.apply(await template.plan(template.config(config)))), []);
}

suite("a template that gets another image after the plan", () => {
  test("an approved change of another disk does not make the root disk anew", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, REMADE, fleet.configure);
    const { image_digest: digest } = vm.kept!.state;
    const approved = await vm.plan(vm.config(WITHOUT_DISK));
    assert.deepEqual(told(approved.diagnostics), ['warning VM "web": disks.a, data-loss disks.a']);
    assert.equal(approved.answer.planned?.["image_digest"], digest);
    await repin(template, NEWER);
    await fleet.configure();
    await assert.rejects(vm.apply(approved), /image_digest was planned as/);
    const [web] = (await fleet.client("desk").snapshot("")).vms;
    assert.deepEqual([web!.imageDigest, Object.keys(web!.live.disks ?? {})], [digest, ["a"]]);
  });

  test("a root disk that was approved to be made anew is not made from yet another image", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, REMADE, fleet.configure);
    const { image_digest: digest } = vm.kept!.state;
    await repin(template, NEWER);
    await fleet.configure();
    await vm.refresh();
    const approved = await vm.plan(vm.config(REMADE));
    assert.deepEqual(told(approved.diagnostics), ['warning VM "web": image, data-loss image']);
    assert.equal(approved.answer.planned?.["image_digest"], template.kept!.state["digest"]);
    await fleet.configure();
    await template.refresh();
    await repin(template, { ...BASE, image: "ubuntu-24.04" });
    await fleet.configure();
    await assert.rejects(vm.apply(approved), /image_digest was planned as/);
    const [web] = (await fleet.client("desk").snapshot("")).vms;
    assert.equal(web!.imageDigest, digest);

    const again = await settle(vm, REMADE, fleet.configure);
    assert.equal(again.answer.planned?.["image_digest"], template.kept!.state["digest"]);
  });

  test("a smaller root disk of a VM that keeps its image is made from that one", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, { ...WEB, disk_gb: 20 }, fleet.configure);
    const { image_digest: digest } = vm.kept!.state;
    await fleet.configure();
    await template.refresh();
    await repin(template, NEWER);
    await fleet.configure();
    await vm.refresh();
    const plan = await settle(vm, { ...WEB, disk_gb: 10 }, fleet.configure);
    assert.deepEqual([plan.answer.planned?.["image_digest"], vm.kept!.state["image_digest"]], [UNKNOWN, digest]);
  });

  test("a root disk that may turn out to stay as it is, keeps its image", async () => {
    const { fleet, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, { ...WEB, disk_gb: 10 }, fleet.configure);
    const plan = await vm.plan(vm.config({ ...WEB, disk_gb: UNKNOWN, labels: { a: "b" } }));
    assert.equal(plan.answer.planned?.["image_digest"], UNKNOWN);
    assert.deepEqual(errorsOf(await vm.apply(plan, vm.config({ ...WEB, disk_gb: 10, labels: { a: "b" } }))), []);
  });

  test("a VM that is to be made is not made from the other image", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await fleet.configure();
    const approved = await vm.plan(vm.config(WEB));
    assert.equal(approved.answer.planned?.["image_digest"], template.kept!.state["digest"]);
    await repin(template, NEWER);
    await fleet.configure();
    await assert.rejects(vm.apply(approved), /image_digest was planned as/);
    assert.deepEqual((await fleet.client("desk").snapshot("")).vms, []);
  });
});

suite("a template whose image is not known yet", () => {
  test("is there for a new VM, and makes the worst of one that follows it", async () => {
    await using fleet = await startFleet("desk");
    const [template, vm] = [fleet.core("ghost_template"), fleet.core()];
    const later = await template.plan(template.config({ ...BASE, image: UNKNOWN }));
    const made = await vm.plan(vm.config(REMADE));
    assert.deepEqual(errorsOf(made.diagnostics), []);
    await fleet.configure();
    assert.deepEqual(errorsOf(await template.apply(later, template.config(BASE))), []);
    assert.deepEqual(errorsOf(await vm.apply(made)), []);

    await fleet.configure();
    await Promise.all([template.refresh(), vm.refresh()]);
    await template.plan(template.config({ ...BASE, image: UNKNOWN }));
    const follows = await vm.plan(vm.config(REMADE));
    assert.deepEqual(told(follows.diagnostics), ['warning VM "web": image, data-loss image']);
    assert.equal(follows.answer.planned?.["image_digest"], UNKNOWN);
  });
});

suite("a template that is gone while a VM uses it", () => {
  test("is missed where the root disk would be made anew, and not announced as a lost image", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, REMADE, fleet.configure);
    assert.deepEqual(errorsOf(await template.apply(await template.plan(null))), []);
    await fleet.configure();
    await vm.refresh();
    const plan = await vm.plan(vm.config(REMADE));
    assert.deepEqual(told(plan.diagnostics), ["error SPEC_UNKNOWN_REFERENCE template"]);
    assert.match(plan.diagnostics[0]!.detail, /There is no template "base" on agent "desk"\./);
  });

  test("is no matter for a VM that keeps its image, unless it is to get another template", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await settle(vm, WEB, fleet.configure);
    assert.deepEqual(errorsOf(await template.apply(await template.plan(null))), []);
    await fleet.configure();
    await vm.refresh();
    assert.deepEqual(errorsOf((await vm.plan(vm.config({ ...WEB, labels: { a: "b" } }))).diagnostics), []);
    const other = await vm.plan(vm.config({ ...WEB, template: "bsae" }));
    assert.deepEqual(told(errorsOf(other.diagnostics)), ["error SPEC_UNKNOWN_REFERENCE template"]);
  });
});

suite("what a VM is made from is known before", () => {
  test("where its template is there and stays as it is", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    await fleet.configure();
    await template.refresh();
    await template.plan(template.config(BASE));
    const plan = await settle(vm, WEB, fleet.configure);
    assert.equal(plan.answer.planned?.["image_digest"], template.kept!.state["digest"]);
    assert.equal(vm.kept!.state["image_digest"], template.kept!.state["digest"]);
  });

  test("not where the template is replaced to be fetched and pinned anew", async () => {
    const { fleet, template, vm } = await withTemplate();
    await using _fleet = fleet;
    template.kept = { ...template.kept!, tainted: true };
    await fleet.configure();
    await template.refresh();
    const successor = await template.plan(template.config(BASE));
    const plan = await vm.plan(vm.config(WEB));
    assert.equal(plan.answer.planned?.["image_digest"], UNKNOWN);
    template.kept = { ...template.kept, tainted: false };
    await fleet.configure();
    assert.deepEqual(await template.apply(await template.plan(null)), []);
    assert.deepEqual(await template.apply(successor), []);
    assert.deepEqual(errorsOf(await vm.apply(plan)), []);
  });

  for (const [name, config] of [
    ["not where the same plan gives it another image", WEB],
    ["not where the VM has an image of its own", { ...WEB, image: "debian-13" }],
  ] as const) {
    test(name, async () => {
      const { fleet, template, vm } = await withTemplate();
      await using _fleet = fleet;
      await fleet.configure();
      await template.refresh();
      const newer = await template.plan(template.config(NEWER));
      const plan = await vm.plan(vm.config(config));
      assert.equal(plan.answer.planned?.["image_digest"], UNKNOWN);
      assert.deepEqual(errorsOf(await template.apply(newer)), []);
      assert.deepEqual(errorsOf(await vm.apply(plan)), []);
    });
  }
});
