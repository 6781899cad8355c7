import type { XdrReader } from "./reader.ts";
import type { Basic, Shape, ShapeTable } from "./shape.ts";
import type { XdrWriter } from "./writer.ts";
import { XdrError } from "./xdr-error.ts";

/** Between a value and its bytes. What does not fit is an XdrError that names the place. */
export interface Codec {
  decode(reader: XdrReader): unknown;
  encode(writer: XdrWriter, value: unknown, place: string): void;
  /** Every value of the shape takes at least so many bytes: bounds how much an array can claim to hold. */
  readonly leastBytes: number;
}

type Finder = (name: string) => Codec;

/** Gives codecs by the name of their shape. Each is made when it is first asked for: a program uses few of hundreds. */
export function codecsOf(table: ShapeTable): Finder {
  const made = new Map<string, Codec>(Object.entries(BASIC));
  const find: Finder = (name) => {
    const present = made.get(name);
    if (present !== undefined) return present;
    const shape = table[name];
    if (shape === undefined) throw new Error(`There is no shape "${name}".`);
    const codec = codecOf(shape, find);
    made.set(name, codec);
    return codec;
  };
  return find;
}

function codecOf(shape: Shape, find: Finder): Codec {
  if (typeof shape === "string") return find(shape);
  if ("optional" in shape) return optional(codecOf(shape.optional, find));
  if ("array" in shape) return array(codecOf(shape.array, find), shape.max);
  if ("fixed" in shape) return fixed(codecOf(shape.fixed, find), shape.count);
  if ("string" in shape) return string(shape.string);
  if ("bytes" in shape) return bytes(shape.bytes);
  if ("opaque" in shape) return opaque(shape.opaque);
  if ("struct" in shape) return struct(Object.entries(shape.struct).map(([name, of]) => [name, codecOf(of, find)]));
  return union(
    shape.on,
    new Map(Object.entries(shape.union).map(([value, [name, of]]) => [Number(value), { name, codec: codecOf(of, find) }])),
  );
}

function optional(of: Codec): Codec {
  return {
    leastBytes: 4,
    decode: (reader) => (reader.isPresent() ? of.decode(reader) : undefined),
    encode: (writer, value, place) => {
      writer.isPresent(value !== undefined);
      if (value !== undefined) of.encode(writer, value, place);
    },
  };
}

function array(of: Codec, max: number): Codec {
  return {
    leastBytes: 4,
    decode: (reader) => {
      const count = reader.count(max);
      // Before anything is read: a short packet must not make a long loop.
      if (count * of.leastBytes > reader.remaining) throw new XdrError(`An array of ${count} does not fit into ${reader.remaining} bytes.`);
      return times(count, () => of.decode(reader));
    },
    encode: (writer, value, place) => {
      const list = listAt(value, place);
      at(place, () => writer.count(list.length, max));
      for (const [index, item] of list.entries()) of.encode(writer, item, `${place}[${index}]`);
    },
  };
}

function fixed(of: Codec, count: number): Codec {
  return {
    leastBytes: count * of.leastBytes,
    decode: (reader) => times(count, () => of.decode(reader)),
    encode: (writer, value, place) => {
      const list = listAt(value, place);
      if (list.length !== count) throw new XdrError(`${place} has ${list.length} items instead of ${count}.`);
      for (const [index, item] of list.entries()) of.encode(writer, item, `${place}[${index}]`);
    },
  };
}

function struct(fields: readonly (readonly [name: string, codec: Codec])[]): Codec {
  const names = fields.map(([name]) => name);
  const codecs = fields.map(([, codec]) => codec);
  const blank: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, undefined]));
  return {
    leastBytes: fields.reduce((sum, [, { leastBytes }]) => sum + leastBytes, 0),
    decode: (reader) => {
      // A copy has all its fields from the start: V8 makes that in one step, and field by field in many.
      const value = { ...blank };
      for (let index = 0; index < names.length; index++) value[names[index]!] = codecs[index]!.decode(reader);
      return value;
    },
    encode: (writer, value, place) => {
      const record = recordAt(value, place);
      for (const [name, codec] of fields) codec.encode(writer, record[name], `${place}.${name}`);
    },
  };
}

function union(on: string, arms: ReadonlyMap<number, { readonly name: string; readonly codec: Codec }>): Codec {
  return {
    leastBytes: 4,
    decode: (reader) => {
      const value = reader.int();
      const arm = arms.get(value);
      if (arm === undefined) throw new XdrError(`A union has no arm ${value}.`);
      return { [on]: value, [arm.name]: arm.codec.decode(reader) };
    },
    encode: (writer, value, place) => {
      const record = recordAt(value, place);
      const arm = arms.get(record[on] as number);
      if (arm === undefined)
        throw new XdrError(`${place}.${on} is ${String(record[on])}, which is none of ${[...arms.keys()].join(", ")}.`);
      writer.int(record[on] as number);
      arm.codec.encode(writer, record[arm.name], `${place}.${arm.name}`);
    },
  };
}

function string(max: number): Codec {
  return {
    leastBytes: 4,
    decode: (reader) => reader.string(max),
    encode: (writer, value, place) => {
      if (typeof value !== "string") throw wrongType(value, place, "a text");
      at(place, () => writer.string(value, max));
    },
  };
}

function bytes(max: number): Codec {
  return {
    leastBytes: 4,
    decode: (reader) => reader.bytes(max),
    encode: (writer, value, place) => {
      if (!(value instanceof Uint8Array)) throw wrongType(value, place, "bytes");
      at(place, () => writer.bytes(value, max));
    },
  };
}

function opaque(count: number): Codec {
  return {
    leastBytes: (count + 3) & ~3,
    decode: (reader) => reader.opaque(count),
    encode: (writer, value, place) => {
      if (!(value instanceof Uint8Array)) throw wrongType(value, place, "bytes");
      at(place, () => writer.opaque(value, count));
    },
  };
}

const int = numeric("int", 4);
const uint = numeric("uint", 4);
const BASIC: Readonly<Record<Basic, Codec>> = {
  int,
  uint,
  hyper: big("hyper"),
  uhyper: big("uhyper"),
  double: numeric("double", 8),
  char: int,
  uchar: uint,
  ushort: uint,
};

function numeric(method: "int" | "uint" | "double", leastBytes: number): Codec {
  return {
    leastBytes,
    decode: (reader) => reader[method](),
    encode: (writer, value, place) => {
      if (typeof value !== "number") throw wrongType(value, place, "a number");
      at(place, () => writer[method](value));
    },
  };
}

function big(method: "hyper" | "uhyper"): Codec {
  return {
    leastBytes: 8,
    decode: (reader) => reader[method](),
    encode: (writer, value, place) => {
      if (typeof value !== "bigint") throw wrongType(value, place, "a bigint");
      at(place, () => writer[method](value));
    },
  };
}

function times(count: number, make: () => unknown): unknown[] {
  const list: unknown[] = [];
  for (let index = 0; index < count; index++) list.push(make());
  return list;
}

/** Adds the place to what the writer says. */
function at(place: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    throw new XdrError(`${place}: ${error.message}`, { cause: error });
  }
}

function listAt(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(value, place, "a list");
  return value;
}

function recordAt(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw wrongType(value, place, "an object");
  return value as Record<string, unknown>;
}

function wrongType(value: unknown, place: string, wanted: string): XdrError {
  return new XdrError(`${place} is ${value === null ? "null" : typeof value}, not ${wanted}.`);
}
