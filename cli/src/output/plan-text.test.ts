import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { golden } from "../../../test/support/golden.ts";
import { change, planOf, samplePlan, step } from "../testing/sample-plan.ts";
import { renderPlanText } from "./plan-text.ts";
import { makeStyle } from "./style.ts";
import { textWidth } from "./width.ts";

const style = makeStyle(false);

suite("renderPlanText", () => {
  for (const columns of [undefined, 100, 40]) {
    test(`one of everything, ${columns ?? "no"} columns`, async (t) =>
      golden(t, import.meta.url, `plan-${columns ?? "plain"}.txt`, await renderPlanText(samplePlan(), { style, columns })));
  }

  test("no line is wider than the terminal", async () => {
    const text = await renderPlanText(samplePlan(), { style, columns: 60 });
    for (const line of text.split("\n")) assert.ok(textWidth(line) <= 60, line);
  });

  test("no changes is one line", async () => {
    assert.equal(await renderPlanText(planOf([]), { style, columns: 80 }), "No changes: 7 objects of stack shop as the spec says.\n");
  });

  test("a new VM shows what it will have where the plan lists no changes", async () => {
    const text = await renderPlanText(
      planOf([step({ action: "create", name: "web", reason: "new", vm: { name: "web", vcpu: 2, ram_gb: 4 } })]),
      { style, columns: undefined },
    );
    assert.match(text, /\n {6}vcpu {4}2\n {6}ram_gb {2}4 GiB\n/);
  });

  test("long text that is taken away is shown with minus signs, and cut", async () => {
    const before = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n");
    const steps = [
      step({ action: "update", name: "web", reason: "r", changes: [change("cloud_init.user_data", { op: "remove", before })] }),
    ];
    const text = await renderPlanText(planOf(steps), { style, columns: undefined });
    assert.match(text, /text of 30 lines → unset/);
    assert.match(text, /- line 19\n {8}… 10 more lines\n/);
  });

  test("a thousand creations stay quick", { timeout: 20_000 }, async () => {
    const steps = Array.from({ length: 1000 }, (_, index) =>
      step({
        action: "create",
        name: `vm-${index}`,
        reason: "new",
        vm: { name: `vm-${index}`, vcpu: 1, ram_gb: 1, disk_gb: 4, image: "debian-12" },
      }),
    );
    assert.equal((await renderPlanText(planOf(steps), { style, columns: 100 })).split("\n").length, 5 + 5 * 1000 + 2);
  });
});
