/**
 * A process starts here: finds the command, runs it, and says to the caller how it went. Only this file sets the exit
 * code.
 */
import { createWriteStream } from "node:fs";
import type { WriteStream } from "node:fs";
import { once } from "node:events";
import path from "node:path";
import { isatty } from "node:tty";
import type { Diagnostic } from "@ghost/schemas";
import { GhostError, problem } from "@ghost/schemas";
import { overviewHelp } from "./command/overview.ts";
import { parseArguments } from "./command/parse.ts";
import { route } from "./command/route.ts";
import { COMMANDS, GHOSTCTL_COMMANDS } from "./commands/index.ts";
import { EXIT } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Program } from "./start.ts";
import { terminalFacts } from "./terminal/facts.ts";
import { watchInterrupts } from "./terminal/interrupts.ts";
import type { Interrupts } from "./terminal/interrupts.ts";
import { openSession } from "./terminal/session.ts";
import type { Session, Sink } from "./terminal/session.ts";
import { watchWrites } from "./terminal/written.ts";
import type { WriteFailure } from "./terminal/written.ts";
import { renderDiagnostics } from "./output/diagnostics.ts";
import { fsReason } from "./output/fs-error.ts";
import { makeStyle } from "./output/style.ts";

/** Help is set for this width where no terminal says otherwise, and never wider than the second. */
const HELP_COLUMNS = 80;
const HELP_COLUMNS_MAX = 100;

interface OutputFlags {
  readonly json?: boolean;
  readonly "json-into"?: string | undefined;
  readonly "no-tty"?: boolean;
  readonly "no-color"?: boolean;
}

/** What a command line sees of the world; a test gives another one. */
export interface Surroundings {
  /** Opened when it is first read. */
  readonly stdin: () => NodeJS.ReadableStream;
  readonly stdinIsTTY: boolean;
  readonly stdout: Sink & { readonly isTTY?: boolean };
  readonly stderr: Sink & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly interrupts: Interrupts;
}

/** Runs a command line to its end and ends the process. */
export async function main(program: Program, argv: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  const failure = watchWrites({ "Standard output": stdout, "Standard error": stderr });
  const code = await run(program, argv, {
    stdin: () => process.stdin,
    stdinIsTTY: isatty(0),
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    interrupts: watchInterrupts(),
  });
  await Promise.all([stdout, stderr].map(flushed));
  const failed = failure();
  if (failed !== undefined) await tellFailure(failed, stderr);
  // Connections and timers that are left must not keep the caller waiting.
  process.exit(failed === undefined ? code : EXIT.error);
}

/** Says that the output is not whole: as text, for `--json` has no stream left to speak on. */
async function tellFailure(failure: Diagnostic, stderr: NodeJS.WriteStream): Promise<void> {
  stderr.write(renderDiagnostics([failure], { style: makeStyle(false), columns: undefined }));
  await flushed(stderr);
}

/** Runs a command line and gives its exit code. */
export async function run(program: Program, argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { interrupts, env } = surroundings;
  // Until the options are parsed, the bare words say how a mistake among them is shown.
  const bare = { json: argv.includes("--json"), "no-tty": argv.includes("--no-tty"), "no-color": argv.includes("--no-color") };
  let session = sessionFor(bare, surroundings);
  let jsonInto: WriteStream | undefined;
  let jsonFailure: WriteFailure | undefined;
  const end = async (code: ExitCode): Promise<ExitCode> => {
    await new Promise((resolve) => (jsonInto === undefined ? resolve(undefined) : jsonInto.end(resolve)));
    const failed = jsonFailure?.();
    if (failed === undefined) return code;
    session.report([failed]);
    return EXIT.error;
  };
  try {
    const entries = program === "ghostctl" ? GHOSTCTL_COMMANDS : COMMANDS;
    const found = route(entries, argv, program);
    const columns = Math.min(session.result.columns ?? HELP_COLUMNS, HELP_COLUMNS_MAX);
    if (found.kind === "help") {
      const help = overviewHelp(entries, program, found.prefix, columns);
      if (found.asked) session.printRaw(help);
      else session.stderr.write(help);
      return found.asked ? EXIT.ok : EXIT.error;
    }
    const command = await found.entry.load();
    const text = { usage: `${program} ${found.entry.name}`, summary: found.entry.summary };
    const invocation = parseArguments(command, found.rest, text);
    if (invocation === "help") {
      const { commandHelp } = await import("./command/help.ts");
      session.printRaw(await commandHelp(command, text, columns));
      return EXIT.ok;
    }
    const flags = invocation.options as OutputFlags;
    if (flags["json-into"] !== undefined) {
      jsonInto = await openJsonInto(flags["json-into"], surroundings.cwd);
      jsonFailure = watchWrites({ [`"${flags["json-into"]}"`]: jsonInto });
    }
    session = sessionFor(flags, surroundings, jsonInto);
    const running = command.run(invocation, session);
    return await end(await (command.graceful === true ? running : interruptible(running, interrupts.stop)));
  } catch (reason) {
    if (interrupts.stop.aborted && !(reason instanceof GhostError)) return end(EXIT.interrupted);
    session.report(GhostError.from(reason).diagnostics);
    if (env["GHOST_DEBUG"] === "1") console.error(reason);
    return end(EXIT.error);
  }
}

/** The command's exit code, or 130 as soon as Ctrl-C is pressed: what only reads can be left at any moment. */
function interruptible(running: Promise<ExitCode>, stop: AbortSignal): Promise<ExitCode> {
  const interrupted = new Promise<ExitCode>((resolve) => {
    stop.addEventListener("abort", () => resolve(EXIT.interrupted), { once: true });
  });
  return Promise.race([running, interrupted]);
}

function sessionFor(flags: OutputFlags, { interrupts, ...surroundings }: Surroundings, jsonInto?: WriteStream): Session {
  const { stdinIsTTY, stdout, stderr, env } = surroundings;
  const json = flags.json === true;
  const facts = terminalFacts({
    stdinIsTTY,
    stdoutIsTTY: stdout.isTTY === true,
    stderrIsTTY: stderr.isTTY === true,
    env,
    noTty: flags["no-tty"] === true,
    noColor: flags["no-color"] === true,
    json,
  });
  return openSession({ ...surroundings, facts, json, ...interrupts, ...(jsonInto !== undefined && { jsonInto }) });
}

async function openJsonInto(file: string, cwd: string): Promise<WriteStream> {
  const stream = createWriteStream(path.resolve(cwd, file));
  try {
    await once(stream, "open");
  } catch (error) {
    throw problem("FILE_NOT_WRITABLE", `"${file}" cannot be written: ${fsReason(error)}.`, {
      hint: "Give --json-into a file in a folder that exists.",
    });
  }
  return stream;
}

function flushed(stream: NodeJS.WriteStream): Promise<unknown> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve(undefined);
    else stream.write("", resolve);
  });
}
