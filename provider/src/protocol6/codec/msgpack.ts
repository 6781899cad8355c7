/*
 * Values in MessagePack, the form in which Terraform sends them and wants them.
 *
 * Source: object-wire-format.md of Terraform's plugin protocol, version 6. Unknown is extension 0; extension 12 is an
 * unknown of which something is known (not null, a prefix): the protocol lets us forget that.
 */
import { Decoder, Encoder, ExtData, ExtensionCodec } from "@msgpack/msgpack";
import type { Type } from "../type.ts";
import { Decimal, Dynamic, UNKNOWN } from "../value.ts";
import type { Value } from "../value.ts";
import { conform, kindOf, ValueError } from "./conform.ts";
import type { Form, Where } from "./conform.ts";
import { fromDouble, numberText, parseNumber, shortest } from "./numbers.ts";
import { parseType } from "./parse-type.ts";

/** `__proto__` is a key like any other, but the decoder refuses it; no text in UTF-8 has half a surrogate pair. */
const PROTO = "__proto__";
const PROTO_STAND_IN = "\ud800__proto__";

const extensions = new ExtensionCodec<undefined>();
extensions.register({ type: 0, encode: () => null, decode: () => UNKNOWN });
extensions.register({ type: 12, encode: () => null, decode: () => UNKNOWN });

const UNKNOWN_BYTES = new ExtData(0, new Uint8Array(1));
const encoder = new Encoder({ useBigInt64: true, extensionCodec: new ExtensionCodec<undefined>() });
const decoder = new Decoder({
  useBigInt64: true,
  extensionCodec: extensions,
  keyDecoder: {
    canBeCached: (byteLength) => byteLength === PROTO.length,
    decode: (bytes, offset, byteLength) => {
      const key = Buffer.from(bytes.buffer, bytes.byteOffset + offset, byteLength).toString("utf8");
      return key === PROTO ? PROTO_STAND_IN : key;
    },
  },
});

/** Throws ValueError when the value is not of the type. */
export function encodeMsgpack(type: Type, value: Value): Buffer {
  const bytes = encoder.encode(conform(encoding, type, value, []));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function decodeMsgpack(type: Type, bytes: Uint8Array): Value {
  return conform(decoding, type, decoder.decode(bytes), []);
}

const encoding: Form<Value, unknown> = {
  extra: "refuse",
  key: (name) => name,
  wireKey: (name) => name,
  nothing: (value) => (value === UNKNOWN ? UNKNOWN_BYTES : (value ?? null) === null ? null : undefined),
  leaf(type, value, where) {
    if (type === "number") return encodeNumber(value, where);
    if (typeof value === (type === "bool" ? "boolean" : type)) return value;
    throw new ValueError([...where], `is ${kindOf(value)} and has to be a ${type}`);
  },
  dynamic(value, where) {
    if (!(value instanceof Dynamic)) throw new ValueError([...where], `is ${kindOf(value)} and has to be a Dynamic, which says its type`);
    return [Buffer.from(JSON.stringify(value.type)), conform(encoding, value.type, value.value, where)];
  },
};

const decoding: Form<unknown, Value> = {
  extra: "refuse",
  key: (name) => (name === PROTO_STAND_IN ? PROTO : name),
  wireKey: (name) => (name === PROTO ? PROTO_STAND_IN : name),
  nothing: (value) => (value === null || value === UNKNOWN ? value : undefined),
  leaf(type, value, where) {
    if (type === "number") {
      const number =
        typeof value === "bigint"
          ? shortest(value)
          : typeof value === "number"
            ? fromDouble(value)
            : typeof value === "string"
              ? parseNumber(value)
              : null;
      if (number !== null) return number;
    } else if (typeof value === (type === "bool" ? "boolean" : type)) return value as Value;
    throw new ValueError([...where], `is ${kindOf(value)} and has to be a ${type}`);
  },
  dynamic(value, where) {
    const [text, inner] = Array.isArray(value) ? (value as unknown[]) : [];
    if (!(text instanceof Uint8Array)) throw new ValueError([...where], "comes without its type");
    const type = parseType(Buffer.from(text).toString("utf8"));
    return new Dynamic(type, conform(decoding, type, inner, where));
  },
};

function encodeNumber(value: Value, where: Where): unknown {
  // What fits into 32 bits is the same for every encoder; of the rest, this one would make doubles.
  if (typeof value === "number" && value === (value | 0)) return value;
  const text = numberText(value);
  if (text === null) {
    throw new ValueError(
      [...where],
      value instanceof Decimal ? "is not the text of a number" : `is ${kindOf(value)} and has to be a finite number`,
    );
  }
  const parsed = parseNumber(text);
  if (parsed instanceof Decimal || parsed === null) return text;
  const integer = BigInt(parsed);
  return BigInt.asIntN(64, integer) === integer ? integer : text;
}
