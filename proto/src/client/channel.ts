/*
 * One connection to one server, for any service.
 *
 * (1) A question ends at its deadline at the latest. A stream may last; its connection, and the first sign of an
 *     answer, must be there within the connection's timeout.
 * (2) Nothing waits for a reconnect: a call over a connection that cannot be made fails at once.
 * (3) An aborted call throws the signal's reason; anything else is what the owner of the channel makes of it.
 */
import { Client, connectivityState, Metadata } from "@grpc/grpc-js";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import type { CallFacts } from "./errors.ts";
import type { Target } from "./target.ts";

/** A method of a generated service definition. */
export interface Method<Q, R> {
  readonly path: string;
  readonly requestSerialize: (value: Q) => Buffer;
  readonly responseDeserialize: (value: Buffer) => R;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Instead of the connection's timeout, for a question that takes long to answer. */
  readonly timeoutMs?: number | undefined;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** The stream may be silent from its start. */
  readonly quiet?: boolean;
}

/** A call on which both sides speak as they like. */
export interface Duplex<Q> {
  send(request: Q): void;
  /** Nothing more is sent; what was asked for is still answered. */
  end(): void;
}

export interface DuplexListener<R> {
  readonly onAnswer: (response: R) => void;
  /** The last that is heard: with the error when the call broke or was given up. */
  readonly onEnd: (error: Error | undefined) => void;
}

/** A call on which each side speaks as fast as the other listens. */
export interface Talk<Q, R> {
  /** What is answered, to the end of the call; its failure is thrown. Whoever leaves early cancels the call. */
  readonly answers: AsyncGenerator<R, void, undefined>;
  /** Resolves when more can be sent; at once after the call has ended. */
  readonly send: (request: Q) => Promise<void>;
}

export interface Channel extends AsyncDisposable {
  unary<Q, R>(method: Method<Q, R>, request: Q, options?: CallOptions): Promise<R>;
  /** The call starts when the first item is asked for, and is cancelled when the reader leaves. */
  stream<Q, R>(method: Method<Q, R>, request: Q, options?: StreamOptions): AsyncGenerator<R, void, undefined>;
  /** The call starts at once. */
  duplex<Q, R>(method: Method<Q, R>, listener: DuplexListener<R>): Duplex<Q>;
  /** The call starts at once. */
  talk<Q, R>(method: Method<Q, R>, options?: Pick<StreamOptions, "signal">): Talk<Q, R>;
  close(): void;
}

const MESSAGE_MAX_BYTES = 256 * 1024 * 1024;

const OPTIONS = {
  "grpc.max_receive_message_length": MESSAGE_MAX_BYTES,
  "grpc.max_send_message_length": MESSAGE_MAX_BYTES,
  // These are machines of one's own: a proxy of the environment is never meant for them.
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  // Closing this connection then closes its socket, whoever else talks to the same agent.
  "grpc.use_local_subchannel_pool": 1,
  // A host that vanishes sends nothing: only a ping finds out.
  "grpc.keepalive_time_ms": 15_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  // The default of 64 KiB a round trip makes large snapshots slow over distance.
  "grpc-node.flow_control_window": 4 * 1024 * 1024,
} as const;

export interface ChannelOptions {
  readonly target: Target;
  /** How long connecting may take, and a question where it says nothing else. */
  readonly timeoutMs: number;
  /** What a failed call throws. */
  readonly toError: (error: ServiceError, facts: CallFacts) => Error;
}

/** Connects with the first call. */
export function createChannel({ target, timeoutMs: connectTimeoutMs, toError }: ChannelOptions): Channel {
  const client = new Client(target.uri, target.credentials, { ...OPTIONS, ...target.options });
  const isConnected = (): boolean => client.getChannel().getConnectivityState(false) === connectivityState.READY;

  function unary<Q, R>(method: Method<Q, R>, request: Q, { signal, timeoutMs = connectTimeoutMs }: CallOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          guard?.stop();
          signal?.removeEventListener("abort", cancel);
          if (error === null) return resolve(response as R);
          if (signal?.aborted === true) return reject(signal.reason);
          const late = guard?.isLate ?? false;
          reject(
            toError(error, {
              path: method.path,
              connected: isConnected(),
              late,
              timeoutMs: late ? connectTimeoutMs : timeoutMs,
            }),
          );
        },
      );
      const cancel = (): void => call.cancel();
      const guard = timeoutMs > connectTimeoutMs ? new Guard(connectTimeoutMs, isConnected, cancel) : undefined;
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  async function* stream<Q, R>(
    method: Method<Q, R>,
    request: Q,
    { signal, quiet = false }: StreamOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    signal?.throwIfAborted();
    const call = client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request, new Metadata());
    yield* answersOf(method, call, { signal, quiet });
  }

  async function* answersOf<Q, R>(
    method: Method<Q, R>,
    call: ClientReadableStream<R>,
    { signal, quiet = false }: StreamOptions,
  ): AsyncGenerator<R, void, undefined> {
    let answered = false;
    const cancel = (): void => call.cancel();
    const guard = new Guard(connectTimeoutMs, () => answered || (quiet && isConnected()), cancel);
    call.on("metadata", () => (answered = true));
    // After the reader has left, the end of the call is nobody's problem.
    call.on("error", () => {});
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      yield* call as AsyncIterable<R>;
    } catch (reason) {
      signal?.throwIfAborted();
      throw toError(reason as ServiceError, {
        path: method.path,
        connected: isConnected(),
        late: guard.isLate,
        timeoutMs: connectTimeoutMs,
      });
    } finally {
      guard.stop();
      signal?.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  function duplex<Q, R>(method: Method<Q, R>, { onAnswer, onEnd }: DuplexListener<R>): Duplex<Q> {
    const call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, new Metadata());
    let answered = false;
    let ended = false;
    const guard = new Guard(
      connectTimeoutMs,
      () => answered,
      () => call.cancel(),
    );
    const end = (error: ServiceError | undefined): void => {
      guard.stop();
      if (ended) return;
      ended = true;
      onEnd(error && toError(error, { path: method.path, connected: isConnected(), late: guard.isLate, timeoutMs: connectTimeoutMs }));
    };
    call.on("metadata", () => (answered = true));
    call.on("data", onAnswer);
    call.on("error", (error: ServiceError) => end(error));
    call.on("end", () => end(undefined));
    return {
      send: (request) => void call.write(request),
      end: () => call.end(),
    };
  }

  function talk<Q, R>(method: Method<Q, R>, { signal }: Pick<StreamOptions, "signal"> = {}): Talk<Q, R> {
    signal?.throwIfAborted();
    const call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, new Metadata());
    // Told to whoever reads the answers.
    call.on("error", () => {});
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    call.on("status", () => end());
    return {
      answers: answersOf(method, call, { signal }),
      // What is on its way when the call ends is never reported back.
      send: (request) => Promise.race([over, new Promise<void>((resolve) => call.write(request, () => resolve()))]),
    };
  }

  return {
    unary,
    stream,
    duplex,
    talk,
    close: () => client.close(),
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

/** Gives up a call that is not well under way in time. */
class Guard {
  isLate = false;
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, isFine: () => boolean, cancel: () => void) {
    this.#timer = setTimeout(() => {
      if (isFine()) return;
      this.isLate = true;
      cancel();
    }, timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
