import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { collect, until } from "../../support/ghost.ts";
import type { RunResult } from "../../support/ghost.ts";
import { refreshLists, unpackPackages } from "./guest/debian.ts";

const run = promisify(execFile);
const SYSTEMD = "/lib/systemd/systemd";
/** Cgroup 2, by itself or beside the older ones. */
const CGROUPS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((place) => existsSync(path.join(place, "cgroup.procs")));
/** Debian's units and configuration of libvirt. */
const LIBVIRT_PACKAGE = "libvirt-daemon-system";

/** A system whose first process is a real systemd: processes, files, network and cgroups apart from the machine's. */
export interface SystemdMachine extends AsyncDisposable {
  /** Runs a script of bash in it, as root with the surroundings of a login; what it printed, and its end. */
  sh(script: string): Promise<RunResult>;
  /** The same when it must succeed: what it printed, without the last line's end. */
  done(script: string): Promise<string>;
  /** Where a file of it is for everybody else. */
  seen(file: string): string;
}

export interface SystemdMachineOptions {
  /** Files and folders of the machine by the path that they have in the system. They are read only. */
  readonly files: Readonly<Record<string, string>>;
}

/** Why no systemd can be booted here. */
export function whyNoSystemd(): string | undefined {
  if (!existsSync(SYSTEMD)) return `no ${SYSTEMD} (systemd)`;
  if (CGROUPS === undefined) return "no cgroup 2 (/sys/fs/cgroup/unified)";
  try {
    accessSync(CGROUPS, constants.W_OK);
    return undefined;
  } catch {
    return `cgroups are read-only here (${CGROUPS})`;
  }
}

/** In a new cgroup: $1 is its path, what follows the command that is to be in it. */
const ENTER_CGROUP = 'set -e; mkdir "$1"; echo $$ >"$1/cgroup.procs"; shift; exec "$@"';

/*
 * $1 is the folder, what follows pairs of a path on the machine and one in the system. The root is what the machine has
 * installed, below changes that are in memory; nothing that the machine is set up for is left in it, since that would be
 * started or mounted a second time. Of the kernel it may change what belongs to its network alone.
 */
const BOOT = `
set -e
memory="$1/memory" root="$1/root"
# As large as the agent wants a disk to be; what is not written takes nothing.
mount -t tmpfs tmpfs "$memory" -o size=64g
mkdir -m 755 "$memory/upper" "$memory/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" "$root"
rm -rf "$root"/etc/{systemd/system,libvirt,ghost} "$root"/var/lib/{libvirt,ghost} "$root"/var/{log,cache}/libvirt "$root/var/log/journal"
mkdir -p "$root/etc/systemd/system"
: >"$root/etc/fstab"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
for each in "$1"/packages/*/; do cp -a "$each." "$root/$(basename "$each")/"; done
shift

mount -t proc proc "$root/proc"
for each in "" /net; do mount --bind "$root/proc/sys$each" "$root/proc/sys$each"; done
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs sysfs "$root/sys"
mount --bind "$root/sys/devices/virtual/net" "$root/sys/devices/virtual/net"
mount -o remount,bind,ro "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run" -o mode=755
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777
mount -t tmpfs tmpfs "$root/dev" -o mode=755
mkdir "$root"/dev/{net,pts,shm}
for each in null zero full random urandom tty; do cp -a "/dev/$each" "$root/dev/"; done
mknod -m 666 "$root/dev/net/tun" c 10 200
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
while [ $# -gt 0 ]; do
  mkdir -p "$(dirname "$root$2")"
  if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
  shift 2
done

cd "$root"
mkdir -p .machine
pivot_root . .machine
# Who libvirt-daemon-system's installation makes.
systemd-sysusers --inline "g kvm" "g libvirt" "g libvirt-qemu 64055" 'u libvirt-qemu 64055:kvm "Libvirt Qemu" /var/lib/libvirt' "m libvirt-qemu libvirt-qemu"
if [ -c /.machine/dev/kvm ]; then cp -a /.machine/dev/kvm /dev/kvm; chgrp kvm /dev/kvm; chmod 660 /dev/kvm; fi
umount -l /.machine
rmdir /.machine
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin ${SYSTEMD} --system --unit=basic.target --show-status=no
`;

export async function bootSystemd({ files }: SystemdMachineOptions): Promise<SystemdMachine> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-systemd-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const name of ["memory", "root", "packages"]) await mkdir(path.join(folder, name));
  const packages = path.join(folder, "packages");
  await unpackPackages([LIBVIRT_PACKAGE], packages).catch(async (error: unknown) => {
    if (!(await refreshLists())) throw error;
    await unpackPackages([LIBVIRT_PACKAGE], packages);
  });

  const cgroup = path.join(CGROUPS ?? "", path.basename(folder));
  stack.defer(() => removeCgroup(cgroup));
  const spaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"];
  const binds = Object.entries(files).flatMap(([to, from]) => [from, to]);
  const boot = ["unshare", ...spaces, "--fork", "--kill-child", "bash", "-c", BOOT, "boot", folder, ...binds];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "bash", "-c", ENTER_CGROUP, "cgroup", cgroup, ...boot], {
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C at the terminal is for whoever started it.
    detached: true,
  });
  const ended = collect(child);
  stack.defer(async () => {
    // With its first process all of it ends, and unshare waits for that.
    const first = await firstProcess(child);
    if (first !== undefined) process.kill(first, "SIGKILL");
    else child.kill("SIGKILL");
    await ended;
  });

  let first: number | undefined;
  const sh = async (script: string): Promise<RunResult> => {
    const login = ["HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
    const args = ["-t", String(first), "--all", "env", "-i", "-C", "/root", ...login, "bash", "-ec", script];
    return await collect(spawn("nsenter", args, { stdio: ["ignore", "pipe", "pipe"] }));
  };
  await until(async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`systemd did not boot:\n${(await ended).stderr}`);
    first = await firstProcess(child);
    if (first === undefined || (await readFile(`/proc/${first}/comm`, "utf8").catch(() => "")) !== "systemd\n") return false;
    return ["running", "degraded"].includes((await sh("systemctl is-system-running")).stdout.trim());
  }, "systemd to be up");
  const all = stack.move();
  return {
    sh,
    done: async (script) => {
      const { code, stdout, stderr } = await sh(script);
      if (code === 0) return stdout.trimEnd();
      const journal = await sh("journalctl --no-pager --lines 40");
      throw new Error(`${script}\nended with ${code}:\n${stdout}${stderr}\nThe journal's end:\n${journal.stdout}`);
    },
    seen: (file) => `/proc/${first}/root${file}`,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The child of unshare that is the first process of the new namespaces, once there is one. */
async function firstProcess({ pid }: ChildProcess): Promise<number | undefined> {
  const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  if (comm !== "unshare\n") return undefined;
  const [first] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  return first === undefined || first === "" ? undefined : Number(first);
}

async function removeCgroup(folder: string): Promise<void> {
  if (existsSync(folder)) await run("find", [folder, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
}
