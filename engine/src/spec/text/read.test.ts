import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { FULL_SPEC, mutated } from "../testdata/specs.ts";
import { readText } from "./read.ts";
import type { Node } from "./tree.ts";

async function problemsOf(text: string): Promise<string[]> {
  const { problems } = await readText(text);
  return problems.map(({ code, offset }) => `${code}@${offset}`);
}

/** Plain data, for comparison. */
function toData(node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "scalar") return node.text;
  if (node.kind === "list") return node.items.map(toData);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, toData(value)]));
}

function aliasBomb(levels: number): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < levels; level++)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  return `${lines.join("\n")}\n`;
}

suite("readText", () => {
  const cases: { name: string; text: string; want: readonly string[] }[] = [
    { name: "an unclosed bracket", text: "a: [1, 2\nb: c\n", want: ["SPEC_SYNTAX@9"] },
    { name: "an unclosed quote", text: 'a: "x\nb: 1\n', want: ["SPEC_SYNTAX@11"] },
    { name: "tabs as indentation, each line told once", text: "a:\n\tb: 1\n\tc: 2\n", want: ["SPEC_SYNTAX@3", "SPEC_SYNTAX@9"] },
    { name: "a NUL byte", text: "a: b\0c\n", want: ["SPEC_UNREADABLE@4"] },
    { name: "an escape character", text: "a: \u001b[31m\n", want: ["SPEC_SYNTAX@3"] },
    { name: "an unknown alias", text: "a: *b\n", want: ["SPEC_SYNTAX@3"] },
    { name: "an alias inside its own anchor", text: "a: &x [*x]\n", want: ["SPEC_SYNTAX@7"] },
    { name: "a tag", text: "a: !!js/function 'x'\n", want: ["SPEC_SYNTAX@17"] },
    { name: "a mistake in a very large text", text: `${"a: b\n".repeat(500_000)}c: d: e\n`, want: ["SPEC_TOO_LARGE@2500003"] },
    { name: "a map as a key", text: "? {a: b}\n: c\n", want: ["SPEC_SYNTAX@2"] },
    { name: "a merge of no map", text: "a: &x 1\nb: { <<: *x }\n", want: ["SPEC_WRONG_TYPE@13"] },
    { name: "an alias bomb", text: aliasBomb(12), want: ["SPEC_TOO_LARGE@260"] },
    {
      name: "100 levels of maps",
      text: Array.from({ length: 100 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
      want: ["SPEC_TOO_LARGE@2340"],
    },
    { name: "100,000 open brackets", text: "a: ".concat("[".repeat(100_000)), want: ["SPEC_TOO_LARGE@1003"] },
    { name: "100,000 open braces", text: "{a: ".repeat(100_000), want: ["SPEC_TOO_LARGE@4000"] },
    { name: "100,000 dashes", text: "- ".repeat(100_000), want: ["SPEC_TOO_LARGE@2000"] },
  ];
  for (const { name, text, want } of cases) test(name, async () => assert.deepEqual(await problemsOf(text), want));

  test("an error quotes nothing of the text", async () => {
    const { problems } = await readText("- a\npassword: hunter2\n");
    assert.ok(problems.length > 0);
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
  });

  test("a long line of mistakes takes linear time", async () => {
    const started = process.cpuUsage();
    for (const piece of ['"', "]", ",", "{}", "[ ${", "*a "])
      assert.equal((await readText(`a: ${piece.repeat(60_000 / piece.length)}`)).problems.length, 1);
    assert.ok(process.cpuUsage(started).user < 20_000_000);
  });

  const good: { name: string; text: string; want: unknown }[] = [
    { name: "anchors and aliases", text: "a: &x { b: 1 }\nc: *x\n", want: { a: { b: "1" }, c: { b: "1" } } },
    {
      name: "merge keys: own values first, then the maps in order",
      text: "a: &x { b: 1, c: 2 }\nd: &y { c: 3, e: 4 }\nf: { <<: [*x, *y], b: 0 }\n",
      want: { a: { b: "1", c: "2" }, d: { c: "3", e: "4" }, f: { b: "0", c: "2", e: "4" } },
    },
    { name: "folded text", text: "a: >\n  b\n  c\nd: e\n", want: { a: "b c\n", d: "e" } },
    {
      name: "keys that are numbers or null in other readers are texts",
      text: "1: a\n~: b\n'': c\nkey: &k d\n",
      want: { 1: "a", "~": "b", "": "c", key: "d" },
    },
  ];
  for (const { name, text, want } of good) {
    test(name, async () => {
      const { roots, problems } = await readText(text);
      assert.deepEqual(problems, []);
      assert.deepEqual(toData(roots[0]), want);
    });
  }

  test("several documents are several roots; empty ones are none", async () => {
    const { roots } = await readText("a: 1\n---\n# nothing\n---\nb: 2\n");
    assert.deepEqual(roots.map(toData), [{ a: "1" }, { b: "2" }]);
  });

  test("whatever the text, there is an answer, and every problem lies within the text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), mutated([FULL_SPEC])), async (text) => {
        const { problems } = await readText(text);
        for (const { offset, detail, hint } of problems) assert.ok(offset >= 0 && offset <= text.length && detail !== "" && hint !== "");
      }),
      { numRuns: 700 },
    );
  });
});
