/*
 * The serial line of a simulated machine: it greets with its name, says back what is typed, and keeps what it wrote.
 *
 * (1) The log is in `host.db`: every process that opens the host reads the same.
 * (2) Who has a console is known in this process only, as the console itself is.
 */
import type { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import { statement, transaction } from "../../sqlite.ts";
import type { DomainConsole } from "../driver.ts";
import type { DomainRow } from "./rows.ts";
import type { HostState } from "./state.ts";

/** Of each machine's log, the last part. */
const KEPT_BYTES = 64 * 1024;
/** How often a follower looks for what another process wrote, and a console whether its machine was stopped by one. */
const POLL_MS = 200;

/** What a machine writes when it starts; part of the transaction that starts it. */
export function logBoot(database: DatabaseSync, row: DomainRow): void {
  const { name, firmware, machine, vcpu, ramGb } = row.live ?? row.stored;
  const lines = [
    `Simulated ${firmware} on ${machine}: ${vcpu} processors, ${ramGb} GiB of memory`,
    ...Object.keys(row.stored.disks).map((disk) => `Disk ${disk}`),
    ...Object.entries(row.stored.nics).map(([card, { mac }]) => `Card ${card}: ${mac}`),
    `${name} is up`,
  ];
  appendLog(database, row.uid, Buffer.from(lines.map((line) => `${line}\r\n`).join("")));
}

export function dropLog(database: DatabaseSync, uid: string): void {
  statement(database, "DELETE FROM consoles WHERE uid = ?").run(uid);
}

function readLog(database: DatabaseSync, uid: string): { readonly log: Uint8Array; readonly written: number } {
  const row = statement(database, "SELECT log, written FROM consoles WHERE uid = ?").get(uid);
  return { log: row?.["log"] instanceof Uint8Array ? row["log"] : new Uint8Array(), written: Number(row?.["written"] ?? 0) };
}

function appendLog(database: DatabaseSync, uid: string, bytes: Uint8Array): void {
  const { log, written } = readLog(database, uid);
  statement(
    database,
    "INSERT INTO consoles (uid, log, written) VALUES (?, ?, ?) ON CONFLICT (uid) DO UPDATE SET log = excluded.log, written = excluded.written",
  ).run(uid, Buffer.concat([log, bytes]).subarray(-KEPT_BYTES), written + bytes.length);
}

/** The consoles that this process has opened. */
export class SimulatedConsoles implements Disposable {
  readonly #state: HostState;
  readonly #open = new Map<string, OpenConsole>();
  readonly #followers = new Set<() => void>();
  #stopListening: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(state: HostState) {
    this.#state = state;
  }

  open(uid: string, force: boolean): DomainConsole {
    const domain = this.#state.find(uid);
    if (domain === undefined) throw problem("HOST_ERROR", `The host has no machine with the id ${uid}.`);
    const { name } = domain.live;
    if (domain.startedAt === undefined)
      throw problem("VM_POWER_STATE", `VM "${name}" is ${domain.status}, so nobody is at its console.`, {
        hint: `Start it: ghost vm start ${name}. What it wrote: ghost vm logs ${name}`,
      });
    const before = this.#open.get(uid);
    if (before !== undefined && !force)
      throw problem("HOST_ERROR", `The console of "${name}" is open already.`, {
        hint: `Take it from whoever has it: ghost vm console ${name} --force`,
      });
    before?.end();
    const console = new OpenConsole({
      onOutput: (bytes) => this.#log(uid, bytes),
      onEnd: () => {
        if (this.#open.get(uid) === console) this.#open.delete(uid);
        this.#watch();
      },
    });
    this.#open.set(uid, console);
    this.#watch();
    console.say(`This is the console of ${name}.\r\n`);
    return console;
  }

  /** What is kept, or the end of it; with `follow` what comes as well, until the signal or until the machine is no more. */
  async *log(uid: string, { tailBytes, follow = false, signal }: LogOptions): AsyncGenerator<Uint8Array> {
    const { database } = this.#state;
    let { log, written } = readLog(database, uid);
    if (tailBytes !== undefined) log = log.subarray(Math.max(0, log.length - tailBytes));
    if (log.length > 0) yield log;
    while (follow && signal?.aborted !== true && !this.#isClosed && this.#state.find(uid) !== undefined) {
      const now = readLog(database, uid);
      const fresh = Math.min(now.written - written, now.log.length);
      written = now.written;
      if (fresh > 0) yield now.log.subarray(now.log.length - fresh);
      else await this.#untilWritten(signal);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const console of this.#open.values()) console.end();
    for (const wake of this.#followers) wake();
  }

  #log(uid: string, bytes: Uint8Array): void {
    const { database } = this.#state;
    transaction(database, () => appendLog(database, uid, bytes));
    for (const wake of this.#followers) wake();
  }

  async #untilWritten(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, POLL_MS);
    this.#followers.add(resolve);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#followers.delete(resolve);
  }

  /** Ends the consoles of machines that stop, as long as there are any. */
  #watch(): void {
    const isNeeded = this.#open.size > 0;
    if (isNeeded === (this.#timer !== undefined)) return;
    if (isNeeded) {
      this.#stopListening = this.#state.onChange(({ uid }) => this.#endIfDown(uid));
      this.#timer = setInterval(() => this.#state.refresh(), POLL_MS).unref();
    } else {
      this.#stopListening?.();
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #endIfDown(uid: string): void {
    if (this.#state.rowOf(uid)?.live === undefined) this.#open.get(uid)?.end();
  }
}

interface LogOptions {
  readonly tailBytes?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

const RETURN = 13;
const NEWLINE = 10;
const LINE_END = Buffer.from("\r\n");
/** Not read yet; from there on the machine takes nothing more. */
const MOST_WAITING_BYTES = 64 * 1024;

class OpenConsole implements DomainConsole {
  readonly #on: { readonly onOutput: (bytes: Uint8Array) => void; readonly onEnd: () => void };
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #last = 0;
  #isOver = false;
  #moved = Promise.withResolvers<void>();
  readonly output: AsyncIterable<Uint8Array>;

  constructor(on: { readonly onOutput: (bytes: Uint8Array) => void; readonly onEnd: () => void }) {
    this.#on = on;
    this.output = this.#read();
  }

  say(text: string | Uint8Array): void {
    const bytes = Buffer.from(text);
    this.#on.onOutput(bytes);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#move();
  }

  /** Said back as a terminal's other end does: each key as it comes, the end of a line as one. */
  async write(data: Uint8Array): Promise<void> {
    while (this.#waitingBytes > MOST_WAITING_BYTES && !this.#isOver) await this.#moved.promise;
    if (this.#isOver) throw problem("HOST_ERROR", "The console has ended.");
    const said: Uint8Array[] = [];
    for (const byte of data) {
      if (byte === RETURN || (byte === NEWLINE && this.#last !== RETURN)) said.push(LINE_END);
      else if (byte !== NEWLINE) said.push(Uint8Array.of(byte));
      this.#last = byte;
    }
    if (said.length > 0) this.say(Buffer.concat(said));
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#move();
    this.#on.onEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#waitingBytes -= next.length;
        this.#move();
        yield next;
      } else if (this.#isOver) return;
      else await this.#moved.promise;
    }
  }
}
