/*
 * A log file that does not outgrow its host.
 *
 * (1) Reaching its size, it is renamed to NAME-TIME.log and begun anew; no line is split.
 * (2) Renamed files older than the age are deleted: at the start, at each renaming, and once a day.
 * (3) A disk that is full loses log lines, never the agent. It is said once on stderr, and again after it worked.
 * (4) Lines are written at once: the last words of a crash are in the file.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { problem } from "@ghost/schemas";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface LogFileOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxAgeDays: number;
  /** For tests; Date.now. */
  readonly now?: () => number;
}

export class LogFile implements Disposable {
  readonly #options: Required<LogFileOptions>;
  #fd: number;
  #sizeBytes: number;
  #nextPruneMs = 0;
  #isBroken = false;

  /** Throws AGENT_START when the file cannot be written. */
  constructor(options: LogFileOptions) {
    this.#options = { now: Date.now, ...options };
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o750 });
      this.#fd = openSync(options.path, "a", 0o640);
    } catch (reason) {
      throw problem(
        "AGENT_START",
        `The log file ${options.path} cannot be written: ${messageOf(reason)}.`,
        { hint: "Set logging.file to a file that the agent may write, or logging.output: stdout." },
        { cause: reason },
      );
    }
    this.#sizeBytes = fstatSync(this.#fd).size;
    this.#pruneDaily();
  }

  write(line: string): void {
    const sizeBytes = Buffer.byteLength(line);
    try {
      if (this.#sizeBytes > 0 && this.#sizeBytes + sizeBytes > this.#options.maxBytes) this.#rotate();
      this.#pruneDaily();
      writeSync(this.#fd, line);
      this.#sizeBytes += sizeBytes;
      this.#isBroken = false;
    } catch (reason) {
      if (!this.#isBroken)
        process.stderr.write(`ghost agent: the log file ${this.#options.path} cannot be written: ${messageOf(reason)}\n`);
      this.#isBroken = true;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    const { path, now } = this.#options;
    renameSync(path, freeName(path, new Date(now())));
    const fd = openSync(path, "a", 0o640);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#sizeBytes = 0;
    this.#nextPruneMs = 0;
  }

  #pruneDaily(): void {
    const { path, maxAgeDays, now } = this.#options;
    if (now() < this.#nextPruneMs) return;
    this.#nextPruneMs = now() + DAY_MS;
    const folder = dirname(path);
    for (const name of readdirSync(folder)) {
      if (!isRotated(path, name)) continue;
      const file = join(folder, name);
      const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: now() };
      if (now() - mtimeMs > maxAgeDays * DAY_MS) rmSync(file, { force: true });
    }
  }
}

/** `agent-2026-01-31T12-00-00.000Z.log`, with a number where that is taken. */
function freeName(path: string, at: Date): string {
  const extension = extname(path);
  const stem = `${path.slice(0, path.length - extension.length)}-${at.toISOString().replaceAll(":", "-")}`;
  for (let number = 0; ; number++) {
    const name = `${stem}${number === 0 ? "" : `.${number}`}${extension}`;
    if (statSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}

const TIME = /^-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(?:\.\d+)?$/;

function isRotated(path: string, name: string): boolean {
  const extension = extname(path);
  const stem = basename(path, extension);
  return name.startsWith(stem) && name.endsWith(extension) && TIME.test(name.slice(stem.length, name.length - extension.length));
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
