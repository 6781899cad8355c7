import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "./settle.ts";
import { openBench } from "./testdata/workshop.ts";

test("a machine that cannot be read keeps the disks that it has on record", async (t) => {
  const bench = openBench(t);
  const { hypervisor, store } = bench;
  const { uid, diskIds } = await bench.create({ name: "web", disks: { data: { size_gb: 1 } } });
  const [record, domain] = [store.vms.get(uid), await hypervisor.find(uid)];
  assert.ok(record !== undefined && domain !== undefined);
  const unreadable = { ...domain, status: "error" as const, stored: { ...domain.stored, disks: {} } };
  const admission = { admit: async () => await Promise.reject(new Error("nothing is to be made")) };
  await settle({ hypervisor, store, admission, now: () => new Date() }, record, unreadable);
  assert.deepEqual(store.vms.get(uid)?.diskIds, diskIds);
});
