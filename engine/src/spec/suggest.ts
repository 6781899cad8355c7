import { quote } from "./display.ts";

/** Comparisons that all suggestions of one spec may take, so that a spec full of mistakes is still answered at once. */
const BUDGET = 200_000;

/** Finds what was probably meant. One for each spec: its work is bounded. */
export type Suggest = (word: string, candidates: Iterable<string>) => string | undefined;

export function createSuggest(budget: number = BUDGET): Suggest {
  let left = budget;
  return (word, candidates) => {
    let best: string | undefined;
    // One edit for each three characters, but never so many that any short word is near any other.
    let limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
    if (word.length > 64) return undefined;
    for (const candidate of candidates) {
      if (left-- <= 0) return best;
      if (candidate === word) continue;
      const distance = editDistance(word, candidate, limit);
      if (distance > limit) {
        if (best === undefined && word.length > 2 && (candidate.startsWith(`${word}_`) || candidate.startsWith(`${word}-`)))
          best = candidate;
        continue;
      }
      best = candidate;
      limit = distance - 1;
      if (limit < 0) return best;
    }
    return best;
  };
}

/** `Did you mean "x"?`, or nothing. */
export function didYouMean(word: string | undefined): string | undefined {
  return word === undefined ? undefined : `Did you mean ${quote(word)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours, `limit + 1` when there are more than the limit. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, beforeLast[j - 2]! + 1);
      row.push(edits);
      if (edits < least) least = edits;
    }
    if (least > limit) return limit + 1;
    [beforeLast, last] = [last, row];
  }
  return Math.min(last[b.length]!, limit + 1);
}
