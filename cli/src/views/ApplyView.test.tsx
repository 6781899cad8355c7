import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { renderToString } from "ink";
import { golden } from "../../../test/support/golden.ts";
import { ApplyState } from "../progress/state.ts";
import type { StepUpdate } from "../progress/state.ts";
import { samplePlan, planOf, step } from "../testing/sample-plan.ts";
import { ApplyView } from "./ApplyView.tsx";

const GIB = 1024 ** 3;

/** A recorded apply of the sample plan, up to the middle of it. */
const RECORDED: readonly StepUpdate[] = [
  { kind: "started", id: "desk/agent/desk", atMs: 0 },
  { kind: "started", id: "desk/vm/db-main", atMs: 0 },
  { kind: "started", id: "nas/vm/files", atMs: 5 },
  { kind: "ended", id: "desk/agent/desk", outcome: "done", diagnostics: [], atMs: 20 },
  { kind: "progress", id: "desk/vm/db-main", phase: "stop", bytesDone: 0, bytesTotal: 0, atMs: 30 },
  { kind: "ended", id: "nas/vm/files", outcome: "already", diagnostics: [], atMs: 40 },
  { kind: "started", id: "nas/vm/cache", atMs: 41 },
  {
    kind: "ended",
    id: "nas/vm/cache",
    outcome: "failed",
    diagnostics: [{ code: "HOST_ERROR", severity: "error", detail: "It broke." }],
    atMs: 3_041,
  },
  { kind: "started", id: "desk/vm/web-2", atMs: 3_050 },
  { kind: "progress", id: "desk/vm/web-2", phase: "image", bytesDone: 1.2 * GIB, bytesTotal: 2 * GIB, atMs: 60_000 },
];

function frame(updates: readonly StepUpdate[], { columns = 80, rows = 24, stopping = false, nowMs = 65_000 } = {}): string {
  const state = new ApplyState(samplePlan(), 0);
  for (const update of updates) state.update(update);
  state.stopping = stopping;
  return `${renderToString(<ApplyView state={state} now={() => nowMs} rows={rows} intervalMs={0} />, { columns })}\n`;
}

suite("ApplyView", () => {
  test("in the middle of an apply", (t) => golden(t, import.meta.url, "apply-middle.txt", frame(RECORDED)));
  test("on a narrow terminal", (t) => golden(t, import.meta.url, "apply-narrow.txt", frame(RECORDED, { columns: 40 })));
  test("after Ctrl-C", (t) => golden(t, import.meta.url, "apply-stopping.txt", frame(RECORDED, { stopping: true })));
  test("before the first event", (t) => golden(t, import.meta.url, "apply-start.txt", frame([], { nowMs: 0 })));

  test("the live part never takes more rows than the terminal has", () => {
    const steps = Array.from({ length: 400 }, (_, index) =>
      step({ agent: `host-${index % 20}`, action: "create", name: `vm-${index}`, reason: "new" }),
    );
    const agents = Array.from({ length: 20 }, (_, index) => ({ ...samplePlan().agents[0]!, name: `host-${index}` }));
    const state = new ApplyState(planOf(steps, { agents }), 0);
    for (const { id } of steps) state.update({ kind: "started", id, atMs: 0 });
    for (const rows of [8, 12, 24, 60]) {
      const text = renderToString(<ApplyView state={state} now={() => 1000} rows={rows} intervalMs={0} />, { columns: 80 });
      assert.ok(text.split("\n").length < rows, `${text.split("\n").length} lines on ${rows} rows:\n${text}`);
    }
  });
});
