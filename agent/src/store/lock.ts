import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import { keepPrivate, makePrivate } from "../private-file.ts";

/** For people and messages; the lock is what holds. */
const PID_FILE = "agent.pid";

/**
 * Makes this process the only agent of a data folder, until it disposes the lock or dies: the operating system
 * releases the lock of a killed process. Undefined when another agent has it, AGENT_START when the folder cannot be
 * used.
 */
export function lockDataDir(dir: string): Disposable | undefined {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (reason) {
    throw problem(
      "AGENT_START",
      `The data folder ${dir} cannot be made: ${textOf(reason)}.`,
      { hint: "Give the agent a folder that it may write to." },
      { cause: reason },
    );
  }
  let lock: DatabaseSync | undefined;
  try {
    const path = join(dir, "agent.lock");
    makePrivate(path);
    keepPrivate(path);
    lock = new DatabaseSync(path);
    // An open exclusive transaction of SQLite is a lock on the file; nothing is ever written to it.
    lock.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (reason) {
    lock?.close();
    if (!/locked/.test(textOf(reason)))
      throw problem(
        "AGENT_START",
        `The data folder ${dir} cannot be locked: ${textOf(reason)}.`,
        { hint: "Give the agent a folder that it may write to." },
        { cause: reason },
      );
    return undefined;
  }
  const held = lock;
  const pidPath = join(dir, PID_FILE);
  writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

/** The same, for whoever cannot go on without it. AGENT_START when another agent has it. */
export function requireDataDir(dir: string): Disposable {
  const lock = lockDataDir(dir);
  if (lock !== undefined) return lock;
  throw problem("AGENT_START", `Another agent${holder(dir)} works on the data folder ${dir}. Two would undo each other's work.`, {
    hint: "Stop that agent first, or give this one another data folder.",
  });
}

function holder(dir: string): string {
  try {
    return ` (process ${readFileSync(join(dir, PID_FILE), "utf8").trim()})`;
  } catch {
    return "";
  }
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
