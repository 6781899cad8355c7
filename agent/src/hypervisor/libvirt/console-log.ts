/*
 * What machines write on their serial lines: one file each, which QEMU or virtlogd appends to all the time.
 *
 * (1) A file that grew over MOST_BYTES keeps its last part, in place: the writer has it open and appends.
 * (2) Who follows a file loses nothing by that, nor by virtlogd, which begins a new one at 2 MiB and calls the old one `.0`.
 * (3) Everything here is synchronous and in small pieces, so that (1) never comes between two halves of a read.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";

const MIB = 1024 * 1024;
const MOST_BYTES = 16 * MIB;
const KEPT_BYTES = 4 * MIB;
const TRIM_EVERY_MS = 30_000;
const POLL_MS = 200;
const PIECE_BYTES = 64 * 1024;

type LogOptions = NonNullable<Parameters<Hypervisor["consoleLog"]>[1]>;

export interface LogBounds {
  readonly mostBytes: number;
  readonly keptBytes: number;
}

/** The files of one folder, `UID.log`. */
export class ConsoleLogs implements Disposable {
  readonly #folder: string;
  readonly #bounds: LogBounds;
  readonly #timer: NodeJS.Timeout;
  /** How much of the front of a file was taken away, by path. */
  readonly #cut = new Map<string, number>();

  constructor(folder: string, bounds: LogBounds = { mostBytes: MOST_BYTES, keptBytes: KEPT_BYTES }) {
    this.#folder = folder;
    this.#bounds = bounds;
    this.#timer = setInterval(() => this.trim(), TRIM_EVERY_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** As `consoleLog` of a Hypervisor; following also ends when the file is removed. HOST_ERROR for a file that cannot be read. */
  async *read(uid: string, { tailBytes, follow = false, signal }: LogOptions = {}): AsyncGenerator<Uint8Array> {
    const path = join(this.#folder, `${uid}.log`);
    const older = sizeOf(`${path}.0`) ?? 0;
    const newer = sizeOf(path) ?? 0;
    const skip = tailBytes === undefined ? 0 : Math.max(0, older + newer - tailBytes);
    if (older > skip) yield* this.#readOn(`${path}.0`, skip, false, signal);
    yield* this.#readOn(path, Math.max(0, skip - older), follow, signal);
  }

  /** Cuts every file that has become too large. Files that cannot be cut stay as they are. */
  trim(): void {
    for (const name of namesIn(this.#folder)) {
      const path = join(this.#folder, name);
      if ((sizeOf(path) ?? 0) <= this.#bounds.mostBytes) continue;
      try {
        this.#cut.set(path, (this.#cut.get(path) ?? 0) + cutFront(path, this.#bounds.keptBytes));
      } catch {
        // Removed meanwhile, or of a user whose files this one may only read.
      }
    }
  }

  async *#readOn(path: string, from: number, follow: boolean, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let file: OpenFile | undefined;
    let wasThere = false;
    try {
      for (let missing = 0; signal?.aborted !== true; await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)) {
        const size = sizeOf(path);
        // Between its old name and its new file a log is missing for a moment.
        missing = size === undefined ? missing + 1 : 0;
        if (file === undefined && size !== undefined) {
          file = openFile(path);
          file.position = (wasThere ? 0 : from) + this.#cutOf(path);
          wasThere = true;
        }
        if (file !== undefined) {
          yield* this.#rest(path, file);
          if (file.inode !== inodeOf(path)) {
            // What was written between the last read and the change of names.
            yield* this.#rest(path, file);
            closeSync(file.descriptor);
            file = undefined;
            if (inodeOf(path) !== undefined && follow) continue;
          }
        }
        if (!follow || (wasThere && missing > 1)) return;
      }
    } finally {
      if (file !== undefined) closeSync(file.descriptor);
    }
  }

  /** From the position to the end, as far as that is now. */
  *#rest(path: string, file: OpenFile): Generator<Uint8Array> {
    for (;;) {
      const cut = file.inode === inodeOf(path) ? this.#cutOf(path) : 0;
      const at = Math.max(0, file.position - cut);
      // Somebody else emptied it: what is there is new.
      const start = at > fstatSync(file.descriptor).size ? 0 : at;
      const bytes = Buffer.alloc(PIECE_BYTES);
      const length = readSync(file.descriptor, bytes, 0, bytes.length, start);
      file.position = start + length + cut;
      if (length === 0) return;
      yield bytes.subarray(0, length);
    }
  }

  #cutOf(path: string): number {
    return this.#cut.get(path) ?? 0;
  }
}

interface OpenFile {
  readonly descriptor: number;
  readonly inode: number;
  /** Counted from the front that the file had before anything was cut. */
  position: number;
}

function openFile(path: string): OpenFile {
  try {
    const descriptor = openSync(path, "r");
    return { descriptor, inode: fstatSync(descriptor).ino, position: 0 };
  } catch (reason) {
    const detail = reason instanceof Error ? reason.message : String(reason);
    throw problem(
      "HOST_ERROR",
      `What the machine wrote on its console cannot be read: ${detail}.`,
      {
        hint: "The hypervisor writes that file; the agent must run as a user who may read it.",
      },
      { cause: reason },
    );
  }
}

/** Moves the last part to the front and cuts the rest off. Gives how much is gone. */
function cutFront(path: string, keptBytes: number): number {
  const file = openSync(path, "r+");
  try {
    const gone = fstatSync(file).size - keptBytes;
    const bytes = Buffer.alloc(PIECE_BYTES);
    // What is appended meanwhile is moved too: only what comes between the last read and the cut, microseconds, is lost.
    for (let at = 0; ;) {
      const length = readSync(file, bytes, 0, bytes.length, gone + at);
      if (length === 0) {
        ftruncateSync(file, at);
        return gone;
      }
      writeSync(file, bytes, 0, length, at);
      at += length;
    }
  } finally {
    closeSync(file);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
