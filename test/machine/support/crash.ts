import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ghost } from "../../../cli/src/testing/command-line.ts";
import type { Ran } from "../../../cli/src/testing/command-line.ts";
import { until } from "../../support/ghost.ts";
import { startHost } from "./host.ts";
import type { TestHost, VmValues } from "./host.ts";
import { leased } from "./leases.ts";
import type { Fault, Procedure } from "./proxy.ts";

const run = promisify(execFile);
/** Calls of libvirt that change something. */
const CHANGES = /_(?:DEFINE|UNDEFINE|CREATE|DESTROY|ATTACH|DETACH|UPDATE|SET|RESIZE|SHUTDOWN|SUSPEND|RESUME|REVERT|DELETE|RENAME)/;
const HOOK = new URL("crash-hook.ts", import.meta.url);

/** Where an agent is ended. */
export type CrashPoint =
  | { readonly procedure: Procedure; readonly nth: number; readonly at: Fault["at"] }
  /** Before the change of that number among those that it makes to its files and records. */
  | { readonly change: number };

/** A host whose agent can be ended as `kill -9` does at any step of what it does. */
export interface CrashHost extends AsyncDisposable {
  readonly host: TestHost;
  /** A command line, in the test's own process. */
  ghost(...args: readonly string[]): Promise<Ran>;
  /** The same when it must succeed. */
  done(...args: readonly string[]): Promise<string>;
  /** The calls that change something among those that this sends to libvirt, numbered where one comes more than once. */
  changing(act: () => Promise<unknown>): Promise<readonly { readonly procedure: Procedure; readonly nth: number }[]>;
  /**
   * Does this with the agent ended at that point, and starts the agent again: while who asked still waits when that was at a
   * call, else when they are gone too. Gives where that was; undefined when the agent never came there.
   */
  killed(point: CrashPoint, act: () => Promise<unknown>): Promise<string | undefined>;
  /** Writes the spec of one VM, with an image of its own; of none without a name. */
  spec(name?: string, values?: VmValues): Promise<void>;
  /** Applies the spec, whatever that does. */
  apply(): Promise<Ran>;
  /** Fails when there is a domain or a file that is not of the VM of that name; without a name when there is any, or a lease. */
  nothingElse(name?: string): Promise<void>;
  /** File of a disk, by its place. */
  disk(name: string, target?: string): Promise<string>;
}

export async function startCrashHost(): Promise<CrashHost> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), "ghost-crash-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const host = stack.use(await startHost({ env: { NODE_OPTIONS: `--import=${HOOK.href}`, GHOST_TEST_CRASH: folder } }));
  const all = stack.move();

  /** Whoever asks is interrupted too, twice, and does not wait for anything. */
  let interrupt = new AbortController();
  const call = async (...args: readonly string[]): Promise<Ran> =>
    await ghost(args, { cwd: host.work, stop: interrupt.signal, detach: interrupt.signal });
  const diskSources = async (uid: string): Promise<readonly string[]> => {
    const xml = (await host.virsh("dumpxml", uid)) + (await host.virsh("dumpxml", uid, "--inactive"));
    return [...new Set(xml.matchAll(/<source file='([^']+\.qcow2)'/g).map((match) => match[1] ?? ""))].filter((file) =>
      file.startsWith(host.dataDir),
    );
  };
  /** Gives how to hear whether the agent has come to the point and is ended; nothing waits for it there any more then. */
  const endAt = async (point: CrashPoint): Promise<() => Promise<boolean>> => {
    const left = path.join(folder, "left");
    if ("change" in point) {
      await rm(path.join(folder, "passed"), { force: true });
      await writeFile(left, String(point.change));
      return async () => {
        const came = (await readFile(left, "utf8")) === "0";
        await rm(left);
        return came;
      };
    }
    let came = false;
    const act = async (): Promise<"drop"> => {
      came = true;
      await host.endAgent("KILL");
      return "drop";
    };
    void host.proxy.inject({ ...point, act });
    return async () => came || assert.fail(`${point.procedure} was not sent`);
  };

  return {
    host,
    ghost: call,
    done: async (...args) => {
      const { code, stdout, stderr } = await call(...args);
      assert.equal(code, 0, `ghost ${args.join(" ")}\n${stdout}${stderr}`);
      return stdout;
    },
    changing: async (act) => {
      host.proxy.forget();
      await act();
      const seen = new Map<Procedure, number>();
      return host.proxy.calls
        .filter((procedure) => CHANGES.test(procedure))
        .map((procedure) => {
          const nth = (seen.get(procedure) ?? 0) + 1;
          seen.set(procedure, nth);
          return { procedure, nth };
        });
    },
    killed: async (point, act) => {
      const ended = once(host.agent().process, "close");
      const came = await endAt(point);
      const done = act();
      await Promise.race([ended, done]);
      if (!(await came())) return undefined;
      await ended;
      await host.endAgent("KILL");
      if ("procedure" in point && point.at === "call") {
        // At once, as a service does: who asked finds it again, and that it goes on is theirs to ask.
        await host.startAgent();
        await done;
      } else {
        interrupt.abort();
        await done;
        interrupt = new AbortController();
        await host.startAgent();
      }
      if ("procedure" in point) return `${point.at} of ${point.procedure.replace("REMOTE_PROC_", "")} ${point.nth}`;
      return (await readFile(path.join(folder, "passed"), "utf8")).trim().split("\n").at(-1);
    },
    spec: async (name, values = {}) => {
      if (name === undefined) return await host.spec({});
      const image = path.join(folder, `${name}.img`);
      await writeFile(image, sleepingImage(name));
      await host.spec({ [name]: { image_path: image, wait_for: "none", ...values } });
    },
    apply: () => call("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1"),
    disk: async (name, target = "vda") => {
      const line = (await host.virsh("domblklist", name)).split("\n").find((each) => each.trim().startsWith(`${target} `));
      return line?.trim().split(/\s+/)[1] ?? assert.fail(`${name} has no disk ${target}`);
    },
    nothingElse: async (name) => {
      const domains = (await host.virsh("list", "--all", "--name")).split("\n").filter((line) => line !== "");
      assert.deepEqual(domains, name === undefined ? [] : [name]);
      if (name === undefined) await until(async () => (await leased(host)).length === 0, "all addresses to be free");
      const uids = name === undefined ? [] : [await host.virsh("domuuid", name)];
      const wanted = new Set<string>();
      for (const uid of uids) {
        for (const file of await diskSources(uid)) wanted.add(path.relative(host.dataDir, file));
        for (const file of [`disks/${uid}`, `seeds/${uid}.iso`]) wanted.add(file);
        for (const file of [`consoles/${uid}.log`, `disks/${uid}/nvram.fd`])
          if (await isThere(path.join(host.dataDir, file))) wanted.add(file);
      }
      const found: string[] = [];
      for (const part of ["disks", "seeds", "consoles"])
        found.push(
          ...(await readdir(path.join(host.dataDir, part), { recursive: true }).catch(() => [])).map((file) => path.join(part, file)),
        );
      assert.deepEqual(found.toSorted(), [...wanted].toSorted());
      const images = await readdir(host.imageDir).catch(() => []);
      assert.deepEqual(
        images.filter((file) => !/^sha256-[0-9a-f]{64}\.(?:img|json)$/.test(file)),
        [],
      );
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/**
 * A disk with a boot sector that lets the processor sleep, and a name that makes its digest. `size` in bytes; `fill` is what
 * the rest of it is full of.
 */
export function sleepingImage(name: string, size: number = 2 ** 16, fill = 0): Buffer {
  const disk = Buffer.alloc(size, fill);
  disk.fill(0, 0, 512);
  // cli; hlt; jmp to the hlt
  Buffer.from("faf4ebfd", "hex").copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write(name, 1024);
  return disk;
}

/** Writes a mark into a disk that nobody uses. */
export async function mark(disk: string, pattern: number): Promise<void> {
  await run("qemu-io", ["-c", `write -P ${pattern} 512k 4k`, disk]);
}

/** Fails when the mark in a disk is another one. */
export async function hasMark(disk: string, pattern: number): Promise<void> {
  const { stdout } = await run("qemu-io", ["-U", "-r", "-c", `read -P ${pattern} 512k 4k`, disk]);
  assert.doesNotMatch(stdout, /Pattern verification failed/);
}

/** Names of the snapshots inside a disk. */
export async function inside(disk: string): Promise<readonly string[]> {
  const { stdout } = await run("qemu-img", ["info", "-U", "--output=json", disk]);
  const { snapshots = [] } = JSON.parse(stdout) as { readonly snapshots?: readonly { readonly name: string }[] };
  return snapshots.map(({ name }) => name);
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
