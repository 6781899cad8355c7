/*
 * (1) Calls are matched to answers by serial. Libvirt works on several at once and answers in any order: who needs an
 *     order waits for one answer before the next call.
 * (2) Whoever waits is told once: the answer, an error, the signal's reason, a timeout, or the end of the connection.
 * (3) A call that was sent holds its place at the server until its answer comes, waited for or not.
 * (4) What breaks the rules of the wire ends the connection: after that nothing on it can be trusted.
 * (5) After the end nothing is sent, and everything that waited has been told why.
 */
import type { Duplex } from "node:stream";
import { KEEPALIVE_PROC_PING, KEEPALIVE_PROC_PONG, KEEPALIVE_PROGRAM } from "../../gen/constants.ts";
import { procedures, shapes } from "../../gen/table.ts";
import type { Calls, Messages, virNetMessageError } from "../../gen/types.ts";
import { LibvirtError, connectionError } from "../error.ts";
import { codecsOf } from "../xdr/codec.ts";
import { XdrError } from "../xdr/xdr-error.ts";
import type { XdrReader } from "../xdr/reader.ts";
import type { ByteStream, CallOptions, Caller } from "./caller.ts";
import { KeepAliveTimer } from "./keep-alive.ts";
import type { KeepAlive } from "./keep-alive.ts";
import { PacketSplitter, decodePacket, encodePacket } from "./packet.ts";
import type { Packet } from "./packet.ts";
import type { Procedure } from "./procedure.ts";
import { CallQueue } from "./queue.ts";
import { safely } from "./safely.ts";
import { SessionStream } from "./stream.ts";

export interface SessionOptions {
  /** Default 120,000. */
  readonly callTimeoutMs?: number;
  /** Default every 5 s, 5 times; `false` never asks. */
  readonly keepAlive?: KeepAlive | false;
  /** Calls that are with the server at once; one less than its `max_client_requests`. Default 4. */
  readonly maxCallsInFlight?: number;
}

export type MessageListener = <K extends keyof Messages>(name: K, message: Messages[K]) => void;

interface Pending {
  readonly name: keyof Calls;
  readonly procedure: Procedure;
  readonly stream: OpeningStream | undefined;
  /** Undefined once whoever waited has been told. */
  settle: ((outcome: { readonly value: unknown } | { readonly error: unknown }) => void) | undefined;
}

interface OpeningStream {
  readonly stream: SessionStream;
  opened(serial: number): void;
  abort(): void;
}

const CALL_TIMEOUT_MS = 120_000;
const KEEP_ALIVE: KeepAlive = { intervalMs: 5_000, count: 5 };
const CALLS_IN_FLIGHT = 4;

const codec = codecsOf(shapes);
const messageNames = new Map(
  Object.entries(procedures).flatMap(([name, { program, number, msg }]) =>
    msg === undefined ? [] : [[`${program}:${number}`, { name: name as keyof Messages, msg }] as const],
  ),
);

/** libvirt's RPC over one socket that is connected. It knows calls, answers, messages and streams, and nothing of domains. */
export class Session implements Caller, AsyncDisposable {
  readonly #socket: Duplex;
  readonly #queue: CallQueue;
  readonly #callTimeoutMs: number;
  readonly #keepAlive: KeepAliveTimer | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Map<number, SessionStream>();
  readonly #messageListeners = new Set<MessageListener>();
  readonly #endListeners = new Set<(reason: LibvirtError) => void>();
  readonly #splitter = new PacketSplitter();
  /** Those that wait in line, to be told of the end. */
  readonly #inLine = new Set<Pending>();
  #serial = 0;
  #end: LibvirtError | undefined;

  constructor(
    socket: Duplex,
    { callTimeoutMs = CALL_TIMEOUT_MS, keepAlive = KEEP_ALIVE, maxCallsInFlight = CALLS_IN_FLIGHT }: SessionOptions = {},
  ) {
    this.#socket = socket;
    this.#callTimeoutMs = callTimeoutMs;
    this.#queue = new CallQueue(maxCallsInFlight);
    if (keepAlive !== false) {
      this.#keepAlive = new KeepAliveTimer(keepAlive, {
        ask: () => this.#sendKeepAlive(KEEPALIVE_PROC_PING),
        giveUp: () => {
          const seconds = (keepAlive.intervalMs * keepAlive.count) / 1000;
          this.#finish(connectionError("disconnected", `Libvirt has not answered for ${seconds} s, not even to keep-alive questions.`));
        },
      });
    }
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#finish(connectionError("disconnected", "Libvirt closed the connection.")));
    socket.on("close", () => this.#finish(connectionError("disconnected", "The connection to libvirt was closed.")));
    socket.on("error", (cause) =>
      this.#finish(connectionError("disconnected", `The connection to libvirt broke: ${cause.message}`, { cause })),
    );
  }

  /** Why it ended; undefined while it is open. */
  get end(): LibvirtError | undefined {
    return this.#end;
  }

  /** Called for every message of the server. Gives how to stop. */
  onMessage(listener: MessageListener): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  /** Called once when the connection ends, whoever ends it. */
  onEnd(listener: (reason: LibvirtError) => void): void {
    if (this.#end === undefined) this.#endListeners.add(listener);
    else listener(this.#end);
  }

  async call<K extends keyof Calls>(name: K, args: Calls[K]["args"], options: CallOptions = {}): Promise<Calls[K]["ret"]> {
    return (await this.#start(name, args, undefined, options)) as Calls[K]["ret"];
  }

  async openStream<K extends keyof Calls>(name: K, args: Calls[K]["args"], options: CallOptions = {}): Promise<ByteStream> {
    let serial = 0;
    const send = (status: "continue" | "ok" | "error", bytes: Uint8Array): Promise<void> => {
      const { program, number } = procedures[name];
      const packet = encodePacket({ program, procedure: number, type: "stream", serial, status }, (writer) => writer.raw(bytes));
      return this.#write(packet);
    };
    const abort = (): void => {
      this.#streams.delete(serial);
      if (this.#end === undefined) send("error", new Uint8Array()).catch(() => {});
    };
    const stream = new SessionStream({
      send,
      abort,
      tooSlow: (bytes) =>
        connectionError("protocol", `Nobody read the stream of ${name} while ${bytes} bytes came. It was ended.`, { procedure: name }),
    });
    await this.#start(name, args, { stream, abort, opened: (given) => (serial = given) }, options);
    return stream;
  }

  /** Ends the connection; calls in flight fail. Safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish(connectionError("closed", "The connection was closed by this side."));
    if (!this.#socket.closed) await new Promise((resolve) => this.#socket.once("close", resolve));
  }

  async #start(
    name: keyof Calls,
    args: unknown,
    stream: OpeningStream | undefined,
    { signal, timeoutMs = this.#callTimeoutMs }: CallOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#end !== undefined) throw endOf(this.#end, name);
    const procedure = procedures[name];
    const serial = (this.#serial = (this.#serial % 0xffffffff) + 1);
    stream?.opened(serial);
    // Before it stands in line: what cannot be said is refused at once.
    const packet = this.#encode(name, procedure, serial, args);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const pending: Pending = {
      name,
      procedure,
      stream,
      settle: (outcome) => {
        pending.settle = undefined;
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      },
    };
    this.#inLine.add(pending);
    const leaveLine = this.#queue.enter(() => {
      this.#inLine.delete(pending);
      if (this.#end !== undefined) return;
      this.#pending.set(serial, pending);
      if (stream !== undefined) this.#streams.set(serial, stream.stream);
      this.#write(packet).catch(() => {});
    }, procedure.isHighPriority === true);
    const giveUp = (error: unknown): void => {
      if (leaveLine()) this.#inLine.delete(pending);
      pending.settle?.({ error });
    };
    const onAbort = (): void => giveUp(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => {
          const message = `${name} was not answered within ${timeoutMs / 1000} s. Libvirt may still do it.`;
          giveUp(connectionError("timeout", message, { procedure: name }));
        }, timeoutMs)
      : undefined;
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #encode(name: keyof Calls, procedure: Procedure, serial: number, args: unknown): Buffer {
    const { program, number, args: shape } = procedure;
    try {
      return encodePacket({ program, procedure: number, type: "call", serial, status: "ok" }, (writer) => {
        if (shape !== undefined) codec(shape).encode(writer, args, shape);
      });
    } catch (cause) {
      if (!(cause instanceof XdrError)) throw cause;
      throw connectionError("protocol", `${name} cannot be sent. ${cause.message}`, { cause, procedure: name });
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#keepAlive?.heard();
    try {
      for (const bytes of this.#splitter.push(chunk)) this.#dispatch(decodePacket(bytes));
    } catch (cause) {
      const error =
        cause instanceof LibvirtError
          ? cause
          : connectionError("protocol", `Libvirt sent what cannot be read: ${messageOf(cause)}`, { cause });
      this.#finish(error);
    }
  }

  #dispatch(packet: Packet): void {
    switch (packet.type) {
      case "reply":
        return this.#reply(packet);
      case "stream":
        return this.#streamData(packet);
      case "message":
        return packet.program === KEEPALIVE_PROGRAM ? this.#keepAliveMessage(packet) : this.#message(packet);
      case "call":
      case "other":
        throw new XdrError(`A packet of procedure ${packet.procedure} is of a type that was not asked for.`);
    }
  }

  #reply({ program, procedure, serial, status, payload }: Packet): void {
    const pending = this.#pending.get(serial);
    if (pending?.procedure.number !== procedure || pending.procedure.program !== program) {
      throw new XdrError(`An answer to procedure ${procedure} has the serial ${serial}, which is no call of that.`);
    }
    const value = status === "error" ? serverError(payload, pending.name) : decodeWhole(payload, pending.procedure.ret);
    this.#pending.delete(serial);
    if (value instanceof LibvirtError) {
      this.#streams.delete(serial);
      pending.settle?.({ error: value });
    } else if (pending.settle === undefined) {
      // Nobody waits any more: a stream that nobody knows of must not go on.
      pending.stream?.abort();
    } else {
      pending.settle({ value });
    }
    this.#queue.leave();
  }

  #streamData({ serial, status, payload }: Packet): void {
    const stream = this.#streams.get(serial);
    // Of one that this side has ended: what was on its way still comes.
    if (stream === undefined) return;
    if (status === "continue") return stream.push(Uint8Array.from(payload.rest()));
    this.#streams.delete(serial);
    if (status === "ok") stream.finish();
    else stream.finish(serverError(payload));
  }

  #message({ program, procedure, payload }: Packet): void {
    const known = messageNames.get(`${program}:${procedure}`);
    // Of a newer server.
    if (known === undefined) return;
    const message = decodeWhole(payload, known.msg) as Messages[keyof Messages];
    for (const listener of this.#messageListeners) safely(() => listener(known.name, message));
  }

  #keepAliveMessage({ procedure }: Packet): void {
    if (procedure === KEEPALIVE_PROC_PING) this.#sendKeepAlive(KEEPALIVE_PROC_PONG);
  }

  #sendKeepAlive(procedure: number): void {
    this.#write(encodePacket({ program: KEEPALIVE_PROGRAM, procedure, type: "message", serial: 0, status: "ok" })).catch(() => {});
  }

  /** Resolves when the socket takes more. */
  #write(packet: Uint8Array): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#socket.write(packet, (error) => (error ? reject(this.#end ?? error) : resolve())));
  }

  #finish(reason: LibvirtError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#keepAlive?.[Symbol.dispose]();
    this.#socket.destroy();
    const waiting = [...this.#pending.values(), ...this.#inLine];
    const streams = [...this.#streams.values()];
    this.#pending.clear();
    this.#inLine.clear();
    this.#streams.clear();
    for (const { settle, name } of waiting) settle?.({ error: endOf(reason, name) });
    for (const stream of streams) stream.finish(reason);
    for (const listener of this.#endListeners) safely(() => listener(reason));
    this.#endListeners.clear();
    this.#messageListeners.clear();
  }
}

/** One error per call: each names what was called. */
function endOf(reason: LibvirtError, procedure: string): LibvirtError {
  const { source, code, domain, message } = reason;
  return new LibvirtError({ source, code, domain, message, procedure }, { cause: reason });
}

function serverError(payload: XdrReader, procedure?: string): LibvirtError {
  const { code, domain, level, message } = decodeWhole(payload, "virNetMessageError") as virNetMessageError;
  return new LibvirtError({ source: "server", code, domain, level, message: message ?? "Libvirt gave no message.", procedure });
}

function decodeWhole(payload: XdrReader, shape: string | undefined): unknown {
  const value = shape === undefined ? undefined : codec(shape).decode(payload);
  payload.end();
  return value;
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
