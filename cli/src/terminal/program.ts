/** Other programs on this terminal. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { problem } from "@ghost/schemas";
import type { Session } from "./session.ts";

/**
 * Runs a program with this process's terminal and gives its exit code, 128 and the signal's number when one ended it.
 * PROGRAM_MISSING when the program is not installed.
 */
export async function runProgram(program: string, args: readonly string[], session: Session): Promise<number> {
  const child = spawn(program, args, { stdio: "inherit", env: session.env, cwd: session.cwd });
  const stop = (): void => void child.kill("SIGTERM");
  session.stop.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          problem(
            "PROGRAM_MISSING",
            error.code === "ENOENT"
              ? `The program "${program}" is not installed.`
              : `The program "${program}" cannot be run: ${error.message}.`,
            { hint: "Install it, or put the folder that has it on PATH." },
            { cause: error },
          ),
        ),
      );
      child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    session.stop.removeEventListener("abort", stop);
  }
}
