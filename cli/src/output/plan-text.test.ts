import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { golden } from "../../../test/support/golden.ts";
import { change, planOf, samplePlan, step } from "../testing/sample-plan.ts";
import { showNames } from "./plan-model.ts";
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

  test("of a reason with several lines, the first", async () => {
    const unknown = [{ agent: "attic", kind: "vm", name: "db", uid: "", reason: "It did not start.\nIt said:\nno" }] as const;
    const text = await renderPlanText({ ...samplePlan(), unknown }, { style, columns: undefined });
    assert.match(text, /\? vm db {2}unknown {2}It did not start\.\n/);
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

  test("what runs and what the next boot would bring are told apart", async () => {
    const stored = change("vcpu", { before: 2, after: 1, last_applied: 1, cause: "drift", pending: true, reason: "r" });
    const gone = change("disks.data", { op: "remove", before: { size_gb: 2 }, cause: "drift", pending: true, reason: "r" });
    const text = await renderPlanText(planOf([step({ action: "update", name: "web", reason: "", changes: [stored, gone] })]), {
      style,
      columns: undefined,
    });
    assert.match(text, /vcpu +none +live 1 · next boot 2 → 1/);
    assert.match(text, /disks\.data +none +live unset · next boot .*2 GiB.* → unset/);
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

  test("creations that say the same are told once", { timeout: 20_000 }, async () => {
    const vm = { vcpu: 1, ram_gb: 1, disk_gb: 4, image: "debian-12" };
    const steps = Array.from({ length: 1000 }, (_, index) =>
      step({
        action: "create",
        name: `web-${index + 1}`,
        reason: "new",
        vm: { ...vm, name: `web-${index + 1}`, ...(index === 6 && { vcpu: 2 }) },
      }),
    );
    const text = await renderPlanText(planOf(steps), { style, columns: undefined });
    assert.match(text, /\n {2}\+ 999 vms web-1 to web-6, web-8 to web-1000 {2}create {2}new\n/);
    assert.match(text, /\n {2}\+ vm web-7 {2}create {2}new\n/);
    assert.equal(text.split("\n").length, 5 + 2 * 5 + 2);
  });
});

suite("showNames", () => {
  const cases: readonly (readonly [names: readonly string[], want: string])[] = [
    [["web"], "web"],
    [["web-1", "web-10", "web-2", "web-3"], "web-1 to web-3, web-10"],
    [["web-1", "web-2"], "web-1, web-2"],
    [["a-1", "b-2", "b-3", "b-4"], "a-1, b-2 to b-4"],
    [["web-01", "web-02", "web-03"], "web-01, web-02, web-03"],
    [["db", "db"], "db, db"],
  ];
  for (const [names, want] of cases) test(names.join(" "), () => assert.equal(showNames(names), want));
});
