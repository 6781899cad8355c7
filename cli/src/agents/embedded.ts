/*
 * `embedded:DIR`: an agent over a simulated host, one detached process per folder.
 *
 * (1) Whoever finds nobody listening starts one; the agent's own lock lets only one of several live.
 * (2) Waiting ends when it answers, when the started process fails, or at the deadline; never by a fixed sleep.
 * (3) What the process said while it started goes into the error.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { embeddedSocketPath } from "@ghost/agent/embedded-path";
import type { GhostError } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { fsReason } from "../output/fs-error.ts";

const DEADLINE_MS = 20_000;
const POLL_MS = 15;
const SLOW_MS = 500;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 8;

export interface EmbeddedOptions {
  /** Aborts waiting; an agent that was started goes on. */
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  /** Called once when the agent that was started takes its time. */
  readonly onSlow?: () => void;
  /** After how long; half a second when not given. */
  readonly slowMs?: number;
  /** The program to run; this very one when not given. */
  readonly entry?: string;
}

/** Makes sure that the agent of a folder answers, and gives the path of its socket. Throws AGENT_START. */
export async function ensureEmbedded(dir: string, options: EmbeddedOptions = {}): Promise<string> {
  const socketPath = embeddedSocketPath(dir);
  if (await answers(socketPath)) return socketPath;
  await startAgent(dir, socketPath, options);
  return socketPath;
}

/** True when an agent has lived in the folder. */
export function hasAgent(dir: string): boolean {
  return existsSync(path.join(dir, "agent.db"));
}

/** True when something listens at the socket. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const say = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("connect", say(true));
    socket.once("error", say(false));
  });
}

async function startAgent(
  dir: string,
  socketPath: string,
  { signal, deadlineMs = DEADLINE_MS, entry = entryPath(), onSlow, slowMs = SLOW_MS }: EmbeddedOptions,
): Promise<void> {
  const logPath = path.join(dir, "start.log");
  const log = openLog(dir, logPath);
  const from = fstatSync(log).size;
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [entry, "agent", "run", "--embedded", dir, "--no-color"], {
      cwd: dir,
      detached: true,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
  let ended: string | undefined;
  child.once("error", (error) => (ended = error.message));
  child.once("exit", (code, killedBy) => (ended = killedBy === null ? `it ended with exit code ${code}` : `${killedBy} ended it`));
  child.unref();
  const begun = performance.now();
  const until = begun + deadlineMs;
  let tellsSlow = onSlow;
  while (!(await answers(socketPath))) {
    // Another one may have taken the folder first: then that one will answer.
    if (ended !== undefined && !isHeldByOther(dir, child.pid)) throw failed(dir, ended, logPath, from);
    if (performance.now() > until) throw failed(dir, `it does not answer after ${deadlineMs / 1000} s`, logPath, from);
    if (performance.now() - begun >= slowMs) {
      tellsSlow?.();
      tellsSlow = undefined;
    }
    await pause(POLL_MS, undefined, { signal });
  }
  // Ours came second: it must not take the folder later, when nobody expects an agent there.
  if (isHeldByOther(dir, child.pid)) child.kill();
}

/** True when a living process other than ours holds the folder; see the agent's lock. */
function isHeldByOther(dir: string, pid: number | undefined): boolean {
  try {
    const holder = Number(readFileSync(path.join(dir, "agent.pid"), "utf8").trim());
    process.kill(holder, 0);
    return holder !== pid;
  } catch {
    return false;
  }
}

function openLog(dir: string, logPath: string): number {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return openSync(logPath, "a", 0o600);
  } catch (error) {
    throw problem("AGENT_START", `The folder ${dir} of an embedded agent cannot be written: ${fsReason(error)}.`, {
      hint: "Give embedded: a folder that you may write.",
    });
  }
}

function failed(dir: string, why: string, logPath: string, from: number): GhostError {
  const said = logTail(logPath, from);
  return problem("AGENT_START", `The embedded agent of ${dir} did not start: ${why}.${said === "" ? "" : `\nIt said:\n${said}`}`, {
    hint: `See ${logPath}, or run it in the foreground: ghost agent run --embedded ${dir}`,
  });
}

/** The last lines that were written since `from`. */
function logTail(logPath: string, from: number): string {
  const file = openSync(logPath, "r");
  try {
    const size = fstatSync(file).size;
    const start = Math.max(from, size - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    readSync(file, bytes, 0, bytes.length, start);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  } finally {
    closeSync(file);
  }
}

/** bin/ghost.js of a checkout or package, the entry of the bundle that this is a chunk of, or the one file that is all of Ghost. */
function entryPath(): string {
  const candidates = ["../../bin/ghost.js", "./ghost.mjs", "../ghost.mjs"].map((relative) =>
    fileURLToPath(new URL(relative, import.meta.url)),
  );
  return candidates.find((candidate) => existsSync(candidate)) ?? fileURLToPath(import.meta.url);
}
