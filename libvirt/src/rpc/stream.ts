import type { LibvirtError } from "../error.ts";
import type { ByteStream } from "./caller.ts";

/** Bytes that may wait for a reader. The socket is shared, so a slow one cannot be waited for. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
/** Of one packet. A daemon may be older than long packets. */
const MOST_PACKET_BYTES = 256 * 1024 - 24;

/** How a stream reaches the other side. */
export interface StreamWire {
  send(status: "continue" | "ok", bytes: Uint8Array): Promise<void>;
  /** Tells the server to drop it. */
  abort(): void;
  tooSlow(bytes: number): LibvirtError;
}

/** One stream of bytes on a connection. The session pushes what comes; a person iterates and writes. */
export class SessionStream implements ByteStream {
  readonly #wire: StreamWire;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #wake: (() => void) | undefined;
  /** Set at the end; its error, when it did not end well. */
  #end: { readonly error?: Error } | undefined;
  #isFinished = false;

  constructor(wire: StreamWire) {
    this.#wire = wire;
  }

  /** What the server sent; nothing at all is its way to say that nothing more comes. */
  push(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (bytes.length === 0) {
      // The guest's end is closed. The server waits to hear that this was understood before it lets go of the stream.
      this.#wire.send("ok", bytes).catch(() => {});
      return this.finish();
    }
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MOST_WAITING_BYTES) {
      this.#wire.abort();
      return this.finish(this.#wire.tooSlow(MOST_WAITING_BYTES));
    }
    this.#waiting.push(bytes);
    this.#wake?.();
  }

  /** Nothing more comes. */
  finish(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += MOST_PACKET_BYTES) {
      if (this.#end !== undefined) throw this.#end.error ?? new Error("The stream has ended.");
      await this.#wire.send("continue", bytes.subarray(start, start + MOST_PACKET_BYTES));
    }
  }

  async close(): Promise<void> {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const isOpen = this.#end === undefined;
    this.finish();
    // Aborted, not finished: a console has no last byte to wait for.
    if (isOpen) this.#wire.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          this.#waitingBytes -= next.length;
          yield next;
        } else if (this.#end !== undefined) {
          if (this.#end.error !== undefined) throw this.#end.error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      await this.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
