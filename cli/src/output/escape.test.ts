import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { escapeButColor, escapeLine, escapeText, toJsonLine } from "./escape.ts";

suite("escapeLine", () => {
  const cases = [
    { name: "plain text stays", given: "web-1 → ünïcode 日本 🙂", want: "web-1 → ünïcode 日本 🙂" },
    { name: "a colour of somebody else shows", given: "\u001b[31mred", want: "\\e[31mred" },
    { name: "newline, return and tab show", given: "a\nb\rc\td", want: "a\\nb\\rc\\td" },
    { name: "NUL, bell and DEL show", given: "\u0000\u0007\u007f", want: "\\x00\\x07\\x7f" },
    { name: "C1 controls show", given: "\u009b31m", want: "\\x9b31m" },
    { name: "text is not turned around", given: "\u202egnp.exe\u2069", want: "\\u202egnp.exe\\u2069" },
    { name: "line separators show", given: "a\u2028b", want: "a\\u2028b" },
    { name: "half a character shows", given: "a\ud800b", want: "a\\ud800b" },
  ];
  for (const { name, given, want } of cases) test(name, () => assert.equal(escapeLine(given), want));
});

test("escapeText keeps newlines and tabs", () => assert.equal(escapeText("a\n\tb\u001b[2J"), "a\n\tb\\e[2J"));

test("escapeButColor keeps colours and no other sequence", () =>
  assert.equal(escapeButColor("\u001b[1;31mx\u001b[0m\u001b[2J\u001b]0;t\u0007"), "\u001b[1;31mx\u001b[0m\\e[2J\\e]0;t\\x07"));

test("toJsonLine is one line, and the value is the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const line = toJsonLine(value);
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)));
    }),
  );
});
