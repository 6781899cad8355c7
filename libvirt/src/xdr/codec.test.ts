import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { shapes } from "../../gen/table.ts";
import { arbitraryOf } from "../testdata/arbitrary.ts";
import { codecsOf } from "./codec.ts";
import { XdrReader } from "./reader.ts";
import type { ShapeTable } from "./shape.ts";
import { XdrWriter } from "./writer.ts";
import { XdrError } from "./xdr-error.ts";

const table: ShapeTable = {
  word: { string: 8 },
  maybe: { optional: "word" },
  few: { array: "int", max: 3 },
  two: { fixed: "int", count: 2 },
  blob: { bytes: 5 },
  id: { opaque: 3 },
  pair: { struct: { a: "int", b: "maybe" } },
  either: { union: { 1: ["i", "int"], 7: ["s", "word"] }, on: "type" },
};

function encode(name: string, value: unknown, of: ShapeTable = table): Buffer {
  const writer = new XdrWriter();
  codecsOf(of)(name).encode(writer, value, name);
  return writer.finish();
}

function decode(name: string, hex: string): unknown {
  const reader = new XdrReader(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  const value = codecsOf(table)(name).decode(reader);
  reader.end();
  return value;
}

suite("a value and its bytes", () => {
  const cases = [
    { name: "int", value: -2, hex: "fffffffe" },
    { name: "uint", value: 4294967295, hex: "ffffffff" },
    { name: "hyper", value: -1n, hex: "ffffffff ffffffff" },
    { name: "uhyper", value: 18446744073709551615n, hex: "ffffffff ffffffff" },
    { name: "double", value: 0.5, hex: "3fe00000 00000000" },
    { name: "word", value: "ab", hex: "00000002 61620000" },
    { name: "word", value: "ü", hex: "00000002 c3bc0000" },
    { name: "word", value: "", hex: "00000000" },
    { name: "maybe", value: undefined, hex: "00000000" },
    { name: "maybe", value: "a", hex: "00000001 00000001 61000000" },
    { name: "few", value: [1, 2], hex: "00000002 00000001 00000002" },
    { name: "two", value: [1, 2], hex: "00000001 00000002" },
    { name: "blob", value: Uint8Array.of(1, 2, 3, 4, 5), hex: "00000005 01020304 05000000" },
    { name: "id", value: Uint8Array.of(1, 2, 3), hex: "01020300" },
    { name: "pair", value: { a: 1, b: undefined }, hex: "00000001 00000000" },
    { name: "either", value: { type: 7, s: "a" }, hex: "00000007 00000001 61000000" },
  ];
  for (const { name, value, hex } of cases) {
    test(`${name} ${hex}`, () => {
      assert.equal(encode(name, value).toString("hex"), hex.replaceAll(" ", ""));
      assert.deepEqual(decode(name, hex), value);
    });
  }
});

test("what is longer than the writer's first room comes out whole", () => {
  const long: ShapeTable = { text: { string: 20_000 }, all: { struct: { a: "text", b: "hyper", c: { bytes: 5_000 }, d: "int" } } };
  const value = { a: "ä".repeat(5_000), b: -5n, c: new Uint8Array(4_321).fill(7), d: 3 };
  assert.deepEqual(codecsOf(long)("all").decode(new XdrReader(encode("all", value, long))), value);
});

suite("bytes that are not what they should be", () => {
  const cases = [
    { name: "int", hex: "000000", message: /4 bytes are needed and 3 are left/ },
    { name: "word", hex: "00000009 616161616161616161000000", message: /9 where at most 8/ },
    { name: "word", hex: "00000004 6161", message: /4 bytes are needed and 2 are left/ },
    { name: "word", hex: "00000001 61", message: /4 bytes are needed and 1 are left/ },
    { name: "maybe", hex: "00000002", message: /2 instead of 0 or 1/ },
    { name: "few", hex: "00000004 00000001 00000001 00000001 00000001", message: /4 where at most 3/ },
    { name: "few", hex: "00000003 00000001", message: /array of 3 does not fit into 4 bytes/ },
    { name: "either", hex: "00000002 00000000", message: /no arm 2/ },
    { name: "int", hex: "00000001 00000001", message: /4 bytes are left over/ },
  ];
  for (const { name, hex, message } of cases) {
    test(`${name} ${hex}`, () => assert.throws(() => decode(name, hex), { name: "XdrError", message }));
  }

  test("an invalid text gets replacement characters", () => assert.equal(decode("word", "00000001 ff000000"), "\ufffd"));
});

suite("values that do not fit", () => {
  const cases = [
    { name: "int", value: 2 ** 31, message: /int: 2147483648 is no 32-bit integer/ },
    { name: "int", value: 1.5, message: /no 32-bit integer/ },
    { name: "int", value: "1", message: /int is string, not a number/ },
    { name: "uint", value: -1, message: /no unsigned 32-bit integer/ },
    { name: "hyper", value: 1, message: /hyper is number, not a bigint/ },
    { name: "uhyper", value: -1n, message: /no unsigned 64-bit integer/ },
    { name: "hyper", value: 2n ** 63n, message: /no 64-bit integer/ },
    { name: "word", value: "123456789", message: /word: A length is 9; at most 8/ },
    { name: "word", value: "a\0b", message: /NUL/ },
    { name: "few", value: [1, 2, 3, 4], message: /few: A length is 4; at most 3/ },
    { name: "few", value: [1, "2"], message: /few\[1\] is string/ },
    { name: "two", value: [1], message: /1 items instead of 2/ },
    { name: "id", value: Uint8Array.of(1), message: /1 bytes are given where 3 belong/ },
    { name: "pair", value: { b: "x" }, message: /pair\.a is undefined, not a number/ },
    { name: "pair", value: null, message: /pair is null, not an object/ },
    { name: "either", value: { type: 2 }, message: /either\.type is 2, which is none of 1, 7/ },
  ];
  for (const { name, value, message } of cases) {
    test(`${name}: ${message.source}`, () => assert.throws(() => encode(name, value), { name: "XdrError", message }));
  }
});

suite("every shape of the protocol", () => {
  const names = Object.keys(shapes);
  const find = codecsOf(shapes);
  const anyName = fc.constantFrom(...names);

  test("decode ∘ encode is the identity, and uses all bytes", () => {
    fc.assert(
      fc.property(
        anyName.chain((name) => fc.tuple(fc.constant(name), arbitraryOf(shapes, name))),
        ([name, value]) => {
          const bytes = encode(name, value, shapes);
          assert.equal(bytes.length % 4, 0);
          const reader = new XdrReader(bytes);
          assert.deepEqual(find(name).decode(reader), value);
          assert.equal(reader.remaining, 0);
          assert.ok(bytes.length >= find(name).leastBytes);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("whatever bytes come, there is a value or an XdrError", () => {
    fc.assert(
      fc.property(anyName, fc.uint8Array({ maxLength: 400 }), (name, bytes) => {
        try {
          find(name).decode(new XdrReader(bytes));
        } catch (error) {
          assert.ok(error instanceof XdrError, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("no shape is without bytes, so that no short packet makes a long array", () => {
    const arrays = Object.entries(shapes).filter(([, shape]) => typeof shape !== "string" && "array" in shape);
    for (const [name] of arrays) assert.ok(find(name).leastBytes >= 4);
    for (const name of names) if (!("struct" in Object(shapes[name]))) assert.ok(find(name).leastBytes >= 4, name);
  });
});
