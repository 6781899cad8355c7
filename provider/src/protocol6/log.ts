import { format } from "node:util";
import type { Log } from "./provider.ts";

type Level = "debug" | "info" | "warn" | "error";
const ORDER: readonly string[] = ["trace", "debug", "info", "warn", "error", "off"];

/**
 * Writes lines of the form that go-plugin's logger reads, to stderr. Below `TF_LOG_PROVIDER` or `TF_LOG` nothing is
 * written; without them, warnings and errors are.
 */
export function stderrLog(name: string, env: NodeJS.ProcessEnv): Log {
  const asked = (env["TF_LOG_PROVIDER"] || env["TF_LOG"] || "warn").toLowerCase();
  // "json" is everything, as a form of its own.
  const threshold = Math.max(0, ORDER.indexOf(asked === "json" ? "trace" : asked));
  const at = (level: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (ORDER.indexOf(level) < threshold) return;
    const line = { "@level": level, "@message": message, "@module": name, "@timestamp": new Date().toISOString(), ...fields };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Sends what anything prints with `console` to the log: stdout belongs to the handshake. */
export function redirectConsole(log: Log): void {
  const to =
    (level: Level) =>
    (...args: unknown[]) =>
      log[level](format(...args));
  Object.assign(console, {
    log: to("info"),
    info: to("info"),
    debug: to("debug"),
    trace: to("debug"),
    warn: to("warn"),
    error: to("error"),
  });
}
