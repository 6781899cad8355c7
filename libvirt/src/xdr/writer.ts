import { XdrError } from "./xdr-error.ts";

const FIRST_BYTES = 512;

/** Writes XDR values one after the other. A value outside its limits is an XdrError. */
export class XdrWriter {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  int(value: number): void {
    if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) throw new XdrError(`${value} is no 32-bit integer.`);
    const start = this.#grow(4);
    this.#bytes.writeInt32BE(value, start);
  }

  uint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new XdrError(`${value} is no unsigned 32-bit integer.`);
    const start = this.#grow(4);
    this.#bytes.writeUInt32BE(value, start);
  }

  hyper(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new XdrError(`${value} is no 64-bit integer.`);
    const start = this.#grow(8);
    this.#bytes.writeBigInt64BE(value, start);
  }

  uhyper(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new XdrError(`${value} is no unsigned 64-bit integer.`);
    const start = this.#grow(8);
    this.#bytes.writeBigUInt64BE(value, start);
  }

  double(value: number): void {
    const start = this.#grow(8);
    this.#bytes.writeDoubleBE(value, start);
  }

  count(count: number, max: number): void {
    if (count > max) throw new XdrError(`A length is ${count}; at most ${max} is allowed.`);
    this.uint(count);
  }

  isPresent(flag: boolean): void {
    this.uint(flag ? 1 : 0);
  }

  string(text: string, maxBytes: number): void {
    const length = Buffer.byteLength(text, "utf8");
    // Libvirt is C: what comes after it would be cut off without a word.
    if (text.includes("\0")) throw new XdrError("A text holds a NUL character.");
    this.count(length, maxBytes);
    const start = this.#grow(length);
    this.#bytes.write(text, start, "utf8");
    this.#pad(length);
  }

  bytes(bytes: Uint8Array, maxBytes: number): void {
    this.count(bytes.length, maxBytes);
    this.raw(bytes);
    this.#pad(bytes.length);
  }

  opaque(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) throw new XdrError(`${bytes.length} bytes are given where ${length} belong.`);
    this.raw(bytes);
    this.#pad(length);
  }

  /** As they are, without length or padding. */
  raw(bytes: Uint8Array): void {
    const start = this.#grow(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** What was written, without a copy. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #pad(length: number): void {
    const count = -length & 3;
    const start = this.#grow(count);
    this.#bytes.fill(0, start, start + count);
  }

  /** Makes room and says where it starts. Before `#bytes` is touched: it may be another one afterwards. */
  #grow(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    this.#length = needed;
    return start;
  }
}
