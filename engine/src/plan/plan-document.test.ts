/** One plan with a bit of everything: what people approve, programs read and agents check must not change unseen. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic, PlanDocument, PlanStep } from "@ghost/schemas";
import { validatePlan } from "@ghost/schemas/validators";
import { golden } from "../../../test/support/golden.ts";
import { aLiveVm, anAgent, anAnswer, aSet, aSpec, aVm, planOptions } from "../testdata/fixtures.ts";
import { bindPlan } from "./bind-plan.ts";
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
    aVm("mail", { firmware: "uefi" }, { agent: "loft", adopt: true }),
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

const APPLIED_AT = new Date("2026-01-02T04:00:00Z");

function ofSteps(change: (step: PlanStep) => PlanStep): (plan: PlanDocument) => PlanDocument {
  return (made) => ({ ...made, steps: made.steps.map(change) });
}

function codesOf(made: PlanDocument): string[] {
  return checkPlan(made, APPLIED_AT).map(({ code }) => code);
}

suite("a plan with a bit of everything", () => {
  test("is what it was", (t) => golden(t, import.meta.url, "plan.json", `${JSON.stringify(plan, undefined, 2)}\n`));
  test("fits the published schema", () => assert.ok(validatePlan(plan), JSON.stringify(validatePlan.errors, undefined, 1)));
  test("fits what it binds", () => assert.deepEqual(checkPlan(plan, APPLIED_AT), []));
  test("fits what it binds when it was written and read", () =>
    assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan)) as PlanDocument, APPLIED_AT), []));

  /** Plans whose steps are as they were, and which would be carried out in another way, or seem to be something else. */
  const forged: { name: string; forge: (plan: PlanDocument) => PlanDocument }[] = [
    {
      name: "where a secret comes from",
      forge: ofSteps((step) => ({ ...step, ...(step.secrets && { secrets: { "cloud_init.password": "file:/etc/shadow" } }) })),
    },
    { name: "what a step waits for", forge: ofSteps((step) => ({ ...step, depends_on: [] })) },
    { name: "what a step is said to do", forge: ofSteps((step) => ({ ...step, reason: "nothing at all", changes: [] })) },
    { name: "what a step was made for", forge: ofSteps((step) => ({ ...step, projection: {} })) },
    {
      name: "where an agent is",
      forge: (made) => ({ ...made, agents: made.agents.map(({ tls: _tls, ...agent }) => ({ ...agent, address: "192.0.2.66:443" })) }),
    },
    { name: "the stack's record", forge: (made) => ({ ...made, set: { serial: 99, members: [], agents: [] } }) },
    { name: "what it warned of", forge: (made) => ({ ...made, diagnostics: [] }) },
    { name: "its summary", forge: (made) => ({ ...made, summary: { ...made.summary, delete: 0 } }) },
    { name: "when it was made", forge: (made) => ({ ...made, created_at: "2026-01-02T03:04:06.000Z" }) },
    { name: "its hash", forge: (made) => ({ ...made, header: { ...made.header, document_hash: "" } }) },
  ];
  for (const { name, forge } of forged) {
    test(`is refused with another of ${name}`, () => {
      assert.notDeepEqual(forge(plan), plan);
      assert.deepEqual(codesOf(forge(plan)), ["PLAN_MISMATCH"]);
    });
  }

  test("is refused when a secret is to be written where everybody can read it", () => {
    const leaky = ofSteps((step) => ({ ...step, ...(step.secrets && { secrets: { ...step.secrets, "labels.role": "env:PW" } }) }))(plan);
    const [refusal] = checkPlan(bindPlan(leaky.header, leaky), APPLIED_AT);
    assert.match(refusal?.detail ?? "", /labels\.role.*no secret/);
  });

  test("is refused without the errors that it was made with", () => {
    const error: Diagnostic = { code: "DESTROY_EXCEEDED", severity: "error", detail: "The plan destroys disks of 2 VMs." };
    const made = bindPlan(plan.header, { ...plan, diagnostics: [...plan.diagnostics, error] });
    assert.deepEqual([codesOf(made), codesOf({ ...made, diagnostics: plan.diagnostics })], [["DESTROY_EXCEEDED"], ["PLAN_MISMATCH"]]);
  });

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
