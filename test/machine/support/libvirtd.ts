import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { connect } from "../../../libvirt/src/connection.ts";

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** A libvirtd apart from the machine's: its own configuration, state, processes and, when asked for, network. */
export interface PrivateLibvirtd extends AsyncDisposable {
  readonly socketPath: string;
  /** Where its guests' logs and files may be. */
  readonly folder: string;
  /** What `virsh ARGS` prints, asked of this daemon. */
  virsh(uri: "qemu:///system" | "test:///default", ...args: readonly string[]): Promise<string>;
  /** Ends the daemon by a signal and waits until it is gone; its guests stay. */
  end(signal: "TERM" | "KILL"): Promise<void>;
  /** Starts it again, and waits until it answers. */
  start(): Promise<void>;
  /** Lets it stand still, or go on. */
  freeze(isFrozen: boolean): Promise<void>;
  /** Words before a command, which then runs in its network. */
  readonly enter: readonly string[];
  /** Words before a command, which then has its mounts. */
  readonly enterMounts: readonly string[];
  /** Runs a program among its mounts and processes, to its end. */
  among(command: string, ...args: readonly string[]): Promise<void>;
  /** Where a path of its mounts is for everybody else. */
  seen(path: string): string;
  /** Starts a program in its network. It is ended with this process, however that ends. */
  inside(command: string, args: readonly string[], options?: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string }): ChildProcess;
  /** As when the power fails and comes back: everything of it ends at once, guests too, and what is in memory is lost. */
  reboot(): Promise<void>;
}

export interface PrivateLibvirtdOptions {
  /** A network of its own too, where it can make bridges: the machine's is then out of the guests' reach, and they are out of its. */
  readonly ownNetwork?: boolean;
  /**
   * QEMU is another user, whom libvirt hands files to while a machine runs, and console logs are virtlogd's: as distributions
   * have it. Without it all of that is root's.
   */
  readonly otherUser?: boolean;
}

/*
 * The first process of namespaces of its own. It does what it is told on stdin. When that ends, however the test did, it
 * ends, and with it everything that it or libvirt has started: the kernel sees to that. Bash, since it buries the
 * processes that libvirt leaves behind; libvirt waits for that.
 */
const INIT = `
set -e
for place in /etc/libvirt /var/lib/libvirt /run/libvirt /var/log/libvirt /var/cache/libvirt; do
  mkdir -p "$place" "$1$place"
  mount --bind "$1$place" "$place"
done
# Where QEMU's user may not open it, libvirtd remembers nothing of what QEMU can do, and asks anew before every definition.
if [ "$3" = logd ] && [ -c /dev/kvm ]; then cp -a /dev/kvm "$1/kvm"; chmod 666 "$1/kvm"; mount --bind "$1/kvm" /dev/kvm; fi
for file in passwd group; do mount --bind "$1/$file" "/etc/$file"; done
if [ "$2" = own ] && command -v ip >/dev/null; then ip link set lo up; fi
pid=
while read -r what; do
  case "$what" in
    start)
      if [ "$3" = logd ] && [ -z "$pid" ]; then virtlogd </dev/null & sleep 0.2; fi
      libvirtd -f "$1/libvirtd.conf" -p "$1/pid" </dev/null & pid=$! ;;
    wait) wait "$pid" || true; echo ended ;;
    *) kill -s "$what" "$pid"; echo done ;;
  esac
done
`;

const QEMU_CONF = `security_driver = "none"
cgroup_controllers = []
namespaces = []
`;
const AS_ROOT = `user = "root"
group = "root"
dynamic_ownership = 0
stdio_handler = "file"
remember_owner = 0
`;
const AS_OTHER_USER = `user = "libvirt-qemu"
group = "libvirt-qemu"
dynamic_ownership = 1
stdio_handler = "logd"
remember_owner = 1
`;

export async function startLibvirtd({ ownNetwork = false, otherUser = false }: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-libvirtd-"));
  const socketPath = path.join(folder, "libvirt-sock");
  await configure(folder, otherUser);
  let namespaces = enterNamespaces(folder, ownNetwork, otherUser);
  const enter = (): readonly string[] => ["nsenter", "-t", String(namespaces.process.pid), "--net"];
  const start = async (): Promise<void> => {
    namespaces.tell("start");
    const until = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        return await (await connect({ uri: "qemu:///system", socketPath }))[Symbol.asyncDispose]();
      } catch (error) {
        if (namespaces.process.exitCode !== null || performance.now() > until) {
          const log = await readFile(path.join(folder, "log"), "utf8").catch(() => "");
          throw new Error(`libvirtd does not answer.\n${namespaces.stderr()}${log}`, { cause: error });
        }
        await sleep(POLL_MS);
      }
    }
  };
  const dispose = async (): Promise<void> => {
    await namespaces.end();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    socketPath,
    folder,
    start,
    virsh: async (uri, ...args) => {
      const { stdout } = await run("virsh", ["-c", `${uri.replace(":", "+unix:")}?socket=${socketPath}`, "--quiet", ...args], {
        maxBuffer: 256 * 1024 * 1024,
      });
      return stdout.trim();
    },
    end: async (signal) => {
      await namespaces.ask(signal);
      await namespaces.ask("wait");
    },
    freeze: async (isFrozen) => await namespaces.ask(isFrozen ? "STOP" : "CONT"),
    get enter() {
      return enter();
    },
    get enterMounts() {
      return ["nsenter", `--mount=/proc/${namespaces.process.pid}/ns/mnt`];
    },
    among: async (command, ...args) => {
      const spaces = `/proc/${namespaces.process.pid}/ns`;
      await run("nsenter", [`--mount=${spaces}/mnt`, `--pid=${spaces}/pid_for_children`, command, ...args]);
    },
    seen: (file) => `/proc/${namespaces.process.pid}/root${file}`,
    inside: (command, args, options = {}) =>
      spawn("setpriv", ["--pdeathsig", "KILL", ...enter(), command, ...args], { stdio: ["pipe", "pipe", "pipe"], ...options }),
    reboot: async () => {
      await namespaces.end();
      for (const place of ["run", "libvirt-sock", "libvirt-sock-ro", "libvirt-admin-sock", "pid"])
        await rm(path.join(folder, place), { recursive: true, force: true });
      namespaces = enterNamespaces(folder, ownNetwork, otherUser);
      await start();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface Namespaces {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  tell(what: string): void;
  /** Waits until it has said that it is done. */
  ask(what: string): Promise<void>;
  /** Ends everything that is in them. */
  end(): Promise<void>;
}

function enterNamespaces(folder: string, ownNetwork: boolean, otherUser: boolean): Namespaces {
  const child = spawn(
    "unshare",
    [
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      ...(ownNetwork ? ["--net"] : []),
      "bash",
      "-c",
      INIT,
      "init",
      folder,
      ownNetwork ? "own" : "shared",
      otherUser ? "logd" : "file",
    ],
    {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
      // Ctrl-C at the terminal is for whoever started it: to the end, libvirt answers.
      detached: true,
    },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {});
  const ended = once(child, "close");
  return {
    process: child,
    stderr: () => stderr,
    tell: (what) => void child.stdin.write(`${what}\n`),
    ask: async (what) => {
      const answered = once(child.stdout, "data");
      child.stdin.write(`${what}\n`);
      await Promise.race([answered, ended]);
    },
    end: async () => {
      child.stdin.end();
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function configure(folder: string, otherUser: boolean): Promise<void> {
  // Guests run as another user in whatever else uses this folder.
  await chmod(folder, 0o711);
  const etc = path.join(folder, "etc/libvirt");
  await mkdir(etc, { recursive: true });
  await writeFile(path.join(etc, "qemu.conf"), QEMU_CONF + (otherUser ? AS_OTHER_USER : AS_ROOT));
  const lines = [
    `unix_sock_dir = "${folder}"`,
    `auth_unix_ro = "none"`,
    `auth_unix_rw = "none"`,
    "listen_tls = 0",
    "listen_tcp = 0",
    `log_outputs = "3:file:${path.join(folder, "log")}"`,
  ];
  await writeFile(path.join(folder, "libvirtd.conf"), `${lines.join("\n")}\n`);
  // libvirtd's QEMU driver does not start without a user of that name, whichever it is told to use.
  for (const [name, line] of [
    ["passwd", "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n"],
    ["group", "libvirt-qemu:x:64055:\n"],
  ] as const) {
    const file = path.join(folder, name);
    await copyFile(path.join("/etc", name), file);
    const text = await readFile(file, "utf8");
    if (!/^libvirt-qemu:/m.test(text)) await writeFile(file, text + line);
  }
}
