import { REMOTE_AUTH_NONE, REMOTE_AUTH_POLKIT } from "../gen/constants.ts";
import type { Calls } from "../gen/types.ts";
import { connectionError } from "./error.ts";
import type { LibvirtError } from "./error.ts";
import { EventHub } from "./events/hub.ts";
import type { DomainEventKind, DomainEventOf, EventSource } from "./events/event.ts";
import type { ByteStream, CallOptions, Caller } from "./rpc/caller.ts";
import { Session } from "./rpc/session.ts";
import type { SessionOptions } from "./rpc/session.ts";
import { connectSocket, socketPaths } from "./socket.ts";

export interface ConnectOptions extends SessionOptions {
  /** `qemu:///system`, `qemu:///session`, `test:///default`. A parameter `socket` names the socket. Default `qemu:///system`. */
  readonly uri?: string;
  /** Instead of where the URI's daemon usually listens. */
  readonly socketPath?: string;
  /** Nothing can be changed over such a connection, and it needs fewer rights. */
  readonly readOnly?: boolean;
  /** Of connecting only. */
  readonly signal?: AbortSignal;
  /** Until libvirt has opened the URI; a first start of its driver takes seconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
}

/** Features that a side asks the other for before it uses them. Not part of the public headers: libvirt's src/libvirt_internal.h. */
const FEATURE_KEEP_ALIVE = 10;
const FEATURE_EVENT_CALLBACK = 15;
const FLAG_READ_ONLY = 1;
const CONNECT_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Connects to libvirt on this machine and opens a URI. Fails with a LibvirtError that says what to do. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const { uri = "qemu:///system", readOnly = false, socketPath, connectTimeoutMs = CONNECT_TIMEOUT_MS, signal } = options;
  const paths = socketPath === undefined ? socketPaths(uri, { readOnly }) : [socketPath];
  const session = new Session(await connectSocket(paths, signal), options);
  try {
    await handshake(session, bareUri(uri), readOnly, { timeoutMs: connectTimeoutMs, ...(signal !== undefined && { signal }) });
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return new Connection(session);
}

/** An open connection. It ends when libvirt does; see `keepConnected` for one that comes back. */
export class Connection implements Caller, EventSource, AsyncDisposable {
  readonly #session: Session;
  readonly #events: EventHub;

  constructor(session: Session) {
    this.#session = session;
    this.#events = new EventHub(session);
    session.onMessage((name, message) => this.#events.receive(name, message));
  }

  /** Why it ended; undefined while it is open. */
  get end(): LibvirtError | undefined {
    return this.#session.end;
  }

  /** Called once when it ends, whoever ends it. */
  onEnd(listener: (reason: LibvirtError) => void): void {
    this.#session.onEnd(listener);
  }

  call<K extends keyof Calls>(name: K, args: Calls[K]["args"], options?: CallOptions): Promise<Calls[K]["ret"]> {
    return this.#session.call(name, args, options);
  }

  openStream<K extends keyof Calls>(name: K, args: Calls[K]["args"], options?: CallOptions): Promise<ByteStream> {
    return this.#session.openStream(name, args, options);
  }

  subscribe<K extends DomainEventKind>(kinds: readonly K[], listener: (event: DomainEventOf<K>) => void): Promise<() => Promise<void>> {
    return this.#events.subscribe(kinds, listener);
  }

  /** Says goodbye and closes. Calls in flight fail. Safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Without it the server logs a broken connection. One that does not answer is left all the same.
    await this.#session.call("REMOTE_PROC_CONNECT_CLOSE", undefined, { timeoutMs: CLOSE_TIMEOUT_MS }).catch(() => {});
    await this.#session[Symbol.asyncDispose]();
  }
}

async function handshake(session: Session, uri: string, readOnly: boolean, options: CallOptions): Promise<void> {
  const ret = await session.call("REMOTE_PROC_AUTH_LIST", undefined, options);
  const { types } = ret;
  if (types.includes(REMOTE_AUTH_POLKIT)) await session.call("REMOTE_PROC_AUTH_POLKIT", undefined, options);
  else if (types.length > 0 && !types.includes(REMOTE_AUTH_NONE)) {
    throw connectionError(
      "connect",
      `Libvirt wants a log-in of a kind that is not supported here (${types.join(", ")}). Set auth_unix_rw to none or polkit.`,
    );
  }
  await session.call("REMOTE_PROC_CONNECT_SUPPORTS_FEATURE", { feature: FEATURE_KEEP_ALIVE }, options);
  await session.call("REMOTE_PROC_CONNECT_OPEN", { name: uri, flags: readOnly ? FLAG_READ_ONLY : 0 }, options);
  const { supported } = await session.call("REMOTE_PROC_CONNECT_SUPPORTS_FEATURE", { feature: FEATURE_EVENT_CALLBACK }, options);
  if (supported === 0)
    throw connectionError("connect", "This libvirt is too old: it cannot send the events of a callback to the one who asked for them.");
}

/** Parameters are for this side; libvirt itself would not know them. */
function bareUri(uri: string): string {
  return uri.replace(/\?.*$/, "").replace("+unix:", ":");
}
