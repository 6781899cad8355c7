/** Runs command lines inside the test's own process: quick, and with stand-ins for the terminal. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { openSimulatedHost } from "@ghost/agent";
import type { SimulatedHost } from "@ghost/agent";
import { runEmbedded } from "@ghost/agent/run";
import type { RunningAgent } from "@ghost/agent/run";
import { run } from "../main.ts";
import type { Program } from "../start.ts";
import type { Sink } from "../terminal/session.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON lines. */
  readonly events: readonly Record<string, unknown>[];
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Instead of input: a stream of its own. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Somebody sits there: input is what they type. */
  readonly isTerminal?: boolean;
  readonly stop?: AbortSignal;
  readonly detach?: AbortSignal;
  readonly program?: Program;
  /** Called with what is written, to either stream, as it is. */
  readonly onOutput?: (text: string) => void;
}

export async function ghost(
  argv: readonly string[],
  { cwd, env = {}, input = "", stdin, isTerminal = false, stop, detach, program = "ghost", onOutput }: RunOptions,
): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written): Sink & { readonly isTTY: boolean } => ({
    write(data, done) {
      const text = typeof data === "string" ? data : Buffer.from(data).toString();
      written[name] += text;
      onOutput?.(text);
      done?.();
      return true;
    },
    isTTY: isTerminal,
    columns: 100,
  });
  const never = new AbortController().signal;
  const code = await run(program, argv, {
    stdin: () => stdin ?? Readable.from(input === "" ? [] : [input]),
    stdinIsTTY: isTerminal,
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    // A dumb terminal asks and draws nothing.
    env: { PATH: process.env["PATH"], TERM: "dumb", ...env },
    cwd,
    interrupts: { stop: stop ?? never, detach: detach ?? never },
  });
  return {
    code,
    ...written,
    get events() {
      return written.stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}

export interface Lab extends AsyncDisposable {
  readonly cwd: string;
  /** Address of the agent by name, for a spec. */
  address(name: string): string;
  host(name: string): SimulatedHost;
  stopAgent(name: string): Promise<void>;
  write(file: string, text: string): Promise<void>;
  ghost(...argv: readonly string[]): Promise<Ran>;
  /** As somebody at a terminal who types `input`. */
  ask(input: string, ...argv: readonly string[]): Promise<Ran>;
}

/** A folder with agents over simulated hosts, all in this process. */
export async function openLab(...names: readonly string[]): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const cwd = await mkdtemp(path.join(tmpdir(), "ghost-cli-"));
  stack.defer(() => rm(cwd, { recursive: true, force: true }));
  const agents = new Map<string, RunningAgent>();
  for (const name of names) {
    const agent = await runEmbedded(path.join(cwd, name), { version: "0.1.0", handleSignals: false });
    if (agent === undefined) throw new Error(`another process serves ${name}`);
    stack.defer(() => agent.stop());
    agents.set(name, agent);
  }
  const owned = stack.move();
  return {
    cwd,
    address: (name) => agents.get(name)?.address ?? "",
    host: (name) => openSimulatedHost(path.join(cwd, name)),
    stopAgent: async (name) => agents.get(name)?.stop(),
    write: (file, text) => writeFile(path.join(cwd, file), text),
    ghost: (...argv) => ghost(argv, { cwd }),
    ask: (input, ...argv) => ghost(argv, { cwd, input, isTerminal: true }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
