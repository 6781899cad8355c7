// The host's disk is full in the middle of something: what a person sees, what is left, and that it goes on when there is room.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { ghost } from "../../cli/src/testing/command-line.ts";
import type { Ran } from "../../cli/src/testing/command-line.ts";
import { until } from "../support/ghost.ts";
import { inside, sleepingImage } from "./support/crash.ts";
import { startHost } from "./support/host.ts";
import type { TestHost, VmValues } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const run = promisify(execFile);
const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();
const MIB = 2 ** 20;

/** A file system of its own in a folder, which the agent and libvirt see. */
interface SmallDisk {
  /** Its folder, for the test. */
  readonly seen: string;
  /** Lets somebody else take all of its room but so many bytes. */
  fill(leftBytes?: number): Promise<void>;
  /** Takes away what somebody else put there. */
  clear(): Promise<void>;
}

suite("a disk of the host that is full", { skip: reason ?? false }, () => {
  let host: TestHost;
  let folder: string;
  let image: string;
  let disks = 0;
  before(async () => {
    host = await startHost({ seesMounts: true });
    folder = await mkdtemp(path.join(tmpdir(), "ghost-full-"));
    image = path.join(folder, "sleeping.img");
    await writeFile(image, sleepingImage("sleeping"));
  });
  after(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await removed();
    await nothing();
  });

  const call = async (...args: readonly string[]): Promise<Ran> => await ghost(args, { cwd: host.work });
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...args);
    assert.equal(code, 0, `ghost ${args.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  };
  const removed = async (): Promise<void> => {
    await host.spec({});
    await done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "9");
  };
  const spec = async (values: VmValues): Promise<void> =>
    await host.spec({ web: { image_path: image, wait_for: "none", stop_timeout_s: 1, ...values } });
  async function smallDisk(t: TestContext, place: string): Promise<SmallDisk> {
    const file = path.join(folder, `disk${(disks += 1)}`);
    await run("truncate", ["--size", "3G", file]);
    await run("mkfs.ext4", ["-q", "-m", "0", "-O", "^has_journal", file]);
    await host.libvirtd.among("mount", "-o", "loop", file, place);
    t.after(() => host.libvirtd.among("umount", "--lazy", place));
    const seen = host.libvirtd.seen(place);
    await rm(path.join(seen, "lost+found"), { recursive: true });
    await chmod(seen, 0o711);
    const others = [path.join(seen, "somebody-else"), path.join(seen, "somebody-else-2")] as const;
    return {
      seen,
      fill: async (leftBytes = 0) => {
        const { bavail, bsize } = await statfs(seen);
        // Room that is taken and never written takes no time.
        await run("fallocate", ["--length", String(bavail * bsize - leftBytes), others[0]]).catch(() => undefined);
        if (leftBytes === 0) await run("sh", ["-c", 'cat /dev/zero > "$0"', others[1]]).catch(() => undefined);
      },
      clear: async () => void (await Promise.all(others.map((other) => rm(other, { force: true })))),
    };
  }

  const part = (name: string): string => path.join(host.dataDir, name);

  /** File of the VM's root disk, for the test. */
  async function rootDisk(): Promise<string> {
    const [file = ""] = /\S+\.qcow2/.exec(await host.virsh("domblklist", "web")) ?? [];
    return host.libvirtd.seen(file);
  }

  /** Neither the host nor the records have anything of a VM, and nothing is under way. */
  async function nothing(): Promise<void> {
    for (const name of ["disks", "seeds", "consoles"]) {
      const files = await readdir(host.libvirtd.seen(part(name)), { recursive: true }).catch(() => []);
      assert.deepEqual(
        files.filter((file) => !file.startsWith("somebody-else")),
        [],
        name,
      );
    }
    assert.equal(await host.virsh("list", "--all", "--name"), "");
    assert.doesNotMatch(await done("status"), /web/);
    assert.match(await done("op", "list", "--active", "--address", host.agent().address), /^(?:No .*)?\s*$/);
  }

  /** Fails, says which disk and what to do, and leaves nothing. */
  async function refused(place: string): Promise<void> {
    const { code, stdout, stderr } = await call("apply", "--yes");
    assert.equal(code, 1, stdout);
    assert.match(stderr, /HOST_OUT_OF_DISK/);
    assert.ok(stderr.includes(place), stderr);
    assert.match(stderr, /Make room on that disk/);
    await host.spec({});
    await nothing();
  }

  test("with an image that is fetched: nothing is left of it, and it is fetched again when there is room", async (t) => {
    const content = sleepingImage("far", 8 * MIB);
    const file = path.join(folder, "far.img");
    await writeFile(file, content);
    await mkdir(host.imageDir, { recursive: true });
    const disk = await smallDisk(t, host.imageDir);
    const server = host.libvirtd.inside(process.execPath, [
      path.join(import.meta.dirname, "support/image-server.ts"),
      file,
      String(content.length / 2),
    ]);
    t.after(() => server.kill("SIGKILL"));
    const said: string[] = [];
    const lines = createInterface({ input: server.stdout! }).on("line", (line) => said.push(line));
    await once(lines, "line");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const web = { image_path: undefined, image_url: `http://127.0.0.1:${said[0]}/far.img`, image_sha256: sha256 };
    await spec(web);
    const failed = refused(host.imageDir);
    const partial = path.join(disk.seen, `sha256-${sha256}.partial`);
    await until(async () => (await stat(partial).catch(() => undefined))?.size === content.length / 2, "half of the image");
    await disk.fill(MIB);
    server.stdin?.write("go on\n");
    await failed;
    assert.deepEqual(
      (await readdir(disk.seen)).filter((name) => !name.startsWith("somebody-else")),
      [],
    );
    await disk.clear();
    await spec(web);
    await done("apply", "--yes");
    assert.equal(await host.virsh("domstate", "web"), "running");
    assert.deepEqual(said.slice(1), ["from 0", "from 0"]);
  });

  for (const [what, values, place] of [
    ["an overlay over an image", {}, "disks"],
    ["an empty disk", { disks: { data: { size_gb: 1 } } }, "disks"],
    ["what cloud-init reads", {}, "seeds"],
  ] as const)
    test(`with ${what} that is made: nothing is left of the VM, and it is made when there is room`, async (t) => {
      const disk = await smallDisk(t, part(place));
      // There is room for the root disk, and not for a second one.
      await disk.fill(what === "an empty disk" ? 300 * 1024 : 0);
      await spec(values);
      await refused(part(place));
      await disk.clear();
      await spec(values);
      await done("apply", "--yes");
      assert.equal(await host.virsh("domstate", "web"), "running");
      await done("plan", "--detailed-exitcode");
    });

  test("with a disk that is added to a VM: the VM runs on as it was, and has it when there is room", async (t) => {
    const disk = await smallDisk(t, part("disks"));
    await spec({});
    await done("apply", "--yes");
    const before = await host.virsh("dumpxml", "web");
    await disk.fill();
    const more = { disks: { data: { size_gb: 1 } } };
    await spec(more);
    const { code, stderr } = await call("apply", "--yes");
    assert.equal(code, 1);
    assert.match(stderr, /HOST_OUT_OF_DISK/);
    assert.equal(await host.virsh("dumpxml", "web"), before);
    await spec({});
    await done("plan", "--detailed-exitcode");
    await disk.clear();
    await spec(more);
    await done("apply", "--yes");
    await done("plan", "--detailed-exitcode");
  });

  test("while a guest writes: the VM stands still, everybody is told why, and it goes on when a person says so", async (t) => {
    const writing = path.join(folder, "writing.img");
    await writeFile(writing, writingImage());
    const disk = await smallDisk(t, part("disks"));
    await disk.fill(4 * MIB);
    await spec({ image_path: writing });
    await done("apply", "--yes");
    const stands = async (): Promise<boolean> => (await host.virsh("domstate", "web", "--reason")) === "paused (I/O error)";
    await until(stands, "the disk to be full");
    const file = await rootDisk();
    const before = await written(file);
    const why = "I/O error: a disk of the host is full, or fails";
    const { stdout } = await call("plan", "--detailed-exitcode");
    assert.ok(stdout.includes(`power: the machine is resumed (paused: ${why})`), stdout);
    const { stdout: status } = await call("status");
    assert.ok(status.includes(`desk/web is paused: ${why}`), status);
    const at = ["--address", host.agent().address];
    // What has to wake it says what to do first, and leaves it as it is.
    for (const args of [
      ["apply", "--yes"],
      ["vm", "resume", "web", ...at],
      ["vm", "stop", "web", ...at],
      ["vm", "restart", "web", ...at],
    ]) {
      const { code, stderr } = await call(...args);
      assert.equal(code, 1, args.join(" "));
      assert.match(stderr, /HOST_OUT_OF_DISK[^]*VM "web" stands still and is not resumed: the disk that holds .*\/disks\/.* is full/);
      assert.ok(await stands(), args.join(" "));
    }
    await disk.clear();
    assert.ok(await stands());
    await done("apply", "--yes");
    await until(async () => (await written(file)) > 2 * before, "the guest to write on");
    assert.equal(await host.virsh("domstate", "web"), "running");
    await done("plan", "--detailed-exitcode");
  });

  test("with a snapshot and the guest's memory: there is none of it, and the VM runs on", async (t) => {
    const disk = await smallDisk(t, part("disks"));
    await spec({});
    await done("apply", "--yes");
    const at = ["--address", host.agent().address];
    const file = await rootDisk();
    await disk.fill(512 * 1024);
    const { code, stderr } = await call("vm", "snapshot", "create", "web", "first", ...at);
    assert.equal(code, 1);
    assert.match(stderr, /HOST_OUT_OF_DISK[^]*The snapshot "first" of VM "web" was not made: the disk that holds .*\/disks\/.* is full/);
    assert.equal(await host.virsh("domstate", "web"), "running");
    assert.equal(await host.virsh("snapshot-list", "web", "--name"), "");
    assert.match(await done("vm", "snapshot", "list", "web", ...at), /no snapshots/);
    assert.deepEqual(await inside(file), []);
    await done("plan", "--detailed-exitcode");
    await disk.clear();
    await done("vm", "snapshot", "create", "web", "first", ...at);
    assert.deepEqual(await inside(file), ["first"]);
    await done("vm", "snapshot", "revert", "web", "first", "--yes", ...at);
    assert.equal(await host.virsh("domstate", "web"), "running");
  });
});

/** Bytes that a file takes. */
async function written(file: string): Promise<number> {
  return (await stat(file)).blocks * 512;
}

/** A disk whose boot sector writes into one cluster of it after the other, 992 MiB in all, and then sleeps. */
function writingImage(): Buffer {
  const disk = Buffer.alloc(2 ** 16);
  const code =
    "31c08ed88ed0bc007c" + // no segments, a stack below
    "be287c" + // next: the packet that says what to write where
    "b80043cd13" + // int 13h, extended write
    "8106307c8000" + // 64 KiB further
    "8316327c00" +
    "813e327c1f00" +
    "72e5" + // jb next
    "f4ebfd"; // hlt; jmp to the hlt
  Buffer.from(code, "hex").copy(disk);
  // One sector from 0:7c00 to the sector 2048.
  Buffer.from("10000100007c00000008000000000000", "hex").copy(disk, 0x28);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
