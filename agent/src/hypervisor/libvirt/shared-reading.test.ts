import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { SharedReading } from "./shared-reading.ts";

/** Readings that end when they are told to; each gives its number. */
function bench(): { readonly shared: SharedReading<number>; readonly begun: PromiseWithResolvers<void>[] } {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedReading(async () => {
    const reading = Promise.withResolvers<void>();
    const number = begun.push(reading);
    await reading.promise;
    return number;
  });
  return { shared, begun };
}

suite("SharedReading", () => {
  test("any number who ask while one is made share the next", async () => {
    const { shared, begun } = bench();
    const asked = Array.from({ length: 20 }, () => shared.get());
    assert.equal(begun.length, 1);
    begun[0]!.resolve();
    assert.equal(await asked[0], 1);
    assert.equal(begun.length, 2);
    const late = shared.get();
    begun[1]!.resolve();
    assert.deepEqual(await Promise.all(asked), [1, ...Array.from({ length: 19 }, () => 2)]);
    begun[2]!.resolve();
    assert.equal(await late, 3);
    const alone = shared.get();
    begun[3]!.resolve();
    assert.equal(await alone, 4);
  });

  test("one that fails fails for those who wait, and the next who asks has a new one", async () => {
    const { shared, begun } = bench();
    const asked = [shared.get(), shared.get()];
    begun[0]!.reject(new Error("no answer"));
    for (const each of asked) await assert.rejects(each, /no answer/);
    const again = shared.get();
    begun[1]!.resolve();
    assert.equal(await again, 2);
  });

  test("law: what is read is at least as new as the question, and one reading is made at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ turns: fc.nat(4), fails: fc.boolean() }), { maxLength: 30 }), async (asks) => {
        let [clock, running] = [0, 0];
        const shared = new SharedReading(async () => {
          assert.equal((running += 1), 1);
          const began = clock;
          const { turns, fails } = asks[clock % asks.length]!;
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          running -= 1;
          if (fails) throw new Error("failed");
          return began;
        });
        await Promise.all(
          asks.map(async ({ turns }) => {
            for (let turn = 0; turn < turns; turn++) await Promise.resolve();
            const asked = (clock += 1);
            const began = await shared.get().catch(() => Infinity);
            assert.ok(began >= asked);
          }),
        );
      }),
    );
  });
});
