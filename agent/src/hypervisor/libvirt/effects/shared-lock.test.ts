import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SharedLock } from "./shared-lock.ts";

suite("SharedLock", () => {
  test("who works alone waits for those who share, and they for it", async () => {
    const lock = new SharedLock();
    const log: string[] = [];
    const work = (name: string) => async (): Promise<string> => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      return name;
    };
    const all = [
      lock.shared(work("a")),
      lock.shared(work("b")),
      lock.alone(work("x")),
      lock.shared(work("c")),
      lock.alone(work("y")),
      lock.shared(async () => Promise.reject(new Error("no"))).catch(() => "d"),
    ];
    assert.deepEqual(await Promise.all(all), ["a", "b", "x", "c", "y", "d"]);
    assert.deepEqual(log.slice(0, 6), ["a begins", "b begins", "a ends", "b ends", "x begins", "x ends"]);
    for (const name of ["x", "y"]) assert.equal(log.indexOf(`${name} ends`), log.indexOf(`${name} begins`) + 1);
  });
});
