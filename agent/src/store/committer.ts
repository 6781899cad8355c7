import { close, fdatasync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import { statement } from "../sqlite.ts";

interface Pending {
  readonly work: () => void;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const sync = promisify(fdatasync);

/**
 * Commits writes in groups: what is asked for in one turn of the event loop, or while the disk is busy, shares one
 * transaction and one sync, so that a thousand VMs at once are not thousands of syncs.
 *
 * The database is to have `synchronous = NORMAL`: SQLite then appends to its write-ahead log without waiting for the
 * disk, and the wait happens here, in libuv's pool, with the event loop free. A promise resolves after that sync,
 * which is the moment at which `synchronous = FULL` would have returned.
 */
export class Committer {
  readonly #database: DatabaseSync;
  readonly #walPath: string | undefined;
  #fd: number | undefined;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** Without a path nothing is synced: a database in memory. */
  constructor(database: DatabaseSync, path?: string) {
    this.#database = database;
    this.#walPath = path === undefined ? undefined : `${path}-wal`;
  }

  /** Runs `work` in a transaction, soon. Resolves when it is on the disk; rejects with what `work` threw. */
  write(work: () => void): Promise<void> {
    if (this.#isClosed) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits for what is queued, then lets go of the file; what is asked for later is refused. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#isClosed = true;
    if (this.#fd !== undefined) await promisify(close)(this.#fd);
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const done: Pending[] = [];
      try {
        this.#commit(batch, done);
        await this.#sync();
      } catch (reason) {
        const error = writeError(reason);
        for (const { reject } of batch) reject(error);
        continue;
      }
      for (const { resolve } of done) resolve();
    }
    this.#running = undefined;
  }

  #commit(batch: readonly Pending[], done: Pending[]): void {
    const database = this.#database;
    statement(database, "BEGIN IMMEDIATE").run();
    try {
      for (const pending of batch) {
        statement(database, "SAVEPOINT one").run();
        try {
          pending.work();
          done.push(pending);
        } catch (reason) {
          statement(database, "ROLLBACK TO one").run();
          pending.reject(reason);
        }
        statement(database, "RELEASE one").run();
      }
      statement(database, "COMMIT").run();
    } catch (reason) {
      // A full disk may have ended the transaction already.
      if (database.isTransaction) statement(database, "ROLLBACK").run();
      throw reason;
    }
  }

  async #sync(): Promise<void> {
    if (this.#walPath === undefined) return;
    this.#fd ??= openSync(this.#walPath, "r+");
    await sync(this.#fd);
  }
}

function stopped(): GhostError {
  return problem("AGENT_STOPPING", "The agent has stopped: nothing more is put on record, and nothing is done that is not.", {
    hint: "Run the command again when the agent is back.",
  });
}

function writeError(reason: unknown): GhostError {
  const text = reason instanceof Error ? reason.message : String(reason);
  return problem(
    "AGENT_DATABASE",
    `The agent cannot write its database: ${text}. Nothing is done that is not on record.`,
    { hint: "Free space on the disk of the agent's data folder, then run the command again." },
    { cause: reason },
  );
}
