/** One plan with a bit of everything: what people approve, programs read and agents check must not change unseen. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { validatePlan } from "@ghost/schemas/validators";
import { golden } from "../../../test/support/golden.ts";
import { aLiveVm, anAgent, anAnswer, aSet, aSpec, aVm, planOptions } from "../testdata/fixtures.ts";
import { checkPlan } from "./check-plan.ts";
import { makePlan } from "./make-plan.ts";

const web = { image: "debian-12", vcpu: 2, vcpu_max: 4, ram_gb: 4, labels: { role: "web" } } as const;
const secret = { cloud_init: { password: { version: 1 } } } as const;

const agents = [anAgent("desk", { labels: { room: "office" }, reserved_vcpu: 2 }), anAgent("loft"), anAgent("rack")];
const spec = aSpec(
  [
    aVm("web-1", { ...web, vcpu: 4 }, { key: "web", index: 1, dependsOn: ["db"] }),
    aVm("web-2", web, { key: "web", index: 2, dependsOn: ["db"] }),
    aVm("db", { ram_gb: 8, disks: { data: { size_gb: 100 } }, ...secret }, { secrets: { "cloud_init.password": "env:DB_PASSWORD" } }),
    aVm("cache", { networks: { lan: { bridge: "br0" } }, disks: { swap: { size_gb: 2 } } }),
    aVm("mail", { firmware: "bios" }, { agent: "loft", adopt: true }),
    aVm("wiki", { power: "stopped" }, { agent: "loft", previousNames: ["notes"] }),
    aVm("backup", {}, { agent: "rack" }),
    aVm("same"),
  ],
  agents,
);
const set = aSet(["desk/web-1", "desk/web-2", "desk/old", "loft/notes", "rack/backup", "desk/same"], [], 7);
const drifted = aLiveVm("web-2", web);
const desk = anAnswer(
  "desk",
  [
    aLiveVm("web-1", web),
    { ...drifted, live: { ...drifted.live, ram_gb: 2 } },
    aLiveVm("old", { on_remove: "delete" }),
    aLiveVm("cache", { disks: { data: { size_gb: 1 } } }, { pending: { vcpu: 8 } }),
    aLiveVm("same", { image: "debian-12" }, { imageDigest: "sha256:old" }),
    aLiveVm("stranger", {}, { owner: "" }),
  ],
  { set, host: { images: [{ name: "debian-12", digest: "sha256:new", cached: true, sizeBytes: 1 }] } },
);
const loft = anAnswer(
  "loft",
  [
    aLiveVm("mail", { machine: "pc" }, { owner: "agent", applied: {}, defaults: {} }),
    aLiveVm("notes"),
    aLiveVm("gone", { on_remove: "retain" }),
  ],
  { set },
);

const plan = makePlan({
  desired: { ...spec, vms: spec.vms.map((vm) => (vm.name === "same" ? { ...vm, config: { ...vm.config, image: "debian-12" } } : vm)) },
  observations: [
    { agent: agents[0]!, observation: desk },
    { agent: agents[1]!, observation: loft },
    {
      agent: agents[2]!,
      problem: { code: "AGENT_TIMEOUT", severity: "error", detail: 'Agent "rack" did not answer within 10 s.', agent: "rack" },
    },
  ],
  options: planOptions({ partial: true, gitCommit: "0123abcd" }),
});

suite("a plan with a bit of everything", () => {
  test("is what it was", (t) => golden(t, import.meta.url, "plan.json", `${JSON.stringify(plan, undefined, 2)}\n`));
  test("fits the published schema", () => assert.ok(validatePlan(plan), JSON.stringify(validatePlan.errors, undefined, 1)));
  test("fits what it binds", () => assert.deepEqual(checkPlan(plan, new Date("2026-01-02T04:00:00Z")), []));
  test("has every action and more than half of the impacts", () => {
    assert.deepEqual(new Set(plan.steps.map(({ body }) => body.action)).size, 6);
    assert.deepEqual([...new Set(plan.steps.flatMap(({ changes }) => changes.map(({ impact }) => impact)))].sort(), [
      "data-loss",
      "live",
      "none",
      "replace",
      "restart",
      "stop",
    ]);
  });
});
