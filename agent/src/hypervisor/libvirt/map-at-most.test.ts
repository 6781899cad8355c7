import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { mapAtMost } from "./map-at-most.ts";

suite("mapAtMost", () => {
  test("gives what comes of each, in their order, with no more under way than it may have", async () => {
    let running = 0;
    let most = 0;
    const doubled = await mapAtMost(3, [5, 0, 4, 1, 3, 2, 0], async (item) => {
      most = Math.max(most, (running += 1));
      for (let turn = 0; turn < item; turn += 1) await setImmediate();
      running -= 1;
      return item * 2;
    });
    assert.deepEqual(doubled, [10, 0, 8, 2, 6, 4, 0]);
    assert.equal(most, 3);
    assert.deepEqual(await mapAtMost(3, [], async () => 1), []);
  });

  test("begins nothing after a failure", async () => {
    const begun: number[] = [];
    await assert.rejects(
      mapAtMost(2, [0, 1, 2, 3, 4], async (item) => {
        begun.push(item);
        await setImmediate();
        if (item === 1) throw new Error("no");
        await setImmediate();
      }),
      { message: "no" },
    );
    await setImmediate();
    await setImmediate();
    assert.deepEqual(begun, [0, 1]);
  });
});
