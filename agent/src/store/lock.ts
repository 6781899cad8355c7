import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";

/**
 * Makes this process the only agent of a data folder, until it disposes the lock or dies: the operating system
 * releases the lock of a killed process. AGENT_START when another agent has it.
 */
export function lockDataDir(dir: string): Disposable {
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
  const pidPath = join(dir, "agent.pid");
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dir, "agent.lock"));
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
    throw problem("AGENT_START", `Another agent${holder(pidPath)} works on the data folder ${dir}. Two would undo each other's work.`, {
      hint: "Stop that agent first, or give this one another data folder.",
    });
  }
  const held = lock;
  writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

function holder(pidPath: string): string {
  try {
    return ` (process ${readFileSync(pidPath, "utf8").trim()})`;
  } catch {
    return "";
  }
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
