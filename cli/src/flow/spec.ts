/** The spec of a command line: its files, its variables, and what is wrong with them. */
import type { Desired, SpecSource } from "@ghost/engine";
import { loadSpec, parseSpec } from "@ghost/engine";
import type { Diagnostic, Diagnostics } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { OptionValues } from "../command/command.ts";
import type { SPEC } from "../command/common-options.ts";
import type { Session } from "../terminal/session.ts";

export type SpecOptions = OptionValues<typeof SPEC>;

export interface ReadSpec {
  readonly desired: Desired;
  readonly sources: readonly SpecSource[];
}

/** Reads and checks the spec. Throws every problem it has; warnings are told. */
export async function readSpec(options: SpecOptions, session: Session): Promise<ReadSpec> {
  const sources = await loadSources(options.file, session);
  const files = options["var-file"].length === 0 ? [] : await loadVariables(options["var-file"], session);
  const { desired, diagnostics } = await parseSpec(sources, { cwd: session.cwd, env: session.env, variables: { cli: options.var, files } });
  if (desired === undefined) throw new GhostError(diagnostics as Diagnostics);
  session.report(diagnostics);
  return { desired, sources };
}

/** The text of files, folders and stdin. Throws what cannot be read. */
export async function loadSources(paths: readonly string[], session: Session): Promise<readonly SpecSource[]> {
  const stdin = paths.includes("-") ? await readStdin(session) : undefined;
  const { sources, diagnostics } = await loadSpec(paths, { cwd: session.cwd, ...(stdin !== undefined && { stdin }) });
  if (diagnostics.length > 0) throw new GhostError(diagnostics as readonly Diagnostic[] as Diagnostics);
  return sources;
}

/** The text of variables files. Throws what cannot be read, as no problem of the spec. */
async function loadVariables(paths: readonly string[], session: Session): Promise<readonly SpecSource[]> {
  try {
    return await loadSources(paths, session);
  } catch (reason) {
    const [first, ...others] = GhostError.from(reason).diagnostics;
    throw new GhostError([ofVariables(first), ...others.map(ofVariables)], { cause: reason });
  }
}

function ofVariables(found: Diagnostic): Diagnostic {
  if (found.code !== "SPEC_NOT_FOUND" && (found.code !== "SPEC_UNREADABLE" || found.at !== undefined)) return found;
  return {
    ...found,
    code: "USAGE",
    detail: `The variables file of --var-file cannot be used. ${found.detail}`,
    hint: "Give --var-file a YAML or JSON file with values of variables.",
  };
}

/** Everything on stdin; undefined when it is closed. */
export async function readStdin({ stdin }: Pick<Session, "stdin">): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin()) chunks.push(Buffer.from(chunk as Uint8Array | string));
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The same options again, for a command that is printed. */
export function specWords(options: SpecOptions): string {
  const words = [
    ...options.file.flatMap((file) => ["-f", file]),
    ...options["var-file"].flatMap((file) => ["--var-file", file]),
    ...options.var.flatMap((value) => ["--var", value]),
  ];
  return words.map((word) => ` ${quote(word)}`).join("");
}

/** A word as a shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
