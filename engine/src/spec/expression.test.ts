import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { escapeExpressions, parseExpressions } from "./expression.ts";

suite("parseExpressions", () => {
  const cases: { text: string; want: unknown }[] = [
    { text: "plain $ and {} and $x", want: ["plain $ and {} and $x"] },
    { text: "", want: [""] },
    { text: "${index}", want: [{ expression: { kind: "index" }, at: 0 }] },
    {
      text: "a${var.b}c${env.D}",
      want: ["a", { expression: { kind: "variable", name: "b" }, at: 1 }, "c", { expression: { kind: "environment", name: "D" }, at: 10 }],
    },
    { text: "$${a} $$${b}", want: ["${a} $${b}"] },
    { text: "$${${index}", want: ["${", { expression: { kind: "index" }, at: 3 }] },
  ];
  for (const { text, want } of cases) test(JSON.stringify(text), () => assert.deepEqual(parseExpressions(text), { parts: want, bad: [] }));

  test("what is escaped reads as it was", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("$", "{", "}", "a", "${", "$${", "${var.x}")).map((parts) => parts.join("")),
        (text) => {
          assert.deepEqual(parseExpressions(escapeExpressions(text)), { parts: [text], bad: [] });
        },
      ),
    );
  });
});
