import type { Calls } from "../../gen/types.ts";

export interface CallOptions {
  /** Ends the wait with the signal's reason. Libvirt cannot be told: it does what it was asked, and its answer is ignored. */
  readonly signal?: AbortSignal;
  /** How long to wait for the answer, in line included. Default: that of the connection. `Infinity` waits for ever. */
  readonly timeoutMs?: number;
}

/** For what moves memory or disks: it may take minutes, and a libvirt that hangs is noticed by keep-alive. */
export const UNHURRIED: CallOptions = { timeoutMs: Infinity };

/** Bytes both ways, of a console. Iterating it gives what the guest writes, until either side ends it. */
export interface ByteStream extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** Waits until the socket takes it. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it; safe to repeat. */
  close(): Promise<void>;
}

/** What the calls of this package need of a connection: one that is open, or one that comes back when it was lost. */
export interface Caller {
  call<K extends keyof Calls>(name: K, args: Calls[K]["args"], options?: CallOptions): Promise<Calls[K]["ret"]>;
  openStream<K extends keyof Calls>(name: K, args: Calls[K]["args"], options?: CallOptions): Promise<ByteStream>;
}
