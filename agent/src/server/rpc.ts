/** How every call is answered: counted, its errors translated once, its caller free to leave. */
import { once } from "node:events";
import { Metadata } from "@grpc/grpc-js";
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from "@grpc/grpc-js";
import { GRPC_STATUS } from "@ghost/proto";
import { serviceError } from "@ghost/proto/server";
import { GhostError } from "@ghost/schemas";

export interface RpcEvent {
  /** `ghost.host.v1.HostService`. */
  readonly service: string;
  readonly method: string;
  /** Name of the gRPC status: `OK`, `NOT_FOUND`. */
  readonly code: string;
  /** It may have changed something. */
  readonly mutating: boolean;
}

export interface RpcMonitor {
  /** Told of every call that ended. */
  readonly onRpc?: (event: RpcEvent) => void;
  /** Told of what is a bug of the agent, beside what the caller is told. */
  readonly onBug?: (reason: unknown) => void;
}

/** Calls that are being answered, and when the last one ended. */
export class Traffic {
  #open = 0;
  #lastMs = performance.now();
  readonly #closing = new AbortController();

  /** Aborts when the server closes: streams without an end of their own end then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Calls that are being answered. */
  get open(): number {
    return this.#open;
  }

  /** How long nothing has been asked; 0 while something is. */
  get idleMs(): number {
    return this.#open > 0 ? 0 : performance.now() - this.#lastMs;
  }

  begin(): () => void {
    this.#open++;
    return () => {
      this.#open--;
      this.#lastMs = performance.now();
    };
  }
}

/** Why a stream ends whose caller has gone; one for all, since every call that ends makes use of it. */
const LEFT = new GhostError([{ code: "OPERATION_CANCELLED", severity: "error", detail: "The caller left." }]);

/** Makes the handlers of one service. */
export class Handlers {
  readonly #service: string;
  readonly #traffic: Traffic;
  readonly #monitor: RpcMonitor;

  constructor(service: string, traffic: Traffic, monitor: RpcMonitor) {
    this.#service = service;
    this.#traffic = traffic;
    this.#monitor = monitor;
  }

  unary<Q, R>(
    method: string,
    kind: "reads" | "changes",
    answer: (request: Q, call: ServerUnaryCall<Q, R>) => R | Promise<R>,
  ): handleUnaryCall<Q, R> {
    return (call, reply) => {
      const end = this.#begin(method, kind);
      void Promise.resolve()
        .then(() => answer(call.request, call))
        .then(
          (response) => {
            end("OK");
            reply(null, response);
          },
          (reason: unknown) => {
            const error = this.#translate(reason);
            end(codeName(error.code));
            reply(error);
          },
        );
    };
  }

  /** The answer has been given when the promise resolves; its signal aborts when the caller leaves. */
  streaming<Q, R>(
    method: string,
    kind: "reads" | "changes",
    answer: (request: Q, call: ServerWritableStream<Q, R>, signal: AbortSignal) => Promise<void>,
  ): handleServerStreamingCall<Q, R> {
    return (call) => this.#lasting(method, kind, call, (signal) => answer(call.request, call, signal));
  }

  /** As `streaming`, of a call on which the caller goes on speaking: one call, whatever is said. */
  talking<Q, R>(
    method: string,
    kind: "reads" | "changes",
    answer: (call: ServerDuplexStream<Q, R>, signal: AbortSignal) => Promise<void>,
  ): handleBidiStreamingCall<Q, R> {
    return (call) => this.#lasting(method, kind, call, (signal) => answer(call, signal));
  }

  /**
   * Many requests over one call, each answered on its own and counted as a call of its own. What one throws, `refuse`
   * tells; the call ends when the caller asks for no more and the last answer was given.
   */
  conversing<Q, R>(
    method: string,
    kind: "reads" | "changes",
    answer: (request: Q, call: ServerDuplexStream<Q, R>, signal: AbortSignal) => Promise<void>,
    refuse: (request: Q, reason: GhostError, call: ServerDuplexStream<Q, R>) => void,
  ): handleBidiStreamingCall<Q, R> {
    return (call) => {
      const endCall = this.#traffic.begin();
      const left = new AbortController();
      let open = 1;
      const close = (): void => {
        if (--open > 0) return;
        endCall();
        if (!left.signal.aborted) call.end();
      };
      let isOver = false;
      /** The caller asks for no more, or is gone. */
      const over = (): void => {
        if (isOver) return;
        isOver = true;
        close();
      };
      const leave = (): void => {
        left.abort(LEFT);
        over();
      };
      call.on("cancelled", leave);
      call.on("error", leave);
      call.on("end", over);
      // The caller is to know that it is being listened to.
      call.sendMetadata(new Metadata());
      call.on("data", (request: Q) => {
        open++;
        const end = this.#begin(method, kind);
        void answer(request, call, left.signal)
          .then(
            () => end("OK"),
            (reason: unknown) => {
              if (left.signal.aborted) return end("CANCELLED");
              const error = this.#translate(reason);
              end(codeName(error.code));
              refuse(request, GhostError.from(reason), call);
            },
          )
          .then(close);
      });
    };
  }

  #lasting<Q, R>(
    method: string,
    kind: "reads" | "changes",
    call: ServerWritableStream<Q, R> | ServerDuplexStream<Q, R>,
    answer: (signal: AbortSignal) => Promise<void>,
  ): void {
    const end = this.#begin(method, kind);
    const left = new AbortController();
    call.on("cancelled", () => left.abort(LEFT));
    void answer(left.signal).then(
      () => {
        end("OK");
        call.end();
      },
      (reason: unknown) => {
        if (left.signal.aborted) return end("CANCELLED");
        const error = this.#translate(reason);
        end(codeName(error.code));
        call.emit("error", error);
      },
    );
  }

  #begin(method: string, kind: "reads" | "changes"): (code: string) => void {
    const end = this.#traffic.begin();
    return (code) => {
      end();
      this.#monitor.onRpc?.({ service: this.#service, method, code, mutating: kind === "changes" });
    };
  }

  #translate(reason: unknown): ReturnType<typeof serviceError> {
    if (!(reason instanceof GhostError)) this.#monitor.onBug?.(reason);
    return serviceError(reason);
  }
}

/** Tells the caller, and waits until they take more. Waits no longer once the signal aborts. */
export async function tellInTime<Q, R>(
  call: ServerWritableStream<Q, R> | ServerDuplexStream<Q, R>,
  response: R,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || call.write(response)) return;
  await once(call, "drain", { signal }).catch((reason: unknown) => {
    if (!signal.aborted) throw reason;
  });
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(GRPC_STATUS).map(([name, code]) => [code, name]));

function codeName(code: number): string {
  return NAMES.get(code) ?? "UNKNOWN";
}
