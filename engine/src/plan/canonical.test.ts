import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { canonicalJson, hashOf } from "./canonical.ts";

suite("canonicalJson", () => {
  const cases: { name: string; value: unknown; want: string }[] = [
    {
      name: "keys are sorted at every depth",
      value: { b: 1, a: { d: [1, { z: 0, y: 0 }], c: null } },
      want: '{"a":{"c":null,"d":[1,{"y":0,"z":0}]},"b":1}',
    },
    { name: "undefined is dropped", value: { a: undefined, b: false }, want: '{"b":false}' },
    { name: "undefined in a list keeps its place", value: [undefined, 1], want: "[null,1]" },
    { name: "texts are escaped", value: { 'a"': "\n" }, want: String.raw`{"a\"":"\n"}` },
    { name: "minus zero is zero", value: -0, want: "0" },
  ];
  for (const { name, value, want } of cases) test(name, () => assert.equal(canonicalJson(value), want));

  for (const value of [NaN, Infinity, 1n, Symbol("x"), () => 0]) {
    test(`${String(value)} is refused`, () => assert.throws(() => canonicalJson({ value }), TypeError));
  }

  test("it means what JSON means", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))),
    );
  });

  test("the order of keys changes no hash", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.equal(hashOf(value), hashOf(Object.fromEntries(Object.entries(value).reverse())));
      }),
    );
  });
});
