/** Whether what a command printed has arrived. */
import type { Diagnostic } from "@ghost/schemas";
import { fsReason } from "../output/fs-error.ts";

/** The first failure of some streams; undefined as long as there is none. */
export type WriteFailure = () => Diagnostic | undefined;

/**
 * Takes the errors of streams, so that none ends the process in the middle of its work. Who stops reading
 * (`ghost plan | head`) has what they want: that is no failure.
 */
export function watchWrites(streams: Readonly<Record<string, NodeJS.EventEmitter>>): WriteFailure {
  let failure: Diagnostic | undefined;
  for (const [name, stream] of Object.entries(streams)) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      failure ??= {
        code: "FILE_NOT_WRITABLE",
        severity: "error",
        detail: `${name} cannot be written: ${fsReason(error)}. What was printed is not whole.`,
        hint: "Make room, or print to another place.",
      };
    });
  }
  return () => failure;
}
