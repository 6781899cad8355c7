/** The real terraform as a process, and what it says, as data. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Surroundings {
  /** Folder of the configuration. */
  readonly dir: string;
  /** Where terraform finds the provider: TF_CLI_CONFIG_FILE or TF_REATTACH_PROVIDERS. */
  readonly env: NodeJS.ProcessEnv;
  /** Default a minute. */
  readonly commandTimeoutMs?: number;
}

/** A diagnostic as terraform's own JSON has it; `code` is the line of the configuration that it points at. */
export interface Told {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  /** Address of the resource. */
  readonly address?: string;
  /** The source lines it points at, and within them what is underlined. */
  readonly code?: string;
  readonly underlined?: string;
}

export interface Outcome {
  readonly command: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly told: readonly Told[];
  /** Planned action by address: create, update, delete, replace, noop, move, import, forget, read. */
  readonly changes: Readonly<Record<string, string>>;
  /** What changed outside of terraform, by address. */
  readonly drift: Readonly<Record<string, string>>;
}

/** File of terraform's and the provider's log, within the folder of the configuration. */
const LOG_FILE = "terraform.log";
/** What no healthy command comes near. */
const COMMAND_TIMEOUT_MS = 60_000;

/** A user's surroundings without what would reach a network, a registry or the developer's own configuration. */
function environment({ dir, env }: Surroundings): NodeJS.ProcessEnv {
  const nowhere = "http://127.0.0.1:9";
  return {
    PATH: process.env["PATH"],
    HOME: dir,
    TMPDIR: dir,
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    TF_LOG: "debug",
    TF_LOG_PATH: path.join(dir, LOG_FILE),
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    ...env,
  };
}

/** Starts `terraform ARGS`. Its process group is its own, as a terminal's job has. */
export function spawnTerraform(args: readonly string[], surroundings: Surroundings): ChildProcess {
  return spawn("terraform", args, {
    cwd: surroundings.dir,
    env: environment(surroundings),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs `terraform ARGS` to its end, whatever that is. */
export async function terraform(args: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  return await outcomeOf(spawnTerraform(args, surroundings), args, surroundings.commandTimeoutMs);
}

/** Waits for the process. */
export async function outcomeOf(child: ChildProcess, args: readonly string[], timeoutMs: number = COMMAND_TIMEOUT_MS): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const timer = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), timeoutMs);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { command: `terraform ${args.join(" ")}`, code, stdout, stderr, ...interpret(stdout) };
}

/** Everything that is of use when a command did not end as it should. */
export function explain(outcome: Outcome, { dir }: Surroundings): string {
  const said = outcome.told.length > 0 ? outcome.told.map(toldText).join("\n") : outcome.stdout;
  const main = path.join(dir, "main.tf");
  const log = path.join(dir, LOG_FILE);
  const tail = existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(-15).join("\n") : "";
  return [
    `${outcome.command} ended with ${outcome.code}`,
    said,
    outcome.stderr,
    `changes: ${JSON.stringify(outcome.changes)} drift: ${JSON.stringify(outcome.drift)}`,
    `--- main.tf\n${existsSync(main) ? readFileSync(main, "utf8") : ""}`,
    `--- end of the log\n${tail}`,
  ].join("\n");
}

function toldText({ severity, address, summary, detail, code }: Told): string {
  return `${severity}${address === undefined ? "" : ` ${address}`}: ${summary}: ${detail}${code === undefined ? "" : `\n  at: ${code.trim()}`}`;
}

interface Event {
  readonly type?: string;
  readonly diagnostic?: RawDiagnostic;
  readonly diagnostics?: readonly RawDiagnostic[];
  readonly change?: { readonly action: string; readonly resource: { readonly addr: string } };
}

interface RawDiagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
  readonly snippet?: { readonly code: string; readonly highlight_start_offset: number; readonly highlight_end_offset: number };
}

function interpret(stdout: string): Pick<Outcome, "told" | "changes" | "drift"> {
  const told: Told[] = [];
  const changes: Record<string, string> = {};
  const drift: Record<string, string> = {};
  for (const event of eventsOf(stdout)) {
    const raw = event.diagnostic === undefined ? (event.diagnostics ?? []) : [event.diagnostic];
    told.push(...raw.map(toTold));
    if (event.change === undefined) continue;
    if (event.type === "planned_change") changes[event.change.resource.addr] = event.change.action;
    if (event.type === "resource_drift") drift[event.change.resource.addr] = event.change.action;
  }
  return { told, changes, drift };
}

/** `-json` gives either one document or an event a line; other output has none. */
function eventsOf(stdout: string): readonly Event[] {
  if (!stdout.startsWith("{")) return [];
  try {
    return [JSON.parse(stdout) as Event];
  } catch {
    return stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Event);
  }
}

function toTold({ severity, summary, detail = "", address, snippet }: RawDiagnostic): Told {
  return {
    severity,
    summary,
    detail,
    ...(address !== undefined && { address }),
    ...(snippet !== undefined && {
      code: snippet.code,
      underlined: snippet.code.slice(snippet.highlight_start_offset, snippet.highlight_end_offset),
    }),
  };
}
