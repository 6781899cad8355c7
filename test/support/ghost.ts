import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = path.resolve(import.meta.dirname, "../..");
const BIN = process.env["GHOST_TEST_BIN"] ?? path.join(ROOT, "cli/bin/ghost.js");

export interface RunResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Given to the process; without it stdin is closed. */
  readonly input?: string;
}

/** A user's surroundings, without what the developer's own terminal would add. */
function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { CI: _ci, NO_COLOR: _noColor, FORCE_COLOR: _force, NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  return { ...env, ...extra };
}

/** How `ghost ARGS` is started as a user would: program, arguments, surroundings. */
export function ghostProgram(
  args: readonly string[],
  { cwd = ROOT, env }: RunOptions = {},
): readonly [string, readonly string[], { readonly cwd: string; readonly env: NodeJS.ProcessEnv }] {
  return [process.execPath, [BIN, ...args], { cwd, env: environment(env) }];
}

/** Starts `ghost ARGS` as a process of its own. */
export function spawnGhost(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const [command, words, surroundings] = ghostProgram(args, options);
  return spawn(command, words, { ...surroundings, stdio: ["pipe", "pipe", "pipe"] });
}

/** Runs `ghost ARGS` to its end. */
export async function ghost(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawnGhost(args, options);
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  return collect(child);
}

/** Waits for the process and gives what it printed. */
export async function collect(child: ChildProcess): Promise<RunResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** A folder that is removed when the scope ends. */
export async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-"));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

export interface AgentProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly dir: string;
  /** For a spec: `unix:/…`. */
  readonly address: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts an agent over a simulated host in `dir`, as an operating-system process of its own, and waits until it answers. */
export async function startAgent(dir: string, args: readonly string[] = []): Promise<AgentProcess> {
  return await untilItAnswers(spawnGhost(["agent", "run", "--embedded", dir, "--idle", "1h", ...args]), dir);
}

/** Waits for the agent whose socket is in `dir`; its words are told when it ends before. */
export async function untilItAnswers(child: ChildProcess, dir: string): Promise<AgentProcess> {
  let log = "";
  for (const stream of [child.stderr, child.stdout]) stream?.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
  const socket = path.join(dir, "agent.sock");
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`agent ended with ${child.exitCode}:\n${log}`);
    return answers(socket);
  }, `agent in ${dir}`);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill(signal);
    await closed;
  };
  return { process: child, dir, address: `unix:${socket}`, kill, [Symbol.asyncDispose]: () => kill("SIGKILL") };
}

async function answers(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Polls until the condition holds; fails after a minute, which no healthy run comes near. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await sleep(20);
  }
}

export interface ConfiguredAgent extends AgentProcess {
  readonly metricsUrl: string;
  readonly healthUrl: string;
}

/** Starts `ghost agent run --config` over a simulated host, with its HTTP addresses on ephemeral ports. */
export async function startConfiguredAgent(dir: string, extra = ""): Promise<ConfiguredAgent> {
  const [metricsPort, healthPort] = [await freePort(), await freePort()];
  const config = path.join(dir, "agent.yaml");
  await mkdir(dir, { recursive: true });
  await writeFile(
    config,
    `hypervisor: simulated\ndata_dir: ${path.join(dir, "data")}\nsimulated: { vcpu: 16, ram_gb: 64, disk_gb: 500 }\n` +
      `grpc: { listen_addr: "unix:${path.join(dir, "agent.sock")}" }\nmetrics: { listen_addr: "127.0.0.1:${metricsPort}" }\nhealth: { listen_addr: "127.0.0.1:${healthPort}" }\n` +
      `logging: { output: stdout }\n${extra}`,
  );
  const agent = await untilItAnswers(spawnGhost(["agent", "run", "--config", config]), dir);
  return { ...agent, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, healthUrl: `http://127.0.0.1:${healthPort}` };
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
