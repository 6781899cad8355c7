import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Change, PlanStep } from "@ghost/schemas";
import { impactWarnings } from "./vm-warnings.ts";

function warning(change: Partial<Change> & Pick<Change, "path">): string {
  const step = {
    id: "desk/vm/web",
    agent: "desk",
    body: { action: "update", name: "web", vm: { stop_timeout_s: 30 } },
    reason: "it changes",
    impact: "data-loss",
    depends_on: [],
    changes: [{ op: "update", cause: "spec", impact: "data-loss", reason: "it is so", ...change }],
  } as unknown as Omit<PlanStep, "hash">;
  return impactWarnings(step)[0]?.detail ?? "";
}

suite("a warning of what is felt", () => {
  const cases: readonly (Partial<Change> & Pick<Change, "path"> & { readonly says: string })[] = [
    { path: ["ram_gb"], before: 4, after: 8, says: "ram_gb (4 → 8): " },
    { path: ["firmware"], before: "bios", after: "uefi", says: "firmware (bios → uefi): " },
    { path: ["disks", "data"], before: { size_gb: 5 }, op: "remove", says: "disks.data (removed): " },
    { path: ["vcpu"], before: 2, unknown: true, says: "vcpu (2 → known after apply): " },
    // A person may have these marked as sensitive.
    { path: ["image_url"], before: "https://me:one@h/a", after: "https://me:two@h/a", says: "image_url (changed): " },
    { path: ["networks", "lan", "bridge"], before: "br0", after: "br1", says: "networks.lan.bridge (changed): " },
    { path: ["cloud_init", "user_data"], before: "one", after: "two", says: "cloud_init.user_data (changed): " },
    { path: ["cloud_init", "password"], before: { version: 1 }, after: { version: 2 }, sensitive: true, says: "password (a secret): " },
  ];
  for (const { says, ...change } of cases) {
    test(`${change.path.join(".")} reads "${says.trim()}"`, () => assert.ok(warning(change).includes(says), warning(change)));
  }
});
