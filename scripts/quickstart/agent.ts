import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ghostProgram, untilItAnswers } from "../../test/support/ghost.ts";
import { Stop } from "./errands.ts";
import { say, sayCommand } from "./tell.ts";

export interface Agent extends AsyncDisposable {
  /** For a spec. */
  readonly address: string;
  /** All that it keeps, disks of guests too. */
  readonly folder: string;
  /** The folder then stays where it is. */
  keepFolder(): void;
  /** The last that it wrote into its log. */
  lastWords(): Promise<string>;
}

/** Runs an agent over a libvirt; it and its folder are gone when the scope ends. */
export async function startAgent(uri: string): Promise<Agent> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-quickstart-"));
  await using parts = new AsyncDisposableStack();
  let isKept = false;
  parts.defer(async () => {
    if (!isKept) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  // QEMU, which is another user, passes through to the disks and cannot list it.
  await chmod(folder, 0o711);
  const config = path.join(folder, "agent.yaml");
  const text = `hypervisor: libvirt
data_dir: ${folder}
libvirt: { uri: "${uri}" }
logging: { output: file, format: text }
metrics: { enabled: false }
health: { enabled: false }
`;
  await writeFile(config, text);
  say(`${config}:\n${text.replaceAll(/^(?=.)/gm, "  ")}`);
  const args = ["agent", "run", "--config", config];
  sayCommand(["npx", "ghost", ...args, "&"]);
  const [program, words, options] = ghostProgram(args);
  // It ends with this process, however that ends; Ctrl-C is not for it: it has to remove the guest.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...words], {
    ...options,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  parts.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const closed = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await closed;
    }
  });
  try {
    await untilItAnswers(child, folder);
  } catch (reason) {
    throw new Stop(`The agent does not answer. ${reason instanceof Error ? reason.message : String(reason)}`, { cause: reason });
  }
  const whole = parts.move();
  return {
    address: `unix:${path.join(folder, "agent.sock")}`,
    folder,
    keepFolder: () => (isKept = true),
    lastWords: async () =>
      (await readFile(path.join(folder, "agent.log"), "utf8").catch(() => "")).split("\n").slice(-12).join("\n").trim(),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
