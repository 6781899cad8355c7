import type { Value, Values } from "../../protocol6/value.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:[0-9]+(?:ms|s|m|h))+$/;

/** `1h30m` in milliseconds; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g)) sumMs += Number(amount) * UNIT_MS[unit!]!;
  return sumMs > 0 && sumMs < 2 ** 31 ? sumMs : undefined;
}

/** How long an action may take; undefined where nothing is set. */
export function toDurationMs(timeouts: Value, action: "create" | "update" | "delete"): number | undefined {
  const text = typeof timeouts === "object" && timeouts !== null ? (timeouts as Values)[action] : undefined;
  return typeof text === "string" ? parseDuration(text) : undefined;
}
