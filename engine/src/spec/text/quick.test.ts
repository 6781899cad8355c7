import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { FRAGMENTS, FULL_SPEC, HEAD, mutated } from "../testdata/specs.ts";
import { readFully } from "./full.ts";
import { readQuickly } from "./quick.ts";
import type { ReadText } from "./read.ts";

/** Forms that the quick reader must take, because specs are full of them. */
const TAKEN = [
  "",
  "# only a comment\n",
  "a: b",
  FULL_SPEC,
  "# c\n---\na: b\n",
  '{"a": {"b": [1, "x\\u00e9", null]}, "c": {}}\n',
  "a:\n  - x\n  - \"y: z\" # c\nb:\n- 1\n- 2\nc: |-\n  foo\n\n    bar\n  #x\n\nd: |+\n  x\n\n\ne: 'it''s'\n# end",
  'a: { b: c, "d":e, f: [g, h], }\nk: [\n  a, # foo\n  b\n  ]\n',
  "a:   \n  b:   c   # x\n\n  d: x#y\n  e: a:b\n",
  "x: 12\nz:\nk: ~\n",
];

const DECLINED = [
  "a: [\n  b\n]\n",
  "a: &x b\n",
  "a: *x\n",
  "a: !!str b\n",
  "a:\n\t- b\n",
  "a: >\n  b\n",
  "a: b\n  c\n",
  "a: b: c\n",
  "a: [b\n",
  "a: b\r\n",
  "- a: b\n",
  "a: b\n---\nc: d\n",
  "%YAML 1.2\n---\na: b\n",
  "? a\n: b\n",
  "a: 'b\n  c'\n",
  "a\n",
  'a: "\\x41"\n',
];

function agrees(text: string): boolean {
  const quick = readQuickly(text);
  if (quick.declinedAt !== undefined) return false;
  const want: ReadText = { roots: quick.root === undefined ? [] : [quick.root], problems: [] };
  assert.deepEqual(readFully(text), want, JSON.stringify(text));
  return true;
}

suite("readQuickly", () => {
  for (const text of TAKEN) test(`takes ${JSON.stringify(text.slice(0, 40))}`, () => assert.ok(agrees(text)));
  for (const text of DECLINED) test(`declines ${JSON.stringify(text)}`, () => assert.ok(readQuickly(text).declinedAt !== undefined));

  test("what it reads is what the yaml package reads: variations of specs", () => {
    fc.assert(
      fc.property(mutated([...TAKEN, ...DECLINED, HEAD]), (text) => void agrees(text)),
      { numRuns: 10_000 },
    );
  });

  test("what it reads is what the yaml package reads: any sequence of fragments", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 12 }), (fragments) => void agrees(fragments.join(""))),
      { numRuns: 20_000 },
    );
  });
});
