/**
 * When a machine was started. libvirt does not keep it, so it is read from what outlives agent and libvirtd: the age
 * of the machine's QEMU process, which names the machine's UUID.
 */
import { readdir, readFile } from "node:fs/promises";

/** Linux counts the ages of processes in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;
const COMMAND = /^qemu|^kvm/;
/** Processes that are looked at together. */
const AT_ONCE = 8;

export interface Started {
  readonly uid: string;
  /** A number that every start of a machine has for itself. */
  readonly id: number;
}

export class StartTimes {
  readonly #known = new Map<string, { readonly id: number; readonly at: Date }>();
  readonly #procFolder: string;
  readonly #now: () => Date;

  constructor({ procFolder = "/proc", now = () => new Date() }: { readonly procFolder?: string; readonly now?: () => Date } = {}) {
    this.#procFolder = procFolder;
    this.#now = now;
  }

  /** By uid. A machine without a process that can be seen (another user's, a pretended one) counts from when it was first heard of. */
  async read(running: readonly Started[]): Promise<ReadonlyMap<string, Date>> {
    const unknown = running.filter(({ uid, id }) => this.#known.get(uid)?.id !== id);
    if (unknown.length > 0) {
      const found = await processStarts(this.#procFolder, new Set(unknown.map(({ uid }) => uid)));
      for (const { uid, id } of unknown) this.#known.set(uid, { id, at: found.get(uid) ?? this.#now() });
    }
    return new Map(running.flatMap(({ uid }) => (this.#known.has(uid) ? [[uid, this.#known.get(uid)!.at] as const] : [])));
  }

  /** A machine that has stopped; or all of them, when nobody could listen for a while. */
  forget(uid?: string): void {
    if (uid === undefined) this.#known.clear();
    else this.#known.delete(uid);
  }
}

/**
 * By uid. The newest processes are looked at first: what has just been started is found among the first of them, however
 * many the host has, and before a process of the same machine that is still ending.
 */
async function processStarts(procFolder: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Date>> {
  const found = new Map<string, Date>();
  try {
    const bootedAtMs = Number(/^btime (\d+)$/m.exec(await readFile(`${procFolder}/stat`, "utf8"))?.[1]) * 1000;
    const pids = (await readdir(procFolder)).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
    for (let at = 0; at < pids.length && found.size < wanted.size; at += AT_ONCE) {
      for (const process of await Promise.all(pids.slice(at, at + AT_ONCE).map(async (pid) => await machineOf(`${procFolder}/${pid}`)))) {
        if (process === undefined || !wanted.has(process.uid) || found.has(process.uid)) continue;
        found.set(process.uid, new Date(bootedAtMs + (process.ticks * 1000) / TICKS_PER_SECOND));
      }
    }
  } catch (reason) {
    if (!(reason instanceof Error && "syscall" in reason)) throw reason;
  }
  return found;
}

/** The machine that a process is, and its start in ticks since the host's; undefined for any other process. */
async function machineOf(folder: string): Promise<{ readonly uid: string; readonly ticks: number } | undefined> {
  const stat = await textOf(`${folder}/stat`);
  // The name is in brackets and may have any character; what follows it begins with the third field.
  const end = stat.lastIndexOf(")");
  if (!COMMAND.test(stat.slice(stat.indexOf("(") + 1, end))) return undefined;
  const uid = uidOf(await textOf(`${folder}/cmdline`));
  const ticks = Number(stat.slice(end + 2).split(" ")[19]);
  return uid === undefined || !Number.isFinite(ticks) ? undefined : { uid, ticks };
}

function uidOf(commandLine: string): string | undefined {
  const words = commandLine.split("\0");
  const index = words.indexOf("-uuid");
  return index < 0 ? undefined : words[index + 1];
}

/** A process may be gone, or not ours to look at. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (reason) {
    if (reason instanceof Error && "syscall" in reason) return "";
    throw reason;
  }
}
