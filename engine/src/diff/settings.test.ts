import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AgentSettings } from "@ghost/schemas";
import { diffSettings } from "./settings.ts";

suite("diffSettings", () => {
  const live: AgentSettings = { labels: { room: "office", rack: "1" }, reserved_vcpu: 2, schedulable: true };
  const cases: { name: string; desired: AgentSettings; want: string[] }[] = [
    { name: "nothing set leaves everything", desired: {}, want: [] },
    { name: "the same is no change", desired: { schedulable: true, labels: { rack: "1", room: "office" } }, want: [] },
    { name: "no labels leaves the labels", desired: { labels: {} }, want: [] },
    {
      name: "labels are a whole",
      desired: { labels: { room: "attic", floor: "2" } },
      want: ["add labels.floor", "remove labels.rack", "update labels.room"],
    },
    {
      name: "a value is added or changed",
      desired: { reserved_vcpu: 4, reserved_ram_gb: 8 },
      want: ["add reserved_ram_gb", "update reserved_vcpu"],
    },
  ];
  for (const { name, desired, want } of cases) {
    test(name, () =>
      assert.deepEqual(
        diffSettings(desired, live).map((change) => `${change.op} ${change.path.join(".")}`),
        want,
      ),
    );
  }
});
