import { createSuggest } from "@ghost/engine/suggest";

/** The candidate that was most likely meant, or undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  return createSuggest()(word, candidates);
}
