import { problem } from "@ghost/schemas";
import { hostProblem } from "../link.ts";

/** What was done, as what is left when it cannot be undone (`the disk "data" is attached`), and how to undo it. */
export type Done = (left: string, undo: () => Promise<void>) => void;

/**
 * Steps of which all are done or none: when one fails, those before it are undone in the opposite order. The error says
 * what could not be undone.
 */
export async function undoable<T>(subject: string, steps: (done: Done) => Promise<T>): Promise<T> {
  const behind: { readonly left: string; readonly undo: () => Promise<void> }[] = [];
  try {
    return await steps((left, undo) => behind.push({ left, undo }));
  } catch (reason) {
    const left: string[] = [];
    for (const step of behind.toReversed()) await step.undo().catch(() => left.push(step.left));
    if (left.length === 0) throw reason;
    const [{ code, detail, hint, path }] = hostProblem(reason, subject).diagnostics;
    throw problem(
      code,
      `${detail} Not all of the change could be undone: ${left.join("; ")}.`,
      { ...(hint !== undefined && { hint }), ...(path !== undefined && { path }) },
      { cause: reason },
    );
  }
}
