/** `npm run quickstart:real` and the README of its spec, as a person runs them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, suite, test } from "node:test";
import { ghostProgram, tempFolder, until } from "../support/ghost.ts";
import { guestImage } from "./support/guest-image.ts";
import { tinyGuest } from "./support/guests.ts";
import { startHost } from "./support/host.ts";
import { startLibvirtd } from "./support/libvirtd.ts";
import type { PrivateLibvirtd } from "./support/libvirtd.ts";
import { makeNetwork } from "./support/network.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const EXAMPLE = path.join(ROOT, "examples/real");
const QUICKSTART = ["scripts/bootstrap.js", "quickstart:real"];
const URI = "qemu:///system";
const VM = "first-guest";

const why = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "curl") ?? whyNoGuest();

suite("npm run quickstart:real", { skip: why ?? false }, () => {
  // Where a libvirt has a network of its own, nothing can be fetched.
  before(guestImage);

  test("where there is no libvirt, makes one and leaves nothing", async () => {
    await using temp = await passableFolder();
    const told = follow(spawn(process.execPath, QUICKSTART, { cwd: ROOT, env: around(temp.path), stdio: ["ignore", "pipe", "pipe"] }));
    assert.equal(await told.ended, 0, told.text());
    assertStory(told.text());
    await assertNothingLeft(temp.path);
  });

  test("interrupted while the machine is made, leaves nothing", async () => {
    await using temp = await passableFolder();
    const told = follow(spawn(process.execPath, QUICKSTART, { cwd: ROOT, env: around(temp.path), stdio: ["ignore", "pipe", "pipe"] }));
    await told.until(`${VM}: creating`);
    told.child.kill("SIGINT");
    assert.equal(await told.ended, 130, told.text());
    assert.match(told.text(), /\nInterrupted\.\n$/);
    await assertNothingLeft(temp.path);
  });

  test("where there is a libvirt, uses that, and no machine but its own has come or gone", async () => {
    await using temp = await passableFolder();
    await using libvirtd = await libvirtWith("somebodys");
    const before = await libvirtd.virsh(URI, "dumpxml", "somebodys");
    const told = follow(libvirtd.inside(process.execPath, QUICKSTART, { cwd: ROOT, env: around(temp.path, uriOf(libvirtd)) }));
    assert.equal(await told.ended, 0, told.text());
    assertStory(told.text());
    assert.equal(await libvirtd.virsh(URI, "list", "--all", "--name"), "somebodys");
    assert.equal(await libvirtd.virsh(URI, "dumpxml", "somebodys"), before);
    await assertNothingLeft(temp.path);
  });

  test("removes its machine from the libvirt that was there, also when its terminal is closed", async () => {
    await using temp = await passableFolder();
    await using libvirtd = await libvirtWith("somebodys");
    const told = follow(libvirtd.inside(process.execPath, QUICKSTART, { cwd: ROOT, env: around(temp.path, uriOf(libvirtd)) }));
    await told.until(`${VM}: creating`);
    told.child.stdout?.destroy();
    told.child.stderr?.destroy();
    told.child.kill("SIGHUP");
    assert.equal(await told.ended, 130, told.text());
    assert.equal(await libvirtd.virsh(URI, "list", "--all", "--name"), "somebodys");
    await assertNothingLeft(temp.path);
  });

  test("stops where a machine of that name is somebody else's, and leaves it", async () => {
    await using temp = await passableFolder();
    await using libvirtd = await libvirtWith(VM);
    const before = await libvirtd.virsh(URI, "dumpxml", VM);
    const told = follow(libvirtd.inside(process.execPath, QUICKSTART, { cwd: ROOT, env: around(temp.path, uriOf(libvirtd)) }));
    assert.equal(await told.ended, 1, told.text());
    assert.match(told.text(), /The quickstart stops here\. "npx ghost plan -f examples\/real" ended with 1\.\n$/);
    assert.equal(await libvirtd.virsh(URI, "dumpxml", VM), before);
    await assertNothingLeft(temp.path);
  });

  test("says why there is nothing to run a guest on, and how there can be", async () => {
    await using temp = await passableFolder();
    const nowhere = `qemu+unix:///system?socket=${temp.path}/none`;
    const env = around(temp.path, nowhere);
    const told = follow(spawn(process.execPath, QUICKSTART, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] }));
    assert.equal(await told.ended, 1);
    assert.equal(
      told.text(),
      `\nThe quickstart stops here. LIBVIRT_DEFAULT_URI is ${nowhere}. Libvirt is not there: no socket at ${temp.path}/none. Install and start it (systemctl enable --now libvirtd), or name its socket.\n`,
    );
  });
});

suite("the README of examples/real", { skip: why ?? false }, () => {
  test("its commands, typed as written and in their order, work", async () => {
    await using host = await startHost();
    await using temp = await tempFolder();
    const bin = path.join(temp.path, "bin");
    await mkdir(bin);
    const [node, [program = ""]] = ghostProgram([]);
    await writeFile(path.join(bin, "ghost"), `#!/bin/sh\nexec "${node}" "${program}" "$@"\n`, { mode: 0o755 });
    const env = {
      ...process.env,
      PATH: `${bin}:${process.env["PATH"]}`,
      CI: "true",
      GHOST_VAR_agent: host.agent().address,
      GHOST_VAR_image: host.image,
      LIBVIRT_DEFAULT_URI: uriOf(host.libvirtd),
    };
    const text = await readFile(path.join(EXAMPLE, "README.md"), "utf8");
    const blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
    assert.ok(blocks.length >= 4);
    for (const block of blocks) {
      const told = follow(spawn("sh", ["-exc", block], { cwd: EXAMPLE, env, stdio: ["ignore", "pipe", "pipe"] }));
      assert.equal(await told.ended, 0, told.text());
    }
    assert.equal(await host.virsh("list", "--all", "--name"), "");
  });
});

/** What a reader is to see, in this order. */
function assertStory(text: string): void {
  assert.match(text, /Everything that this has made is removed\.\n$/);
  const story = [
    "$ npx ghost plan -f",
    "1 to create",
    "created in",
    "as the spec says",
    `1    ${VM}   running`,
    `\n${VM}\n`,
    `{"hostname":"${VM}"`,
    `$ virsh setmem ${VM} 1GiB --live`,
    '"memoryKib":',
    "last applied 2 GiB · live 1 GiB · desired 2 GiB",
    "changed in",
    '"memoryKib":',
    "No changes",
    "Worst impact: live",
    "Worst impact: restart",
    `ghost-guest: ready ${VM}`,
    "deleted in",
  ];
  let at = 0;
  for (const each of story) {
    const found = text.indexOf(each, at);
    assert.ok(found >= 0, `"${each}" is missing in what follows:\n${text.slice(at)}`);
    at = found + each.length;
  }
  const [less = 0, more = 0] = [...text.matchAll(/^"memoryKib":(\d+)$/gm)].map(([, kib]) => Number(kib));
  assert.ok(less < 2 ** 20 && more > 1.5 * 2 ** 20, `the guest saw ${less} and then ${more} KiB`);
}

async function assertNothingLeft(folder: string): Promise<void> {
  assert.deepEqual(await readdir(folder), []);
  assert.deepEqual(await processesNaming(folder), []);
}

/** A libvirt that somebody uses: it has a network, and a machine of this name. */
async function libvirtWith(name: string): Promise<PrivateLibvirtd> {
  const libvirtd = await startLibvirtd({ ownNetwork: true });
  await makeNetwork(libvirtd);
  const file = path.join(libvirtd.folder, "machine.xml");
  await writeFile(file, tinyGuest({ name }));
  await libvirtd.virsh(URI, "define", file);
  return libvirtd;
}

function uriOf({ socketPath }: PrivateLibvirtd): string {
  return `qemu+unix:///system?socket=${socketPath}`;
}

async function passableFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const temp = await tempFolder();
  await chmod(temp.path, 0o711);
  return temp;
}

/** Temporary files in a folder of the test; with a URI, that libvirt is the machine's. */
function around(folder: string, uri?: string): NodeJS.ProcessEnv {
  const { CI: _ci, NODE_TEST_CONTEXT: _context, LIBVIRT_DEFAULT_URI: _uri, ...env } = process.env;
  return { ...env, TMPDIR: folder, ...(uri !== undefined && { LIBVIRT_DEFAULT_URI: uri }) };
}

interface Told {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text(): string;
  /** Waits for these words. */
  until(words: string): Promise<void>;
}

function follow(child: ChildProcess): Told {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    ended,
    text: () => text,
    until: async (words) => {
      await until(() => {
        if (child.exitCode !== null) throw new Error(`ended before "${words}":\n${text}`);
        return text.includes(words);
      }, words);
    },
  };
}

/** Command lines of the processes that have this text in theirs. */
async function processesNaming(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) found.push(line.replaceAll("\0", " "));
  }
  return found;
}
