// Guests that do not do what is asked of them.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("unwilling guests", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost();
  });
  after(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.done("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "1"));

  test("one that is deaf to the power button is powered off after its time, as the plan said", async () => {
    const deaf = { cloud_init: { user_data: "ghost_guest: ignore-acpi" }, stop_timeout_s: 2 };
    await host.spec({ deaf });
    await host.done("apply", "--yes");
    await host.spec({ deaf: { ...deaf, power: "stopped" } });
    assert.match(await host.done("plan"), /a guest that is not down after 2 s is powered off/);
    await host.done("apply", "--yes", "--max-impact", "stop");
    assert.equal(await host.virsh("domstate", "deaf", "--reason"), "shut off (destroyed)");
  });

  test("one that panics as it boots is waited for in vain, and kept", async () => {
    await host.spec({ panic: { cloud_init: { user_data: "ghost_guest: panic-at-boot" }, wait_timeout_s: 5 } });
    const { code, stderr } = await host.ghost("apply", "--yes");
    assert.equal(code, 1);
    assert.match(stderr, /WAIT_TIMEOUT/);
    assert.match(stderr, /VM "panic" .*5 s[^]*ghost vm logs panic/);
    assert.match(await host.virsh("list", "--all"), /panic +running/);
    assert.equal((await readdir(path.join(host.dataDir, "disks"))).length, 1);
    // What it said is there to be read, and the next plan knows the machine.
    const logs = async (): Promise<string> => await host.done("vm", "logs", "panic", "--address", host.agent().address);
    await until(async () => (await logs()).includes("Kernel panic"), "what the kernel says");
    assert.doesNotMatch(await host.done("plan"), /to create/);
    // Who only runs the command again learns the same.
    const planned = await host.ghost("plan", "--detailed-exitcode");
    assert.deepEqual([planned.code, /not seen ready yet: waits until it has an address/.test(planned.stdout)], [2, true]);
    const again = await host.ghost("apply", "--yes");
    assert.deepEqual([again.code, /WAIT_TIMEOUT/.test(again.stderr)], [1, true]);
    assert.match(await host.virsh("list", "--all"), /panic +running/);
  });
});
