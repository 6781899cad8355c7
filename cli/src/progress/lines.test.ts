import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planOf, step } from "../testing/sample-plan.ts";
import { createProgressLines } from "./lines.ts";
import { ApplyState } from "./state.ts";
import { formatBytes, progressSentence } from "./words.ts";

const WEB = "desk/vm/web";

function web(): { state: ApplyState; lines: ReturnType<typeof createProgressLines> } {
  const state = new ApplyState(planOf([step({ action: "create", name: "web", reason: "new" })]), 0);
  return { state, lines: createProgressLines(state) };
}

suite("progress in plain lines", () => {
  test("a quick step says only that it is done", () => {
    const { lines } = web();
    assert.equal(lines.update({ kind: "started", id: WEB, atMs: 0 }), undefined);
    assert.equal(lines.update({ kind: "progress", id: WEB, phase: "image", bytesDone: 0, bytesTotal: 0, atMs: 10 }), undefined);
    assert.equal(lines.update({ kind: "progress", id: WEB, phase: "disk", bytesDone: 0, bytesTotal: 0, atMs: 20 }), undefined);
    assert.equal(lines.update({ kind: "ended", id: WEB, outcome: "done", diagnostics: [], atMs: 30 }), "✓ desk vm web: created in 0.0 s\n");
  });

  test("a thousand progress events of one phase give a line every ten seconds", () => {
    const { lines } = web();
    lines.update({ kind: "started", id: WEB, atMs: 0 });
    const told = Array.from({ length: 1000 }, (_, index) =>
      lines.update({ kind: "progress", id: WEB, phase: "image", bytesDone: index, bytesTotal: 1000, atMs: index * 40 }),
    ).filter((line) => line !== undefined);
    assert.deepEqual(told, [
      "… desk vm web: creating: image, 25 of 1000 B (2%), 1.0 s\n",
      "… desk vm web: creating: image, 275 of 1000 B (27%), 11 s\n",
      "… desk vm web: creating: image, 525 of 1000 B (52%), 21 s\n",
      "… desk vm web: creating: image, 775 of 1000 B (77%), 31 s\n",
    ]);
  });

  test("a step that says nothing is named by the timer", () => {
    const { lines } = web();
    lines.update({ kind: "started", id: WEB, atMs: 0 });
    assert.deepEqual(lines.tick(9_999), []);
    assert.deepEqual(lines.tick(10_000), ["… desk vm web: creating, 10 s\n"]);
    assert.deepEqual(lines.tick(10_001), []);
  });

  test("what comes after the end, or is of no step, changes nothing", () => {
    const { state, lines } = web();
    lines.update({ kind: "ended", id: WEB, outcome: "failed", diagnostics: [], atMs: 5 });
    assert.equal(lines.update({ kind: "ended", id: WEB, outcome: "done", diagnostics: [], atMs: 6 }), undefined);
    assert.equal(lines.update({ kind: "started", id: "desk/vm/other", atMs: 6 }), undefined);
    assert.equal(progressSentence(state, 61_000), "0 of 1 step done, 1 failed, 1 min 01 s");
  });
});

test("formatBytes takes the unit of the whole", () => {
  assert.equal(formatBytes(0, 1), "0 of 1 B (0%)");
  assert.equal(formatBytes(512 * 1024, 1024 ** 2), "0.5 of 1.0 MiB (50%)");
  assert.equal(formatBytes(3 * 1024 ** 3, 2 * 1024 ** 3), "3.0 of 2.0 GiB (100%)");
});
