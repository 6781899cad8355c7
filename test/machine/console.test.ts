// A machine's console and log from the command line, over an agent on a real libvirt; the guest is a small Linux.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { ghost, until } from "../support/ghost.ts";
import type { RunResult } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("inside a machine", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost();
    await host.spec({ web: {} });
    await host.done("apply", "--yes");
  });
  after(() => host?.[Symbol.asyncDispose]());

  /** `ghost vm ARGS`, with what is typed. */
  const vm = async (args: readonly string[], input = ""): Promise<RunResult> =>
    await ghost(["vm", ...args, "--address", host.agent().address], { input });

  test("what is typed runs in the guest, and its log has what it said", async () => {
    // The shell is there a moment after the address is.
    await until(
      async () => (await vm(["console", "web", "--linger", "2s"], "\necho sum $((40 + 2))\n")).stdout.includes("sum 42"),
      "a shell",
    );
    const { code, stdout } = await vm(["logs", "web"]);
    assert.deepEqual([code, stdout.includes("sum 42")], [0, true]);
    const last = await vm(["logs", "web", "--tail", "1"]);
    assert.equal(last.stdout, stdout.slice(stdout.lastIndexOf("\n", stdout.length - 2) + 1));
    assert.equal(await readFile(path.join(host.dataDir, "consoles", `${await host.virsh("domuuid", "web")}.log`), "utf8"), stdout);
  });

  test("a console ends with the machine, and its log stays", async () => {
    const open = vm(["console", "web", "--linger", "10m"], "\necho open\n");
    await until(async () => (await vm(["logs", "web", "--tail", "5"])).stdout.includes("open"), "the console");
    await host.virsh("destroy", "web");
    const { code, stderr } = await open;
    assert.deepEqual([code, stderr], [0, "The console of VM web ended: it is stopped.\n"]);
    assert.match((await vm(["logs", "web"])).stdout, /sum 42/);
    assert.match((await vm(["console", "web"])).stderr, /VM_POWER_STATE.*"web" is stopped/s);
  });
});
