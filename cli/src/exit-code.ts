/** What the process says to its caller. Only main.ts sets it. */
export const EXIT = {
  ok: 0,
  /** An error; an agent that cannot be reached is one. */
  error: 1,
  /** There are changes (`--detailed-exitcode`). */
  changes: 2,
  /** Done, but unreachable agents' objects stay unknown (`--partial`). */
  partial: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** One of EXIT, or that of a program whose command line the person gave. */
export type ExitCode = number;
