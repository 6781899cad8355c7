import { setTimeout as sleepFor } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";

/** Time, so that tests need none. */
export interface Clock {
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  now(): Date;
}

export const systemClock: Clock = {
  sleep: (ms, signal) => sleepFor(ms, undefined, { signal, ref: false }),
  now: () => new Date(),
};

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** Calls up to three times, with pauses that double from 1 s to 10 s. What another attempt cannot help is thrown at once. */
export async function withAttempts<T>(call: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; ; attempt++, pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (reason) {
      if (attempt === ATTEMPTS || signal.aborted || !isPassing(reason)) throw reason;
    }
    await clock.sleep(pauseMs, signal);
  }
}

const PASSING: readonly number[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNKNOWN,
  status.CANCELLED,
];

/** An error that may be gone the next time. */
export function isPassing(reason: unknown): boolean {
  return PASSING.includes(codeOf(reason));
}

/** Ghost Core does not know the agent (any more). */
export function isUnknownAgent(reason: unknown): boolean {
  return codeOf(reason) === status.NOT_FOUND;
}

/** Nobody answered, so nothing was said about what was asked. */
export function isUnheard(reason: unknown): boolean {
  const code = codeOf(reason);
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED;
}

function codeOf(reason: unknown): number {
  return (reason as Partial<ServiceError>).code ?? -1;
}
