/**
 * Where a command's words go. stdout carries the result, stderr the talk; with `--json` stdout carries one JSON object
 * per line and nothing else.
 */
import type { WriteStream } from "node:fs";
import type { Diagnostic } from "@ghost/schemas";
import { escapeButColor, toJsonLine } from "../output/escape.ts";
import { renderDiagnostics } from "../output/diagnostics.ts";
import { makeStyle } from "../output/style.ts";
import type { Style } from "../output/style.ts";
import type { TerminalFacts } from "./facts.ts";

/** A stream as the session needs it; process.stdout and process.stderr are two. */
export interface Sink {
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
  readonly columns?: number;
}

export interface SessionOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Opened when it is first read. */
  readonly stdin: () => NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly facts: TerminalFacts;
  readonly json: boolean;
  readonly jsonInto?: WriteStream;
  /** Aborted by the first Ctrl-C: start nothing new. */
  readonly stop: AbortSignal;
  /** Aborted by the second Ctrl-C: leave at once. */
  readonly detach: AbortSignal;
}

export interface OutputView {
  readonly style: Style;
  /** Undefined where lines are not wrapped. */
  readonly columns: number | undefined;
}

export interface Session extends Omit<SessionOptions, "stdout" | "stderr" | "jsonInto"> {
  /** How the result and the talk look. */
  readonly result: OutputView;
  readonly talk: OutputView;
  readonly stderr: Sink;
  /** Part of the result, for people; silent with `--json`. */
  readonly print: (text: string) => void;
  /** Part of the result in a format that programs read (a spec, a schema, a script): never altered, `--json` or not. */
  readonly printRaw: (text: string) => void;
  /** What a machine wrote, as it is. Resolves when it was taken: true, or false when nobody reads any more. */
  readonly printBytes: (bytes: Uint8Array) => Promise<boolean>;
  /** Talk beside the result; silent with `--json`. */
  readonly say: (text: string) => void;
  /** One JSON object for `--json` and `--json-into`. */
  readonly emit: (event: object) => void;
  /** Problems: as talk for people, as `{"type":"diagnostic"}` lines for programs. */
  readonly report: (diagnostics: readonly Diagnostic[]) => void;
  /** Problems for people only, where a document that programs get has them already. */
  readonly tell: (diagnostics: readonly Diagnostic[]) => void;
}

export function openSession(options: SessionOptions): Session {
  const { facts, json } = options;
  const view = (sink: Sink, color: boolean, isTerminal: boolean): OutputView => ({
    style: makeStyle(color),
    columns: isTerminal ? (sink.columns ?? 80) : undefined,
  });
  const result = view(options.stdout, facts.colorOut, facts.stdoutIsTerminal);
  const talk = view(options.stderr, facts.colorErr, facts.stderrIsTerminal);
  const session: Session = {
    ...options,
    result,
    talk,
    print: (text) => {
      if (!json) options.stdout.write(escapeButColor(text));
    },
    printRaw: (text) => {
      options.stdout.write(text);
    },
    printBytes: (bytes) => new Promise((resolve) => options.stdout.write(bytes, (error) => resolve(error == null))),
    say: (text) => {
      if (!json) options.stderr.write(escapeButColor(text));
    },
    emit: (event) => {
      if (!json && options.jsonInto === undefined) return;
      const line = `${toJsonLine(event)}\n`;
      if (json) options.stdout.write(line);
      options.jsonInto?.write(line);
    },
    report: (diagnostics) => {
      if (diagnostics.length === 0) return;
      for (const diagnostic of diagnostics) session.emit({ type: "diagnostic", ...diagnostic });
      session.tell(diagnostics);
    },
    tell: (diagnostics) => {
      if (diagnostics.length > 0) session.say(`${renderDiagnostics(diagnostics, talk)}\n`);
    },
  };
  return session;
}
