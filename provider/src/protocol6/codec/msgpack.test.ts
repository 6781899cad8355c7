import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encode, ExtData } from "@msgpack/msgpack";
import fc from "fast-check";
import type { Type } from "../type.ts";
import { Decimal, Dynamic, UNKNOWN } from "../value.ts";
import type { Value } from "../value.ts";
import { decodeMsgpack, encodeMsgpack } from "./msgpack.ts";

/** Keys as people and attackers write them. */
const key = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", "", "é"), fc.string({ unit: "binary" }));
const leafType = fc.constantFrom<Type>("string", "number", "bool");
const { type: anyType } = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leafType,
    fc.constant<Type>("dynamic"),
    fc.tuple(fc.constantFrom("list", "set", "map"), tie("type")) as fc.Arbitrary<Type>,
    fc.array(tie("type"), { maxLength: 3 }).map((types): Type => ["tuple", types]),
    fc.dictionary(key, tie("type"), { maxKeys: 3 }).map((attributes): Type => ["object", attributes]),
  ),
}));

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 70n), max: -(2n ** 53n) }),
  fc.tuple(fc.bigInt(), fc.integer({ min: 1, max: 10 ** 9 })).map(([whole, part]) => new Decimal(`${whole}.${part}`)),
);

function valueOf(type: Type): fc.Arbitrary<Value> {
  const known = (): fc.Arbitrary<Value> => {
    if (type === "string") return fc.string({ unit: "binary" });
    if (type === "number") return number;
    if (type === "bool") return fc.boolean();
    if (type === "dynamic") return leafType.chain((inner) => valueOf(inner).map((value) => new Dynamic(inner, value)));
    const [kind, of] = type;
    if (kind === "tuple") return fc.tuple(...of.map(valueOf));
    if (kind === "object")
      return fc
        .record(Object.fromEntries(Object.entries(of).map(([name, inner]) => [name, valueOf(inner)])), { noNullPrototype: false })
        .map(bare);
    if (kind === "map") return fc.dictionary(key, valueOf(of), { maxKeys: 3 }).map(bare);
    return fc.array(valueOf(of), { maxLength: 3 });
  };
  return fc.oneof({ weight: 8, arbitrary: known() }, { weight: 1, arbitrary: fc.constantFrom<Value>(null, UNKNOWN) });
}

function bare(values: object): Value {
  const result = Object.create(null) as Record<string, Value>;
  for (const [name, value] of Object.entries(values)) result[name] = value as Value;
  return result;
}

suite("values in MessagePack", () => {
  test("come back as they went, whatever their type", () => {
    const typed = anyType.chain((type) => valueOf(type).map((value): [Type, Value] => [type, value]));
    fc.assert(
      fc.property(typed, ([type, value]) => {
        assert.deepEqual(decodeMsgpack(type, encodeMsgpack(type, value)), value);
      }),
      { numRuns: 500 },
    );
  });

  const wire: readonly { name: string; type: Type; bytes: Uint8Array; want: Value }[] = [
    { name: "unknown", type: "string", bytes: Uint8Array.of(0xd4, 0, 0), want: UNKNOWN },
    { name: "an unknown that is refined", type: "string", bytes: encode(new ExtData(12, encode({ 1: false }))), want: UNKNOWN },
    { name: "a decimal as text", type: "number", bytes: encode("0.1"), want: new Decimal("0.1") },
    { name: "a large integer as text", type: "number", bytes: encode("12345678901234567890123"), want: 12345678901234567890123n },
    { name: "an integer as a double", type: "number", bytes: encode(2 ** 60, { forceIntegerToFloat: true }), want: 2n ** 60n },
    { name: "a half as a double", type: "number", bytes: encode(0.5), want: new Decimal("0.5") },
    { name: "a double, all digits of it", type: "number", bytes: encode(2 ** -30), want: new Decimal("0.000000000931322574615478515625") },
    { name: "64 bits", type: "number", bytes: encode(2n ** 62n, { useBigInt64: true }), want: 2n ** 62n },
    { name: "small 64 bits", type: "number", bytes: encode(7n, { useBigInt64: true }), want: 7 },
  ];
  for (const { name, type, bytes, want } of wire) {
    test(`reads ${name}`, () => assert.deepEqual(decodeMsgpack(type, bytes), want));
  }

  test("a number with a fraction is the decimal that it prints as", () => {
    assert.deepEqual(decodeMsgpack("number", encodeMsgpack("number", 0.1)), new Decimal("0.1"));
  });

  test("what is left out of an object is null", () => {
    assert.deepEqual(decodeMsgpack(["object", { a: "string" }], encodeMsgpack(["object", { a: "string" }], {})), bare({ a: null }));
  });

  const refused: readonly { name: string; type: Type; value: unknown; message: RegExp }[] = [
    {
      name: "another type",
      type: ["object", { a: "string" }],
      value: { a: 1 },
      message: /The value of a is a number and has to be a string\./,
    },
    {
      name: "an attribute that there is not",
      type: ["object", {}],
      value: { b: 1 },
      message: /has an attribute "b" that its schema does not have/,
    },
    { name: "a tuple of another length", type: ["tuple", ["string"]], value: [], message: /has 0 items and needs 1/ },
    { name: "a list for a map", type: ["map", "string"], value: [], message: /is a list and has to be a map/ },
    { name: "no number", type: "number", value: Number.NaN, message: /has to be a finite number/ },
    { name: "text that is no number", type: "number", value: new Decimal("ten"), message: /not the text of a number/ },
    { name: "something dynamic without its type", type: "dynamic", value: "x", message: /has to be a Dynamic/ },
    { name: "a place deep inside", type: ["map", ["list", "string"]], value: { k: ["a", 2] }, message: /The value of k\.1 is/ },
  ];
  for (const { name, type, value, message } of refused) {
    test(`refuses ${name}`, () => assert.throws(() => encodeMsgpack(type, value as Value), message));
  }

  test("a message never shows the value", () => {
    assert.throws(
      () => encodeMsgpack("number", "hunter2"),
      (error: Error) => !error.message.includes("hunter2"),
    );
  });
});
