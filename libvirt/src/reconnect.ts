/*
 * down → connecting → up → down → …, until it is closed
 * (1) One attempt at a time. A call made while it is down makes one at once and fails with its error; between calls
 *     attempts are made with growing pauses.
 * (2) A call that was in flight when the connection was lost fails (source `disconnected`). It is not repeated: whether
 *     libvirt has done it, only the one who made it can find out.
 * (3) What was subscribed to is asked for again before `up` is told. What happened while it was down is not told:
 *     whoever keeps a picture of the domains reads them again on every `up`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Calls } from "../gen/types.ts";
import { connect } from "./connection.ts";
import type { ConnectOptions, Connection } from "./connection.ts";
import { connectionError } from "./error.ts";
import type { DomainEventKind, DomainEventOf, EventSource } from "./events/event.ts";
import type { ByteStream, CallOptions, Caller } from "./rpc/caller.ts";
import { safely } from "./rpc/safely.ts";

export interface ReconnectOptions extends Omit<ConnectOptions, "signal"> {
  /** Before the second attempt; doubled after each that fails. Default 100. */
  readonly firstPauseMs?: number;
  /** Default 10,000. */
  readonly longestPauseMs?: number;
  /** Told of every change, and of every attempt that failed. */
  readonly onState?: (state: ConnectionState) => void;
}

export type ConnectionState = { readonly state: "up" } | { readonly state: "down"; readonly reason: unknown };

interface Subscription {
  attach(connection: Connection): Promise<void>;
  stop?: () => Promise<void>;
  /** Nobody listens any more, whatever is still being asked for. */
  isOver: boolean;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** A connection that comes back by itself. It is being made when this returns; calls wait for it. */
export function keepConnected(options: ReconnectOptions = {}): LastingConnection {
  return new LastingConnection(options);
}

export class LastingConnection implements Caller, EventSource, AsyncDisposable {
  readonly #options: ReconnectOptions;
  readonly #closing = new AbortController();
  readonly #subscriptions = new Set<Subscription>();
  #connection: Connection | undefined;
  #attempt: Promise<Connection> | undefined;
  #isRetrying = false;
  #pauseMs: number;

  constructor(options: ReconnectOptions) {
    this.#options = options;
    this.#pauseMs = options.firstPauseMs ?? FIRST_PAUSE_MS;
    // Its failure is told to onState, and to whoever calls meanwhile.
    this.#ready().catch(() => {});
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  async call<K extends keyof Calls>(name: K, args: Calls[K]["args"], options: CallOptions = {}): Promise<Calls[K]["ret"]> {
    return await (await this.#readyWithin(options)).call(name, args, options);
  }

  async openStream<K extends keyof Calls>(name: K, args: Calls[K]["args"], options: CallOptions = {}): Promise<ByteStream> {
    return await (await this.#readyWithin(options)).openStream(name, args, options);
  }

  /** Fails when libvirt cannot be reached now; once made it outlives every loss of the connection. */
  async subscribe<K extends DomainEventKind>(
    kinds: readonly K[],
    listener: (event: DomainEventOf<K>) => void,
  ): Promise<() => Promise<void>> {
    const connection = await this.#ready();
    const subscription: Subscription = {
      isOver: false,
      attach: async (to) => {
        subscription.stop = await to.subscribe(kinds, (event) => subscription.isOver || listener(event));
        if (subscription.isOver) await subscription.stop();
      },
    };
    await subscription.attach(connection);
    this.#subscriptions.add(subscription);
    return async () => {
      subscription.isOver = true;
      this.#subscriptions.delete(subscription);
      await subscription.stop?.();
    };
  }

  /** Ends it for good; calls in flight fail. Safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(connectionError("closed", "The connection was closed by this side."));
    await this.#attempt?.catch(() => {});
    await this.#connection?.[Symbol.asyncDispose]();
  }

  /** The caller's limits hold for the wait too. */
  async #readyWithin({ signal, timeoutMs }: CallOptions): Promise<Connection> {
    const ready = this.#ready();
    if (this.#connection !== undefined || (signal === undefined && !Number.isFinite(timeoutMs))) return await ready;
    const limits = new AbortController();
    const waits: Promise<never>[] = [];
    const wait = (ms: number | undefined, by: AbortSignal | undefined): void => {
      if (by !== undefined) waits.push(rejectedBy(by, limits.signal));
      if (ms !== undefined && Number.isFinite(ms)) {
        const late = connectionError("timeout", `Libvirt was not reached within ${ms / 1000} s.`);
        waits.push(sleep(ms, undefined, { signal: limits.signal }).then(() => Promise.reject(late)));
      }
    };
    wait(timeoutMs, signal);
    try {
      return await Promise.race([ready, ...waits]);
    } finally {
      for (const waiting of waits) waiting.catch(() => {});
      limits.abort();
    }
  }

  async #ready(): Promise<Connection> {
    this.#closing.signal.throwIfAborted();
    if (this.#connection !== undefined) return this.#connection;
    this.#attempt ??= this.#open().finally(() => (this.#attempt = undefined));
    return await this.#attempt;
  }

  async #open(): Promise<Connection> {
    let connection: Connection | undefined;
    try {
      connection = await connect({ ...this.#options, signal: this.#closing.signal });
      for (const subscription of this.#subscriptions) await subscription.attach(connection);
      // A failure as any other: it may have ended in the meantime.
      if (connection.end !== undefined) throw connection.end;
    } catch (reason) {
      await connection?.[Symbol.asyncDispose]();
      if (!this.#closing.signal.aborted) {
        this.#tell({ state: "down", reason });
        void this.#retry();
      }
      throw reason;
    }
    this.#connection = connection;
    this.#pauseMs = this.#options.firstPauseMs ?? FIRST_PAUSE_MS;
    connection.onEnd((reason) => {
      this.#connection = undefined;
      if (this.#closing.signal.aborted) return;
      this.#tell({ state: "down", reason });
      void this.#retry();
    });
    this.#tell({ state: "up" });
    return connection;
  }

  async #retry(): Promise<void> {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    try {
      while (this.#connection === undefined && !this.#closing.signal.aborted) {
        await sleep(this.#pauseMs, undefined, { signal: this.#closing.signal });
        this.#pauseMs = Math.min(2 * this.#pauseMs, this.#options.longestPauseMs ?? LONGEST_PAUSE_MS);
        await this.#ready().catch(() => {});
      }
    } catch {
      // Closed while it slept.
    } finally {
      this.#isRetrying = false;
    }
  }

  #tell(state: ConnectionState): void {
    safely(() => this.#options.onState?.(state));
  }
}

/** Rejects with the signal's reason; `until` takes the listener off again. */
function rejectedBy(signal: AbortSignal, until: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: until });
  });
}
