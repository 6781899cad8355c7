import { problem } from "@ghost/schemas";
import type { DiagnosticCode } from "@ghost/schemas";

/** Refuses what this version does not know, since a guess could do harm: "no known impact" would pass any ceiling. */
export function requireOneOf<T extends string>(value: string, allowed: readonly T[], code: DiagnosticCode, what: string): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw problem(code, `${what} is ${JSON.stringify(value)}, which this version of Ghost does not know; it knows ${allowed.join(", ")}.`, {
    hint: "Use the same version of Ghost on both sides.",
  });
}

/** Refuses an answer or request that lacks a part it must have. */
export function requirePart<T>(part: T | undefined, code: DiagnosticCode, what: string): T {
  if (part !== undefined) return part;
  throw problem(code, `${what} is missing.`, { hint: "Use the same version of Ghost on both sides." });
}
