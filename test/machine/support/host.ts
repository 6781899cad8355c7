import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ghost as runGhost, ghostProgram, until, untilItAnswers } from "../../support/ghost.ts";
import type { AgentProcess, RunResult } from "../../support/ghost.ts";
import { guestImage } from "./guest-image.ts";
import { guestHttp } from "./http.ts";
import type { GuestHttp } from "./http.ts";
import { startLibvirtd } from "./libvirtd.ts";
import type { PrivateLibvirtd } from "./libvirtd.ts";
import { makeNetwork } from "./network.ts";
import { startProxy } from "./proxy.ts";
import type { LibvirtProxy } from "./proxy.ts";

const URI = "qemu:///system";

/** Of a VM in a spec. */
export type VmValues = Readonly<Record<string, unknown>>;

/** A host as a person has it: libvirt, its NAT network, an agent as a process, and `ghost` to talk to it. */
export interface TestHost extends AsyncDisposable {
  readonly libvirtd: PrivateLibvirtd;
  readonly http: GuestHttp;
  /** Between the agent and libvirtd. */
  readonly proxy: LibvirtProxy;
  /** Image of the test guest. */
  readonly image: string;
  /** The agent's data folder. */
  readonly dataDir: string;
  readonly imageDir: string;
  /** The folder of the spec. */
  readonly work: string;
  /** The agent that runs now. */
  agent(): AgentProcess;
  /** Ends the agent by a signal, if it runs, and waits until it is gone. */
  endAgent(signal: "TERM" | "KILL"): Promise<void>;
  /** Starts the agent, and waits until it answers. */
  startAgent(): Promise<void>;
  /** What `ghost ARGS` prints and ends with, in the folder of the spec. */
  ghost(...args: readonly string[]): Promise<RunResult>;
  /** The same when it must succeed: what it printed. */
  done(...args: readonly string[]): Promise<string>;
  /** Writes the spec: these VMs of the test guest with 1 GiB each, waited for, and these values. The agent is `desk`. */
  spec(vms: Readonly<Record<string, VmValues>>): Promise<void>;
  /** Makes a domain behind the agent's back. */
  define(xml: string): Promise<void>;
  /** What `virsh ARGS` prints. */
  virsh(...args: readonly string[]): Promise<string>;
  /** Address that libvirt's network gave the first card of a machine; waits until it has. */
  address(name: string): Promise<string>;
  /** As when the power fails and comes back: libvirtd and the agent start again. */
  reboot(): Promise<void>;
}

export interface TestHostOptions {
  /** Of the agent, beside what is there. */
  readonly env?: NodeJS.ProcessEnv;
  /** The agent's /sys tells the bridges of the host, and not those of the machine that the test runs on. */
  readonly seesBridges?: boolean;
  /** The agent has libvirt's mounts: a file system that is mounted there is under both. */
  readonly seesMounts?: boolean;
}

/** A command with a /sys of the network that it is in. */
const WITH_OWN_SYS = ["unshare", "--mount", "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh"];

export async function startHost({ env = {}, seesBridges = false, seesMounts = false }: TestHostOptions = {}): Promise<TestHost> {
  await using stack = new AsyncDisposableStack();
  const image = await guestImage();
  const libvirtd = stack.use(await startLibvirtd({ ownNetwork: true }));
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-host-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const virsh = async (...args: readonly string[]): Promise<string> => await libvirtd.virsh(URI, ...args);
  await makeNetwork(libvirtd);

  const proxy = stack.use(await startProxy(path.join(folder, "libvirt-sock"), libvirtd.socketPath));
  const [dataDir, imageDir, work] = [path.join(folder, "data"), path.join(folder, "images"), path.join(folder, "work")];
  await mkdir(work);
  const socket = path.join(folder, "agent.sock");
  const config = path.join(folder, "agent.yaml");
  await writeFile(
    config,
    `agent: { name: desk }\nhypervisor: libvirt\ndata_dir: ${dataDir}\n` +
      `libvirt: { uri: "${URI}?socket=${proxy.socketPath}", image_cache: ${imageDir} }\n` +
      `grpc: { listen_addr: "unix:${socket}" }\nlogging: { output: stdout, level: debug }\n`,
  );
  let agent: AgentProcess | undefined;
  let http = guestHttp(libvirtd);
  const startAgent = async (): Promise<void> => {
    const [command, args, options] = ghostProgram(["agent", "run", "--config", config], { env });
    const [first = command, ...words] = [
      ...(seesMounts ? libvirtd.enterMounts : []),
      ...(seesBridges ? WITH_OWN_SYS : []),
      command,
      ...args,
    ];
    agent = await untilItAnswers(libvirtd.inside(first, words, options), folder);
  };
  const endAgent = async (signal: "TERM" | "KILL"): Promise<void> => {
    await agent?.kill(`SIG${signal}`);
    agent = undefined;
  };
  stack.defer(async () => {
    await endAgent("KILL");
    await http[Symbol.asyncDispose]();
  });
  const ghost = async (...args: readonly string[]): Promise<RunResult> => await runGhost(args, { cwd: work });
  await startAgent();
  const all = stack.move();
  return {
    libvirtd,
    get http() {
      return http;
    },
    proxy,
    image,
    dataDir,
    imageDir,
    work,
    virsh,
    define: async (xml) => {
      const file = path.join(folder, "domain.xml");
      await writeFile(file, xml);
      await virsh("define", file);
    },
    startAgent,
    endAgent,
    agent: () => {
      if (agent === undefined) throw new Error("no agent runs");
      return agent;
    },
    ghost,
    done: async (...args) => {
      const { code, stdout, stderr } = await ghost(...args);
      if (code !== 0) throw new Error(`ghost ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
    spec: async (vms) => {
      const defaults = { agent: "desk", image_path: image, ram_gb: 1, disk_gb: 1, wait_for: "ip" };
      const values = Object.fromEntries(Object.entries(vms).map(([name, vm]) => [name, { ...defaults, ...vm }]));
      const spec = { ghost: 1, stack: "shop", agents: { desk: { address: `unix:${socket}` } }, vms: values };
      // JSON is YAML.
      await writeFile(path.join(work, "ghost.yaml"), `${JSON.stringify(spec, undefined, 2)}\n`);
    },
    address: async (name) => {
      const mac = /<mac address='([^']+)'/.exec(await virsh("dumpxml", name))?.[1];
      let found: string | undefined;
      await until(async () => {
        const leases = (await virsh("net-dhcp-leases", "default")).split("\n");
        const lease = leases.find((line) => mac !== undefined && line.includes(mac));
        found = /(\d+\.\d+\.\d+\.\d+)\//.exec(lease ?? "")?.[1];
        return found !== undefined;
      }, `libvirt to give ${name} (${mac}) an address`);
      return found ?? "";
    },
    reboot: async () => {
      await endAgent("KILL");
      await http[Symbol.asyncDispose]();
      await libvirtd.reboot();
      http = guestHttp(libvirtd);
      await startAgent();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
