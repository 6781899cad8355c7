import fc from "fast-check";
import type { Shape, ShapeTable } from "../xdr/shape.ts";

const BASIC: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  int: fc.integer(),
  uint: fc.nat(0xffffffff),
  hyper: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uhyper: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  double: fc.double({ noNaN: true }),
  char: fc.integer(),
  uchar: fc.nat(0xffffffff),
  ushort: fc.nat(0xffffffff),
};

/** Values of a shape, small ones: no array and no text is longer than a handful. */
export function arbitraryOf(table: ShapeTable, shape: Shape): fc.Arbitrary<unknown> {
  if (typeof shape === "string") return BASIC[shape] ?? arbitraryOf(table, table[shape]!);
  if ("optional" in shape) return fc.option(arbitraryOf(table, shape.optional), { nil: undefined });
  if ("array" in shape) return fc.array(arbitraryOf(table, shape.array), { maxLength: Math.min(4, shape.max) });
  if ("fixed" in shape) return fc.array(arbitraryOf(table, shape.fixed), { minLength: shape.count, maxLength: shape.count });
  if ("string" in shape) {
    return fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !text.includes("\0") && Buffer.byteLength(text) <= shape.string);
  }
  if ("bytes" in shape) return fc.uint8Array({ maxLength: Math.min(9, shape.bytes) });
  if ("opaque" in shape) return fc.uint8Array({ minLength: shape.opaque, maxLength: shape.opaque });
  if ("struct" in shape) {
    return fc.record(Object.fromEntries(Object.entries(shape.struct).map(([name, of]) => [name, arbitraryOf(table, of)])), { noNullPrototype: true });
  }
  const arms = Object.entries(shape.union).map(([value, [name, of]]) =>
    fc.record({ [shape.on]: fc.constant(Number(value)), [name]: arbitraryOf(table, of) }, { noNullPrototype: true }),
  );
  return fc.oneof(...arms);
}
