import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseDuration, toDurationMs } from "./timeouts.ts";

suite("durations", () => {
  for (const [text, want] of [
    ["30m", 1_800_000],
    ["1h30m", 5_400_000],
    ["50ms", 50],
    ["0s", undefined],
    ["", undefined],
    ["soon", undefined],
    ["1.5h", undefined],
    ["-1m", undefined],
    ["10000h", undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(parseDuration(text), want));
  }

  test("of an action", () => {
    assert.equal(toDurationMs({ create: "1s", update: null }, "create"), 1000);
    assert.equal(toDurationMs({ create: "1s", update: null }, "update"), undefined);
    assert.equal(toDurationMs(null, "delete"), undefined);
  });
});
