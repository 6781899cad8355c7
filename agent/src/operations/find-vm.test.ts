import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { requireVm } from "./find-vm.ts";
import { openBench } from "./testdata/workshop.ts";

const NO_LIST = { call: "list", error: "too many", times: Infinity } as const;

suite("a VM by its id or name, without a list", () => {
  test("one on record, also under the name that somebody gave it", async (t) => {
    const bench = openBench(t);
    const { uid } = await bench.create({ name: "web" });
    bench.hypervisor.host.addFault(NO_LIST);
    bench.hypervisor.host.setDomain("web", { name: "shop" });
    for (const asked of [uid, "web", "shop"]) {
      const vm = await requireVm(bench, asked);
      assert.deepEqual([vm.uid, vm.name, vm.live.name], [uid, "web", "shop"]);
    }
  });

  test("nobody's", async (t) => {
    const bench = openBench(t);
    bench.hypervisor.host.addFault(NO_LIST);
    const uid = bench.hypervisor.host.addForeignDomain({ name: "theirs" });
    for (const asked of [uid, "theirs"]) assert.deepEqual((await requireVm(bench, asked)).uid, uid);
  });

  test("none, or one that is still being made", async (t) => {
    const bench = openBench(t);
    const { uid } = await bench.create({ name: "web" });
    await bench.store.write({ vm: { ...bench.store.vms.get(uid)!, phase: "creating" } });
    bench.hypervisor.host.addFault(NO_LIST);
    for (const asked of [uid, "web", "other"]) await assert.rejects(requireVm(bench, asked), /VM_NOT_FOUND/);
    await assert.rejects(requireVm(bench, ""), /VM_INVALID/);
  });
});
