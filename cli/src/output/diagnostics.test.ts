import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic } from "@ghost/schemas";
import { golden } from "../../../test/support/golden.ts";
import { renderDiagnostic, renderDiagnostics } from "./diagnostics.ts";
import { makeStyle } from "./style.ts";
import { textWidth } from "./width.ts";

const style = makeStyle(false);

function outOfRange(sourceLine: string, column: number): Diagnostic {
  return {
    code: "SPEC_OUT_OF_RANGE",
    severity: "error",
    detail: '"ram_gb" of vm "web-1" is 0 GiB; it must be between 1 and 4096.',
    hint: "set ram_gb to at least 1.",
    at: { file: "ghost.yaml", line: 7, column },
    sourceLine,
  };
}

/** Where the caret stands and where the text does, in cells. */
function aligned(sourceLine: string, column: number, columns?: number): { caret: number; text: number } {
  const lines = renderDiagnostic(outOfRange(sourceLine, column), { style, columns }).split("\n");
  const [source = "", caret = ""] = lines.filter((line) => /^ *\d* \| /.test(line));
  return { caret: textWidth(caret.slice(0, caret.indexOf("^"))), text: textWidth(source.slice(0, source.indexOf("HERE"))) };
}

suite("the caret stands under its column", () => {
  const cases = [
    { name: "after spaces", line: "    ram_gb: HERE", column: 13 },
    { name: "after tabs", line: "\t\tram_gb:\tHERE", column: 11 },
    { name: "after wide characters", line: "  日本: HERE", column: 7 },
    { name: "after an emoji of two units", line: "  🙂: HERE", column: 7 },
    { name: "after a control character, which is shown longer", line: "a\u001b[31m: HERE", column: 9 },
    { name: "at the start", line: "HERE", column: 1 },
    { name: "far in a long line, which is cut", line: `${"x".repeat(5000)}HERE${"y".repeat(5000)}`, column: 5001 },
  ];
  for (const { name, line, column } of cases) {
    for (const columns of [undefined, 100, 40]) {
      test(`${name}, ${columns ?? "no"} columns`, () => {
        const { caret, text } = aligned(line, column, columns);
        assert.equal(caret, text);
      });
    }
  }

  test("a long line fits the terminal", () => {
    const lines = renderDiagnostic(outOfRange(`${"x".repeat(500)}HERE${"y".repeat(500)}`, 501), { style, columns: 60 }).split("\n");
    assert.ok(
      lines.every((line) => textWidth(line) <= 60),
      lines.join("\n"),
    );
  });
});

suite("renderDiagnostics", () => {
  const all: Diagnostic[] = [
    outOfRange("    ram_gb: 0", 13),
    { code: "VARIABLE_UNUSED", severity: "warning", detail: 'Variable "a" is used nowhere.' },
    {
      code: "AGENT_UNREACHABLE",
      severity: "error",
      agent: "de\u001b[2Jsk",
      detail: "It does not answer.\nReally.",
      hint: "Start it:\nghost agent run",
    },
  ];
  for (const columns of [undefined, 40]) {
    test(`as text, ${columns ?? "no"} columns`, (t) =>
      golden(t, import.meta.url, `diagnostics-${columns ?? "plain"}.txt`, renderDiagnostics(all, { style, columns })));
  }
});
