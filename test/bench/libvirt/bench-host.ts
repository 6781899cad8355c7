import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AGENT_NODE_OPTIONS } from "../../../cli/src/service/unit.ts";
import { connect } from "../../../libvirt/src/index.ts";
import type { Connection } from "../../../libvirt/src/index.ts";
import { startLibvirtd } from "../../machine/support/libvirtd.ts";
import type { PrivateLibvirtd, PrivateLibvirtdOptions } from "../../machine/support/libvirtd.ts";
import { freePort, untilItAnswers } from "../../support/ghost.ts";
import type { AgentProcess } from "../../support/ghost.ts";

const BUNDLE = path.resolve(import.meta.dirname, "../../../dist/release/ghost.mjs");
/** Further options of Node for the agent: `--cpu-prof --cpu-prof-dir=/tmp/x` tells where its time goes. */
const MORE_OPTIONS = process.env["GHOST_BENCH_AGENT_OPTIONS"]?.split(" ") ?? [];

export type LibvirtUri = "qemu:///system" | "test:///default";

/** A libvirtd apart from the machine's, a connection to it, and the bundled agent over it once it is started. */
export interface BenchHost extends AsyncDisposable {
  readonly libvirtd: PrivateLibvirtd;
  /** What the agent's driver stands on, without the agent. */
  readonly libvirt: Connection;
  readonly dataDir: string;
  readonly imageDir: string;
  /** `unix:/…` of the agent. */
  readonly address: string;
  readonly metricsUrl: string;
  startAgent(): Promise<AgentProcess>;
  /** Writes the spec, each VM a line of YAML in braces, and gives its path. */
  spec(vms: Readonly<Record<string, string>>): Promise<string>;
}

export async function startBenchHost(uri: LibvirtUri, options?: PrivateLibvirtdOptions): Promise<BenchHost> {
  await using stack = new AsyncDisposableStack();
  const libvirtd = stack.use(await startLibvirtd(options));
  const libvirt = stack.use(await connect({ uri, socketPath: libvirtd.socketPath }));
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-bench-host-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [dataDir, imageDir, config] = [path.join(folder, "data"), path.join(folder, "images"), path.join(folder, "agent.yaml")];
  const address = `unix:${path.join(folder, "agent.sock")}`;
  const metricsPort = await freePort();
  await writeFile(
    config,
    `agent: { name: desk }\nhypervisor: libvirt\ndata_dir: ${dataDir}\n` +
      `libvirt: { uri: "${uri}?socket=${libvirtd.socketPath}", image_cache: ${imageDir} }\n` +
      `grpc: { listen_addr: "${address}" }\nmetrics: { listen_addr: "127.0.0.1:${metricsPort}" }\nhealth: { enabled: false }\n` +
      `logging: { output: stdout, level: warn }\n`,
  );
  const running = stack.move();
  return {
    libvirtd,
    libvirt,
    dataDir,
    imageDir,
    address,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    startAgent: async () => {
      const child = spawn(process.execPath, [...MORE_OPTIONS, BUNDLE, "agent", "run", "--config", config], {
        // As its service runs it.
        env: { ...process.env, NODE_OPTIONS: AGENT_NODE_OPTIONS },
        stdio: ["ignore", "pipe", "pipe"],
      });
      return running.use(await untilItAnswers(child, folder));
    },
    spec: async (vms) => {
      const file = path.join(folder, "ghost.yaml");
      const lines = Object.entries(vms).map(([name, vm]) => `  ${name}: ${vm}\n`);
      await writeFile(file, `ghost: 1\nstack: bench\nagents:\n  desk: { address: "${address}" }\nvms:\n${lines.join("")}`);
      return file;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
