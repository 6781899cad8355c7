import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { sayCommand, sayLine } from "./tell.ts";

const GHOST = path.resolve(import.meta.dirname, "../../cli/bin/ghost.js");

/** What ends a quickstart before its end, in words for a person. */
export class Stop extends Error {
  override readonly name = "Stop";
}

/**
 * Runs commands in the reader's terminal, one after the other, each said as it can be typed. `interrupt` asks the running
 * one to end, as Ctrl-C does; from then on none is run, and every call throws a Stop.
 */
export class Errands {
  /** For every command, beside this process's own. */
  readonly env: Record<string, string>;
  #isInterrupted = false;
  #interrupt = (): void => {};

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.env = { ...env };
  }

  interrupt(): void {
    this.#isInterrupted = true;
    this.#interrupt();
  }

  /** Between commands, where something else takes its time. */
  throwIfInterrupted(): void {
    if (this.#isInterrupted) throw new Stop("Interrupted.");
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** `npx ghost ARGS`. */
  async ghost(...args: readonly string[]): Promise<void> {
    this.throwIfInterrupted();
    sayCommand(["npx", "ghost", ...args]);
    await this.#start(`npx ghost ${args.join(" ")}`, [process.execPath, GHOST, ...args], "inherit");
  }

  /** A line as it is typed into a shell. */
  async run(line: string): Promise<void> {
    this.throwIfInterrupted();
    sayLine(line);
    await this.#start(line, ["sh", "-c", line], "inherit");
  }

  /** What a line prints, without a word about it. */
  async read(line: string): Promise<string> {
    return await this.#start(line, ["sh", "-c", line], "pipe");
  }

  async readGhost(...args: readonly string[]): Promise<string> {
    return await this.#start(`npx ghost ${args.join(" ")}`, [process.execPath, GHOST, ...args], "pipe");
  }

  async #start(shown: string, [program = "", ...args]: readonly string[], output: "inherit" | "pipe"): Promise<string> {
    this.throwIfInterrupted();
    // A session of its own: Ctrl-C at the terminal reaches it from here, and once.
    const child = spawn(program, args, { stdio: ["ignore", output, output], env: { ...process.env, ...this.env }, detached: true });
    this.#interrupt = () => void process.kill(-child.pid!, "SIGINT");
    let text = "";
    let talk = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (talk += chunk));
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    this.#interrupt = () => {};
    this.throwIfInterrupted();
    if (code !== 0) throw new Stop(`"${shown}" ended with ${code ?? signal}.${talk === "" ? "" : `\n${talk.trim()}`}`);
    return text;
  }
}
