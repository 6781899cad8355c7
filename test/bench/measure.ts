import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Sample {
  readonly wallMs: number;
  readonly code: number | null;
}

export interface Series {
  readonly name: string;
  readonly command: string;
  readonly samplesMs: readonly number[];
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are no failure. */
  readonly codes?: readonly number[];
  /** What counts is the first output on stdout; the process is ended then. */
  readonly untilOutput?: boolean;
}

/** Runs the command once as a whole process, output thrown away, and gives its wall-clock time. */
export async function runOnce(command: Command): Promise<Sample> {
  return command.untilOutput === true ? await runUntilOutput(command) : await runToItsEnd(command);
}

async function runUntilOutput({ argv: [program = "", ...args], cwd, env }: Command): Promise<Sample> {
  const startedAt = performance.now();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error(`${program} ended without a word`)))]);
  const wallMs = performance.now() - startedAt;
  child.kill("SIGTERM");
  await ended;
  return { wallMs, code: null };
}

async function runToItsEnd({ argv, cwd, env, codes = [0] }: Command): Promise<Sample> {
  const [program = "", ...args] = argv;
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, CI: "true", NO_COLOR: "1", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  const wallMs = performance.now() - startedAt;
  if (code === null || !codes.includes(code)) throw new Error(`${argv.join(" ")} ended with ${code}:\n${stderr}`);
  return { wallMs, code };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function toSeries(name: string, command: string, samplesMs: readonly number[]): Series {
  return { name, command, samplesMs, medianMs: median(samplesMs), minMs: Math.min(...samplesMs), maxMs: Math.max(...samplesMs) };
}

/** One warm-up, then `runs` counted runs. */
export async function time(name: string, command: Command, runs: number): Promise<Series> {
  await runOnce(command);
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) samples.push((await runOnce(command)).wallMs);
  return toSeries(name, command.argv.map((word) => path.basename(word)).join(" "), samples);
}

/** Commands in turn, A B A B …, so that a drift of the machine's speed hits all of them. */
export async function timeInTurn(
  commands: readonly { readonly name: string; readonly command: Command }[],
  runs: number,
): Promise<readonly Series[]> {
  const samples = commands.map(() => [] as number[]);
  for (const { command } of commands) await runOnce(command);
  for (let run = 0; run < runs; run += 1) {
    for (const [index, { command }] of commands.entries()) samples[index]?.push((await runOnce(command)).wallMs);
  }
  return commands.map(({ name, command }, index) =>
    toSeries(name, command.argv.map((word) => path.basename(word)).join(" "), samples[index] ?? []),
  );
}

/**
 * Peak resident memory in MB of the Node programs that a command is or starts, the largest of them; by a hook that each
 * writes at its end, and a run of its own, since the hook costs time.
 */
export async function peakRssMb(command: Command): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-rss-"));
  const file = `${JSON.stringify(`${dir}/`)} + process.pid`;
  const hook = `import fs from "node:fs"; process.on("exit", () => fs.writeFileSync(${file}, String(process.resourceUsage().maxRSS)));`;
  try {
    await runOnce({ ...command, env: { ...command.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` } });
    const peaks = await Promise.all((await readdir(dir)).map(async (name) => Number(await readFile(path.join(dir, name), "utf8")) / 1024));
    return Math.max(...peaks);
  } finally {
    await rm(dir, { recursive: true });
  }
}
