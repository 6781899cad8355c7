import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { padTo, textWidth } from "./width.ts";
import { wrap } from "./wrap.ts";

suite("textWidth", () => {
  const cases: readonly (readonly [text: string, want: number])[] = [
    ["", 0],
    ["web-1", 5],
    ["ünïcode", 7],
    ["日本", 4],
    ["ｱ", 1],
    ["Ａ", 2],
    ["🙂", 2],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["1️⃣", 2],
    ["e\u0301", 1],
    ["\u200b", 0],
    ["a → b", 5],
    ["\u001b[1;31mred\u001b[0m", 3],
  ];
  for (const [text, want] of cases) test(JSON.stringify(text), () => assert.equal(textWidth(text), want));
});

test("padTo fills to a width in cells", () => assert.equal(padTo("日本", 6), "日本  "));

suite("wrap", () => {
  const cases = [
    { name: "what fits stays", text: "a  b", columns: 20, want: "a  b" },
    { name: "without columns nothing is wrapped", text: "x ".repeat(100), columns: undefined, want: "x ".repeat(100) },
    { name: "words are kept whole", text: "one two three four five six", columns: 20, want: "one two three four\nfive six" },
    {
      name: "a word longer than the line is cut",
      text: `at ${"x".repeat(45)} end`,
      columns: 20,
      want: `at\n${"x".repeat(20)}\n${"x".repeat(20)}\n${"x".repeat(5)} end`,
    },
    { name: "wide characters count double", text: "日本日本日本日本日本日本", columns: 20, want: "日本日本日本日本日本\n日本" },
    { name: "gaps of columns are kept within a line", text: "a    b    c    dddddddddd", columns: 20, want: "a    b    c\ndddddddddd" },
  ];
  for (const { name, text, columns, want } of cases) test(name, () => assert.equal(wrap(text, { columns }), want));

  test("indents the first line and hangs the others", () => {
    assert.equal(
      wrap("one two three four five six seven", { columns: 30, indent: "  ", hanging: "      " }),
      "  one two three four five six\n      seven",
    );
  });

  test("colours take no room", () => {
    assert.equal(wrap("\u001b[31mone two three four\u001b[39m", { columns: 20 }), "\u001b[31mone two three four\u001b[39m");
  });
});
