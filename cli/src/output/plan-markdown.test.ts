import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { golden } from "../../../test/support/golden.ts";
import { change, planOf, samplePlan, step } from "../testing/sample-plan.ts";
import { renderPlanMarkdown } from "./plan-markdown.ts";

suite("renderPlanMarkdown", () => {
  test("one of everything", async (t) => golden(t, import.meta.url, "plan.md", await renderPlanMarkdown(samplePlan())));

  test("what does not fit is cut from the mildest on, and counted", async () => {
    const mild = Array.from({ length: 2000 }, (_, index) =>
      step({ action: "create", name: `vm-${index}`, reason: "not on its agent yet", vm: { name: `vm-${index}`, vcpu: 1 } }),
    );
    const worst = step({ action: "delete", name: "precious", impact: "data-loss", reason: "its block left the spec" });
    const text = await renderPlanMarkdown(planOf([...mild, worst]));
    assert.ok(text.length <= 60_000, `${text.length} characters`);
    assert.ok(text.indexOf("precious") < text.indexOf("vm-0<"), "the worst comes first");
    const shown = [...text.matchAll(/<code>vm vm-\d+<\/code>/g)].length;
    assert.match(text, new RegExp(`… and ${2000 - shown} more steps that did not fit: ${2000 - shown} none\\.`));
  });

  test("one step that is too long for itself keeps its line", async () => {
    const text = await renderPlanMarkdown(
      planOf([
        step({
          action: "update",
          name: "web",
          impact: "live",
          reason: "r",
          changes: [change("cloud_init.user_data", { before: "a\n", after: "b\n".repeat(100_000) })],
        }),
      ]),
    );
    assert.ok(text.length < 60_000);
    assert.match(text, /- 🟢 <b>live<\/b> <code>vm web<\/code>/);
  });

  test("names and values are no markup", async () => {
    const steps = [
      step({
        action: "update",
        name: "a`|<img src=x>",
        impact: "live",
        reason: "@everyone [x](y) | <b>",
        changes: [
          change("cloud_init.user_data", { before: "```\nx\n", after: "```\ny\n" }),
          change("labels.x", { before: "|", after: "</details>" }),
        ],
      }),
    ];
    const text = await renderPlanMarkdown(planOf(steps));
    assert.doesNotMatch(text, /<img|@everyone|\[x\]\(y\)|(?<!\n)<\/details>/);
    assert.match(text, /\n````diff\n/);
  });

  test("many problems leave room for the plan", async () => {
    const diagnostics = Array.from(
      { length: 500 },
      (_, index) =>
        ({
          code: "CHANGE_IGNORED",
          severity: "warning",
          detail: `Something about VM "web-${index}" that takes some words to say.`.repeat(3),
        }) as const,
    );
    const text = await renderPlanMarkdown(
      planOf([step({ action: "delete", name: "precious", impact: "data-loss", reason: "gone" })], { diagnostics }),
    );
    assert.ok(text.length < 60_000);
    assert.match(text, /precious/);
    assert.match(text, /… and \d+ more problems/);
  });
});
