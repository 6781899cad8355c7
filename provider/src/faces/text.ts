import type { Value } from "../protocol6/value.ts";

/** The text of an attribute, for messages and comparisons; empty for what is none: null, or not known yet. */
export function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A clause as the beginning of a sentence. */
export function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
