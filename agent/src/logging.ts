import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import type { LogConfig } from "./config/agent-config.ts";
import { LogFile } from "./log-file.ts";

export type { Logger } from "pino";

export interface Log extends Disposable {
  readonly logger: Logger;
}

/** Opens the agent's log. Throws AGENT_START when its file cannot be written. */
export function openLog(config: LogConfig, stdout: DestinationStream = standardOutput()): Log {
  const file = config.file === undefined ? undefined : new LogFile(config.file);
  const outputs = [...(config.stdout ? [stdout] : []), ...(file === undefined ? [] : [file])];
  const write = (line: string): void => {
    const shown = config.format === "text" ? toText(line) : line;
    for (const output of outputs) output.write(shown);
  };
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: hideSecrets },
    },
    { write },
  );
  // pino asks no formatter for what a child is made with.
  const { child } = logger; // oxlint-disable-line typescript/unbound-method -- called with its own `this`, below
  logger.child = function (this: Logger, bindings: object, options?: object) {
    return child.call(this, hideSecrets(bindings), options);
  } as typeof child;
  return { logger, [Symbol.dispose]: () => file?.[Symbol.dispose]() };
}

/** Whoever read the output may go: that ends no agent. */
function standardOutput(): DestinationStream {
  const destination = pino.destination({ dest: 1, sync: true });
  destination.on("error", () => {});
  return destination;
}

/** Values under these names are never written, however deep they are. `user_data` is text of people, with whatever they put there. */
const SECRET = new Set(["secrets", "password", "user_data", "userData", "authorization", "token"]);
const MAX_DEPTH = 8;

function hideSecrets(fields: object): Record<string, unknown> {
  return withoutSecrets(fields) as Record<string, unknown>;
}

function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth > MAX_DEPTH) return "[…]";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [name, SECRET.has(name) ? "[hidden]" : withoutSecrets(own, depth + 1)]),
  );
}

/** `2026-01-31T12:00:00.000Z INFO  message key=value`; control characters of a value cannot reach a terminal. */
function toText(line: string): string {
  const {
    time,
    level,
    msg = "",
    err,
    ...fields
  } = JSON.parse(line) as Record<string, unknown> & {
    readonly msg?: string;
    readonly err?: { readonly message?: string; readonly stack?: string };
  };
  const pairs = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  const error = err === undefined ? "" : ` error=${JSON.stringify(err.message)}`;
  const message = msg.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
  return `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${message}${pairs.join("")}${error}\n`;
}
