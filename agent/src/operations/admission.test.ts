import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import type { Resources } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import { Admission } from "./admission.ts";
import { openBench } from "./testdata/workshop.ts";
import type { Bench } from "./testdata/workshop.ts";

/** An admission whose lists are given when `answer` is called, and are as old as the question. */
function open(t: TestContext): Bench & { readonly admission: Admission; readonly answer: () => void; readonly asked: () => number } {
  const bench = openBench(t);
  const waiting: (() => void)[] = [];
  let asked = 0;
  const list = async (): Promise<readonly Domain[]> => {
    asked += 1;
    const domains = await bench.hypervisor.list();
    await new Promise<void>((resolve) => waiting.push(resolve));
    return domains;
  };
  const admission = new Admission({ ...bench.hypervisor, list }, bench.store, { vcpu: 0, ram_gb: 0, disk_gb: 0 });
  return { ...bench, admission, answer: () => waiting.splice(0).forEach((resolve) => resolve()), asked: () => asked };
}

const demand = (vcpu: number): Resources => ({ vcpu, ram_gb: 1, disk_gb: 1 });
const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

suite("admission", () => {
  test("those who ask at the same time ask at once, and no more are let in than fit", async (t) => {
    const { hypervisor, admission, answer, asked } = open(t);
    hypervisor.host.setResources({ vcpu: 5 });
    const all = Promise.allSettled(Array.from({ length: 20 }, (_, index) => admission.admit(`u${index}`, `vm-${index}`, demand(2))));
    await turn();
    assert.equal(asked(), 20);
    answer();
    assert.equal((await all).filter(({ status }) => status === "fulfilled").length, 2);
  });

  test("what ends while the host is asked counts for who asks, and for nobody after", async (t) => {
    const { hypervisor, admission, answer } = open(t);
    hypervisor.host.setResources({ vcpu: 5 });
    const first = admission.admit("u1", "one", demand(4));
    await turn();
    answer();
    const admitted = await first;
    const second = admission.admit("u2", "two", demand(2));
    await turn();
    admitted.release();
    const third = admission.admit("u3", "three", demand(4));
    await turn();
    answer();
    await assert.rejects(second, /HOST_OUT_OF_VCPU/);
    await third;
  });

  test("less that the same VM is let in with later frees nothing for who asks already", async (t) => {
    const { hypervisor, admission, answer } = open(t);
    hypervisor.host.setResources({ vcpu: 5 });
    const first = admission.admit("u1", "one", demand(4));
    await turn();
    answer();
    await first;
    const less = admission.admit("u1", "one", demand(2));
    const other = admission.admit("u2", "two", demand(3));
    await turn();
    answer();
    await less;
    await assert.rejects(other, /HOST_OUT_OF_VCPU/);
  });
});
