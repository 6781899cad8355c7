import { open, readdir, stat } from "node:fs/promises";
import { isUtf8 } from "node:buffer";
import path from "node:path";
import type { Diagnostic, DiagnosticCode } from "@ghost/schemas";
import type { SpecSource } from "./source.ts";

export interface LoadOptions {
  /** The folder that paths are relative to, absolute. */
  readonly cwd: string;
  /** Text for the path `-`. */
  readonly stdin?: string;
  /** Largest file, 8 MiB by default: some 50,000 VMs. */
  readonly maxFileBytes?: number;
  /** All files together, 32 MiB by default. */
  readonly maxTotalBytes?: number;
}

export interface LoadedSpec {
  readonly sources: readonly SpecSource[];
  /** Files that are not there, too large or no text; then `sources` is not the whole spec. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Taken when no path is given, the first that is there. */
const DEFAULT_FILES = ["ghost.yaml", "ghost.yml"];
const MIB = 2 ** 20;
const MAX_FILE_BYTES = 8 * MIB;
const MAX_TOTAL_BYTES = 32 * MIB;

interface Loading {
  readonly options: LoadOptions;
  readonly sources: SpecSource[];
  readonly diagnostics: Diagnostic[];
  bytes: number;
}

/**
 * Reads the files of one spec: each path a file, a folder (its *.yaml and *.yml files, sorted) or `-`; without paths
 * `ghost.yaml`. Never throws for what is on the disk; a file beyond the limit is refused before it is read.
 */
export async function loadSpec(paths: readonly string[], options: LoadOptions): Promise<LoadedSpec> {
  const loading: Loading = { options, sources: [], diagnostics: [], bytes: 0 };
  for (const given of paths.length === 0 ? [await findDefault(options.cwd)] : new Set(paths)) {
    if (given === undefined)
      report(loading, "SPEC_NOT_FOUND", "This folder has no ghost.yaml.", "Start a spec with ghost init, or name one with -f FILE.");
    else if (given === "-") loadStdin(loading);
    else await loadPath(loading, given);
  }
  const { sources, diagnostics } = loading;
  return { sources, diagnostics };
}

async function findDefault(cwd: string): Promise<string | undefined> {
  for (const name of DEFAULT_FILES) {
    const found = await stat(path.join(cwd, name)).catch(() => undefined);
    if (found !== undefined) return name;
  }
  return undefined;
}

function loadStdin(loading: Loading): void {
  const { stdin, cwd } = loading.options;
  if (stdin === undefined)
    report(
      loading,
      "SPEC_NOT_FOUND",
      "A spec was to come from standard input, and nothing is there.",
      "Pipe the spec into the command, or name a file with -f FILE.",
    );
  else if (stdin.length > maxFileBytes(loading)) reportSize(loading, "standard input");
  else loading.sources.push({ file: "<stdin>", folder: cwd, text: stdin });
}

async function loadPath(loading: Loading, given: string): Promise<void> {
  const absolute = path.resolve(loading.options.cwd, given);
  try {
    if (!(await stat(absolute)).isDirectory()) return await loadFile(loading, given, absolute);
    const names = (await readdir(absolute)).filter((name) => /^[^.].*\.ya?ml$/u.test(name)).sort();
    if (names.length === 0)
      report(
        loading,
        "SPEC_NOT_FOUND",
        `The folder ${given} has no *.yaml or *.yml file.`,
        "Name the folder that has the spec with -f FOLDER.",
      );
    for (const name of names) {
      const file = path.join(absolute, name);
      if (!(await stat(file)).isDirectory()) await loadFile(loading, path.join(given, name), file);
    }
  } catch (reason) {
    reportReading(loading, given, reason);
  }
}

async function loadFile(loading: Loading, file: string, absolute: string): Promise<void> {
  const limit = Math.min(maxFileBytes(loading), (loading.options.maxTotalBytes ?? MAX_TOTAL_BYTES) - loading.bytes);
  try {
    const bytes = await readUpTo(absolute, limit);
    if (bytes === undefined) return reportSize(loading, file);
    loading.bytes += bytes.length;
    const text = decodeUtf8(bytes);
    if (typeof text === "string") loading.sources.push({ file, folder: path.dirname(absolute), text });
    else loading.diagnostics.push(notUtf8(file, bytes, text.at));
  } catch (reason) {
    reportReading(loading, file, reason);
  }
}

/** All bytes of the file; undefined when it has more than the limit. A pipe has no size, so what comes is counted. */
async function readUpTo(absolute: string, limit: number): Promise<Buffer | undefined> {
  await using file = await open(absolute, "r");
  if ((await file.stat()).size > limit) return undefined;
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, null);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > limit) return undefined;
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

/** The text, or where the first byte stands that is not UTF-8. */
function decodeUtf8(bytes: Buffer): string | { readonly at: number } {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let [valid, invalid] = [0, bytes.length];
  // A prefix may end inside a character; what is too much is given back below.
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isUtf8Prefix(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  while (!isUtf8(bytes.subarray(0, valid))) valid -= 1;
  return { at: valid };
}

function isUtf8Prefix(bytes: Buffer): boolean {
  for (let cut = 0; cut < 4 && cut <= bytes.length; cut++) if (isUtf8(bytes.subarray(0, bytes.length - cut))) return true;
  return false;
}

function notUtf8(file: string, bytes: Buffer, at: number): Diagnostic {
  const before = bytes.subarray(0, at).toString("utf8");
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return {
    code: "SPEC_UNREADABLE",
    severity: "error",
    detail: `${file} is not UTF-8 text${isUtf16 ? ": it is UTF-16" : ""}, so its characters cannot be told.`,
    hint: "Save it as UTF-8.",
    at: { file, line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") },
  };
}

function maxFileBytes({ options }: Loading): number {
  return options.maxFileBytes ?? MAX_FILE_BYTES;
}

function reportSize(loading: Loading, file: string): void {
  const mib = Math.floor(maxFileBytes(loading) / MIB);
  report(
    loading,
    "SPEC_TOO_LARGE",
    `${file} is larger than a spec may be (${mib} MiB a file, ${Math.floor((loading.options.maxTotalBytes ?? MAX_TOTAL_BYTES) / MIB)} MiB in all).`,
    "Name the right file, or use replicas and templates in place of generated text.",
  );
}

function reportReading(loading: Loading, file: string, reason: unknown): void {
  const code = (reason as NodeJS.ErrnoException).code;
  if (code === undefined) throw reason;
  if (code === "ENOENT")
    report(
      loading,
      "SPEC_NOT_FOUND",
      `There is no file or folder ${file}.`,
      "Give the path of the spec with -f FILE, or start one with ghost init.",
    );
  else
    report(
      loading,
      "SPEC_UNREADABLE",
      `${file} cannot be read (${code}).`,
      code === "EACCES" ? "Give yourself the permission to read it." : "Name a file or a folder with -f.",
    );
}

function report(loading: Loading, code: DiagnosticCode, detail: string, hint: string): void {
  loading.diagnostics.push({ code, severity: "error", detail, hint });
}
