import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { codes, GhostError, problem } from "@ghost/schemas";
import type { Diagnostic, Diagnostics } from "@ghost/schemas";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { decodeDiagnostics, DIAGNOSTICS_KEY, GRPC_STATUS, toStatus } from "./status.ts";
import * as arbitrary from "./testdata/arbitrary.ts";

suite("toStatus", () => {
  test("the numbers are gRPC's", () => {
    for (const [name, number] of Object.entries(GRPC_STATUS)) assert.equal(number, status[name as keyof typeof status]);
  });

  test("every diagnostic code travels as its status", () => {
    for (const [code, { grpc }] of Object.entries(codes))
      assert.equal(toStatus(problem(code as keyof typeof codes, "x")).code, status[grpc]);
  });

  test("the first error decides, not a warning before it", () => {
    const error = new GhostError([
      { code: "VARIABLE_UNUSED", severity: "warning", detail: "a" },
      { code: "VM_NOT_FOUND", severity: "error", detail: "b" },
    ]);
    const { code, details } = toStatus(error);
    assert.deepEqual({ code, details }, { code: status.NOT_FOUND, details: "a\nb" });
  });

  test("a bug is INTERNAL and shows no stack trace", () => {
    const { code, details, metadata } = toStatus(new TypeError("x is undefined"));
    assert.deepEqual({ code, details }, { code: status.INTERNAL, details: "x is undefined" });
    assert.doesNotMatch(Buffer.from(metadata[DIAGNOSTICS_KEY]).toString(), /\.ts:/);
  });

  test("an aborted call is CANCELLED", () => assert.equal(toStatus(AbortSignal.abort().reason).code, status.CANCELLED));

  test("diagnostics come back as they were", () => {
    fc.assert(
      fc.property(arbitrary.diagnostic, (diagnostic) =>
        assert.deepEqual(decodeDiagnostics(toStatus(new GhostError([diagnostic])).metadata[DIAGNOSTICS_KEY]), [diagnostic]),
      ),
    );
  });

  test("the entry stays small enough for a header, whatever it carries", () => {
    const text = fc.string({ unit: "binary", minLength: 0, maxLength: 3000 });
    const diagnostics = fc.array(
      fc.record({
        code: fc.constant("SPEC_BAD_VALUE" as const),
        severity: fc.constant("error" as const),
        detail: text,
        hint: text,
        path: fc.array(text, { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(diagnostics, (many) => {
        const entry = toStatus(new GhostError(many as unknown as Diagnostics)).metadata[DIAGNOSTICS_KEY];
        assert.ok(entry.length <= 3500, `${entry.length} bytes`);
        assert.equal(decodeDiagnostics(entry)?.[0].code, "SPEC_BAD_VALUE");
      }),
      { numRuns: 50 },
    );
  });

  test("what does not fit is counted", () => {
    const many = Array.from({ length: 100 }, (_, index): Diagnostic => ({
      code: "SPEC_BAD_VALUE",
      severity: "error",
      detail: `${index} ${"x".repeat(200)}`,
    }));
    const back = decodeDiagnostics(toStatus(new GhostError(many as unknown as Diagnostics)).metadata[DIAGNOSTICS_KEY]);
    assert.equal(back?.at(-1)?.detail, `${101 - (back?.length ?? 0)} further problems are not shown.`);
  });
});

suite("decodeDiagnostics", () => {
  const cases = ["", "no JSON", "{}", "[]", "[1]", '[{"code":1}]', '[{"code":"INTERNAL","severity":"bad","detail":""}]'];
  for (const text of cases)
    test(`${JSON.stringify(text)} is none of ours`, () => assert.equal(decodeDiagnostics(Buffer.from(text)), undefined));

  test("a code of another version keeps its name in the text", () => {
    const [first] = decodeDiagnostics(Buffer.from('[{"code":"HOST_ON_FIRE","severity":"error","detail":"Smoke."}]')) ?? [];
    assert.equal(first?.code, "AGENT_VERSION");
    assert.match(first?.detail ?? "", /Smoke.*HOST_ON_FIRE/);
  });
});
