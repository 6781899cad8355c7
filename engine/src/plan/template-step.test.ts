import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AgentTemplateConfig, DiagnosticCode, ObservedTemplate, StepAction } from "@ghost/schemas";
import { templateRevision } from "../diff/diff-template.ts";
import { planTemplate } from "./template-step.ts";
import type { TemplatePlanInput } from "./template-step.ts";

const OWNER = "terraform:shop";
const SHA = "a".repeat(64);

function template(more: Partial<ObservedTemplate> = {}): ObservedTemplate {
  const made = {
    uid: "u1",
    name: "base",
    owner: OWNER,
    config: { name: "base", image: "debian-12" },
    digest: "sha256:1",
    sizeBytes: 7,
    phase: "ready" as const,
    ...more,
  };
  return { ...made, revision: templateRevision(made) };
}

function plan(more: Partial<TemplatePlanInput>): ReturnType<typeof planTemplate> {
  return planTemplate({ agent: "desk", agentId: "a1", owner: OWNER, adopt: false, newUid: () => "new", ...more });
}

const WANTED: AgentTemplateConfig = { name: "base", image: "debian-12" };
const OTHER: AgentTemplateConfig = { name: "base", image: "debian-13" };

suite("planTemplate", () => {
  const steps: { name: string; input: Partial<TemplatePlanInput>; want: [StepAction, string, string[]] | undefined; previous?: string }[] =
    [
      { name: "makes what is not there", input: { desired: WANTED }, want: ["create", "new", []] },
      { name: "nothing when it is so", input: { desired: WANTED, existing: template() }, want: undefined },
      { name: "nothing of another's that is so", input: { desired: WANTED, existing: template({ owner: "spec:x" }) }, want: undefined },
      { name: "nothing of what is not there when it is to go", input: {}, want: undefined },
      {
        name: "another image is an update",
        input: { desired: { ...WANTED, image: "debian-13" }, existing: template() },
        want: ["update", "u1", ["image"]],
      },
      {
        name: "another source is an update",
        input: { desired: { name: "base", image_path: "/x" }, existing: template() },
        want: ["update", "u1", ["image", "image_path"]],
      },
      {
        name: "another name is a rename",
        input: { desired: { ...WANTED, name: "web" }, existing: template() },
        want: ["update", "u1", ["name"]],
        previous: "base",
      },
      { name: "goes when it is not wanted", input: { existing: template() }, want: ["delete", "u1", []] },
      { name: "is let go when it is to be kept", input: { existing: template(), retain: true }, want: ["release", "u1", []] },
      {
        name: "is taken over from another",
        input: { desired: WANTED, existing: template({ owner: "spec:x" }), adopt: true },
        want: ["adopt", "u1", []],
      },
      {
        name: "is taken over from nobody",
        input: { desired: WANTED, existing: template({ owner: "" }), adopt: true },
        want: ["adopt", "u1", []],
      },
      {
        name: "is made to its end",
        input: { desired: WANTED, existing: template({ phase: "creating", digest: "" }) },
        want: ["create", "u1", []],
      },
    ];
  for (const { name, input, want, previous } of steps) {
    test(name, () => {
      const { step, diagnostics } = plan(input);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(step && [step.body.action, step.body.uid, step.changes.map(({ path }) => path.join("."))], want);
      if (step === undefined) return;
      const { body } = step;
      assert.deepEqual(
        [body.kind, body.agent_id, body.impact, step.impact, body.previous_name],
        ["template", "a1", "none", "none", previous],
      );
      assert.deepEqual(body.template, input.desired);
      assert.equal(body.revision, body.action === "create" ? "" : input.existing?.revision);
      assert.equal(step.projection === undefined, body.action === "create");
    });
  }

  const refused: { name: string; input: Partial<TemplatePlanInput>; code: DiagnosticCode; detail: RegExp; path: string[] }[] = [
    {
      name: "another's",
      input: { desired: OTHER, existing: template({ owner: "spec:x", createdAt: new Date("2026-01-02") }) },
      code: "OWNED_BY_OTHER",
      detail: /"base" on agent "desk" belongs to spec:x since 2026-01-02/,
      path: ["templates", "base"],
    },
    {
      name: "nobody's",
      input: { desired: OTHER, existing: template({ owner: "" }) },
      code: "OWNED_BY_OTHER",
      detail: /belongs to nobody/,
      path: ["templates", "base"],
    },
    {
      name: "the deletion of another's",
      input: { existing: template({ owner: "spec:x" }), adopt: true },
      code: "OWNED_BY_OTHER",
      detail: /spec:x/,
      path: ["templates", "base"],
    },
    { name: "no image", input: { desired: { name: "base" } }, code: "TEMPLATE_INVALID", detail: /no image/, path: ["image"] },
    {
      name: "two images",
      input: { desired: { ...WANTED, image_path: "/x" } },
      code: "TEMPLATE_INVALID",
      detail: /image and image_path/,
      path: ["image_path"],
    },
    {
      name: "an address without a digest",
      input: { desired: { name: "base", image_url: "https://x/y" } },
      code: "TEMPLATE_INVALID",
      detail: /image_url needs image_sha256/,
      path: ["image_url"],
    },
    {
      name: "a digest for the catalogue",
      input: { desired: { ...WANTED, image_sha256: SHA } },
      code: "TEMPLATE_INVALID",
      detail: /catalogue has its own/,
      path: ["image_sha256"],
    },
  ];
  for (const { name, input, code, detail, path } of refused) {
    test(`refuses ${name}`, () => {
      const { step, diagnostics } = plan(input);
      assert.equal(step, undefined);
      assert.deepEqual(
        diagnostics.map((one) => [one.code, one.path]),
        [[code, path]],
      );
      assert.match(diagnostics[0]!.detail, detail);
    });
  }

  test("the revision follows owner, name, source and digest, and nothing else", () => {
    const { revision } = template();
    assert.equal(template({ sizeBytes: 8, appliedAt: new Date(), phase: "creating" }).revision, revision);
    for (const more of [
      { owner: "" },
      { name: "x" },
      { uid: "u2" },
      { digest: "sha256:2" },
      { config: { name: "base", image: "debian-13" } },
    ])
      assert.notEqual(template(more).revision, revision);
  });
});
