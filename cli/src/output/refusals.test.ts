import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic } from "@ghost/schemas";
import { groupRefusals } from "./refusals.ts";

const exceeded = (name: string, impact: string): Diagnostic => ({
  code: "IMPACT_EXCEEDED",
  severity: "error",
  detail: `delete of VM "${name}" has impact ${impact}.`,
  hint: `Review the plan and allow it with --max-impact ${impact}.`,
});
const destroyed: Diagnostic = {
  code: "DESTROY_EXCEEDED",
  severity: "error",
  detail: "The plan destroys disks of 4 VMs.",
  hint: "Review the plan and allow it with --max-destroy 4.",
};
const own: Diagnostic = {
  code: "IMPACT_EXCEEDED",
  severity: "error",
  detail: "disruption.allow of the VM is live.",
  hint: "Set disruption: { allow: restart } on the VM and apply.",
};

suite("groupRefusals", () => {
  test("four steps are one problem, with all the options that are needed", () => {
    const steps = ["a", "b", "c"].map((name) => exceeded(name, "data-loss"));
    const grouped = groupRefusals([exceeded("z", "restart"), own, ...steps, destroyed]);
    const hint = "Review the plan and allow it with --max-impact data-loss --max-destroy 4.";
    assert.deepEqual(grouped, [
      { ...exceeded("z", "restart"), detail: 'delete of VM "z" has impact restart. The same limit refuses 3 more steps.', hint },
      own,
      { ...destroyed, hint },
    ]);
  });

  test("three are told one by one", () => {
    const steps = ["a", "b", "c"].map((name) => exceeded(name, "restart"));
    assert.deepEqual(groupRefusals(steps), steps);
  });

  test("what no option allows stays as it is", () => assert.deepEqual(groupRefusals([own, own, own, own]), [own, own, own, own]));
});
