import { XdrError } from "./xdr-error.ts";

/*
 * The names of statistics come again with every domain: a thousand domains say "cpu.time" a thousand times. Short ASCII
 * texts are looked up among those that came before, which is several times faster than making each anew.
 */
const SHORT_BYTES = 40;
const KEPT_TEXTS = 1024;
const kept: (string | undefined)[] = Array.from({ length: KEPT_TEXTS });

/** Reads XDR values one after the other. Never looks outside its bytes: a value that is not all there is an XdrError. */
export class XdrReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  uint(): number {
    return this.#view.getUint32(this.#take(4));
  }

  hyper(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  uhyper(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** How many follow: of an array, a string or bytes. */
  count(max: number): number {
    const count = this.uint();
    if (count > max) throw new XdrError(`A length is ${count} where at most ${max} is allowed, at byte ${this.#offset - 4}.`);
    return count;
  }

  /** True when an optional value follows. */
  isPresent(): boolean {
    const flag = this.uint();
    if (flag > 1) throw new XdrError(`An optional value starts with ${flag} instead of 0 or 1, at byte ${this.#offset - 4}.`);
    return flag === 1;
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  string(maxBytes: number): string {
    const length = this.count(maxBytes);
    const start = this.#take(padded(length));
    return length <= SHORT_BYTES ? this.#shortText(start, start + length) : this.#bytes.toString("utf8", start, start + length);
  }

  /** A copy, so that it does not keep the whole packet in memory. */
  bytes(maxBytes: number): Uint8Array {
    return this.opaque(this.count(maxBytes));
  }

  opaque(length: number): Uint8Array {
    const start = this.#take(padded(length));
    return Uint8Array.from(this.#bytes.subarray(start, start + length));
  }

  /** What nothing has read yet, without a copy. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#take(this.remaining));
  }

  /** Bytes that are left over mean that the shape is not that of the value. */
  end(): void {
    if (this.remaining > 0) throw new XdrError(`${this.remaining} bytes are left over after the value.`);
  }

  #shortText(start: number, end: number): string {
    const bytes = this.#bytes;
    let hash = 0;
    for (let at = start; at < end; at++) {
      const code = bytes[at]!;
      if (code > 0x7f) return bytes.toString("utf8", start, end);
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    const slot = hash & (KEPT_TEXTS - 1);
    const text = kept[slot];
    return text !== undefined && isText(bytes, start, end, text) ? text : (kept[slot] = bytes.toString("latin1", start, end));
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      throw new XdrError(`${length} bytes are needed and ${this.#bytes.length - start} are left, at byte ${start}.`);
    }
    this.#offset = start + length;
    return start;
  }
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
