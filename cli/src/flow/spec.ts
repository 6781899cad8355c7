/** The spec of a command line: its files, its variables, and what is wrong with them. */
import type { Desired } from "@ghost/engine";
import type { Diagnostics } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { OptionValues } from "../command/command.ts";
import type { SPEC } from "../command/common-options.ts";
import type { Session } from "../terminal/session.ts";

export type SpecOptions = OptionValues<typeof SPEC>;

/** Reads and checks the spec. Throws every problem it has; warnings are told. */
export async function readSpec(options: SpecOptions, session: Session): Promise<Desired> {
  const { loadSpec } = await import("@ghost/engine");
  const { desired, diagnostics } = await loadSpec(options.file, {
    cwd: session.cwd,
    env: session.env,
    variables: { cli: options.var, files: options["var-file"] },
    stdin: session.stdin,
  });
  if (desired === undefined) throw new GhostError(diagnostics as Diagnostics);
  session.report(diagnostics);
  return desired;
}

/** The same options again, for a command that is printed. */
export function specWords(options: SpecOptions): string[] {
  return [...options.file.flatMap((file) => ["-f", quote(file)]), ...options["var-file"].flatMap((file) => ["--var-file", quote(file)]), ...options.var.flatMap((value) => ["--var", quote(value)])];
}

/** A word as a shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
