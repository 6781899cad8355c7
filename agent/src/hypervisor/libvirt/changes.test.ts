import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { TestContext } from "node:test";
import { suite, test } from "node:test";
import type { DomainEvent } from "@ghost/libvirt";
import type { Domain } from "../driver.ts";
import { Changes } from "./changes.ts";
import { FAKE_CONFIG, FakeLibvirt } from "./testdata/fake-libvirt.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const HEAD = { uuid: UID, name: "web", id: undefined };

const OFF: Domain = {
  uid: UID,
  status: "stopped",
  statusReason: "",
  live: FAKE_CONFIG,
  stored: FAKE_CONFIG,
  metadata: "",
  ipAddress: "",
  guestAgent: false,
  bootFinished: false,
};
const ON: Domain = { ...OFF, status: "running", statusReason: "booted" };

interface Bench {
  readonly changes: Changes;
  readonly libvirt: FakeLibvirt;
  /** What the host has; readings tell the changes of it. */
  readonly host: Map<string, Domain>;
  readonly heard: string[];
  readonly list: () => void;
  readonly lifecycle: (event: string, detail: string) => void;
}

async function bench(t: TestContext, ...domains: readonly Domain[]): Promise<Bench> {
  const libvirt = new FakeLibvirt();
  const host = new Map(domains.map((domain) => [domain.uid, domain]));
  const list = (): void => changes.noticed({ since: changes.now, domains: [...host.values()], of: "all" });
  const changes: Changes = new Changes({
    read: async (uid) => {
      const since = changes.now;
      await setImmediate();
      const domain = host.get(uid);
      changes.noticed({ since, domains: domain === undefined ? [] : [domain], of: [uid] });
    },
    list: async () => list(),
    onStart: () => {},
    onBalloon: () => {},
  });
  t.after(() => changes[Symbol.dispose]());
  const heard: string[] = [];
  changes.listen(({ what, name, detail }) => heard.push(`${what} ${name}: ${detail}`));
  changes.up(libvirt);
  await settled();
  const lifecycle = (event: string, detail: string): void =>
    libvirt.tell({ kind: "lifecycle", domain: HEAD, event, detail } as DomainEvent);
  return { changes, libvirt, host, heard, list, lifecycle };
}

/** Until every reading that was asked for is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

suite("changes", () => {
  test("what is there at first is no news", async (t) => {
    const { heard } = await bench(t, OFF);
    assert.deepEqual(heard, []);
  });

  test("power is told as its event says, once, even when it was off for a moment only", async (t) => {
    const { heard, host, lifecycle, list } = await bench(t, ON);
    lifecycle("stopped", "shutdown");
    lifecycle("started", "booted");
    host.set(UID, { ...ON });
    await settled();
    list();
    assert.deepEqual(heard, ["status web: stopped: shutdown", "status web: running: booted"]);
  });

  test("a start is told once, when it is done", async (t) => {
    const { heard, host, list, lifecycle } = await bench(t, OFF);
    host.set(UID, { ...ON, statusReason: "starting-up" });
    list();
    lifecycle("resumed", "unpaused");
    lifecycle("started", "booted");
    host.set(UID, ON);
    await settled();
    lifecycle("suspended", "paused");
    lifecycle("resumed", "unpaused");
    await settled();
    assert.deepEqual(heard, ["status web: running: booted", "status web: paused: paused", "status web: running: unpaused"]);
  });

  test("a definition comes, changes under another name, and goes", async (t) => {
    const { heard, host, lifecycle } = await bench(t);
    host.set(UID, OFF);
    lifecycle("defined", "added");
    await settled();
    host.set(UID, { ...OFF, stored: { ...FAKE_CONFIG, name: "shop", vcpu: 2 } });
    lifecycle("undefined", "renamed");
    lifecycle("defined", "renamed");
    await settled();
    host.clear();
    lifecycle("undefined", "removed");
    await settled();
    assert.deepEqual(heard, ["created web: added", "changed shop: renamed from web", "changed shop: vcpu", "deleted web: removed"]);
  });

  test("a running machine without a definition is there until it stops", async (t) => {
    const { heard, host, lifecycle } = await bench(t, ON);
    lifecycle("undefined", "removed");
    await settled();
    host.clear();
    lifecycle("stopped", "destroyed");
    await settled();
    assert.deepEqual(heard, ["status web: stopped: destroyed", "deleted web: removed"]);
  });

  test("what has no event is told by the next reading, once", async (t) => {
    const { heard, host, list } = await bench(t, OFF);
    host.set(UID, { ...OFF, stored: { ...FAKE_CONFIG, autostart: true } });
    list();
    list();
    assert.deepEqual(heard, ["changed web: autostart"]);
  });

  test("what happened while libvirt was away is told when it is back", async (t) => {
    const { heard, host, libvirt, changes } = await bench(t, ON);
    const other = { ...OFF, uid: "6f8d1c5e-0f5a-4b1d-9d44-222222222222", stored: { ...FAKE_CONFIG, name: "other" } };
    host.set(UID, { ...OFF, statusReason: "crashed" }).set(other.uid, other);
    changes.up(libvirt);
    await settled();
    assert.deepEqual(heard, ["status web: stopped: crashed", "created other: "]);
  });

  test("a reading from before an event says nothing about its domain", async (t) => {
    const { heard, host, lifecycle, changes } = await bench(t, OFF);
    const since = changes.now;
    host.set(UID, ON);
    lifecycle("started", "booted");
    changes.noticed({ since, domains: [{ ...OFF }], of: "all" });
    await settled();
    lifecycle("undefined", "removed");
    changes.noticed({ since, domains: [], of: "all" });
    await settled();
    assert.deepEqual(heard, ["status web: running: booted"]);
  });

  test("an address and the end of boot are news of the status", async (t) => {
    const { heard, host, list } = await bench(t, ON);
    host.set(UID, { ...ON, ipAddress: "192.0.2.7", bootFinished: true });
    list();
    assert.deepEqual(heard, ["status web: has the address 192.0.2.7", "status web: cloud-init has run to its end"]);
  });

  test("a reboot and a disk that fails are told", async (t) => {
    const { heard, libvirt } = await bench(t, ON);
    libvirt.tell({ kind: "reboot", domain: HEAD });
    libvirt.tell({ kind: "reboot", domain: HEAD });
    libvirt.tell({ kind: "io-error", domain: HEAD, path: "/disks/a.qcow2", device: "virtio-disk0", action: "pause", reason: "enospc" });
    assert.deepEqual(heard, ["status web: rebooted", "status web: /disks/a.qcow2 cannot be read or written: enospc"]);
  });

  test("who stopped listening hears nothing, and the others do", async (t) => {
    const { changes, lifecycle, heard } = await bench(t, OFF);
    const late: string[] = [];
    const stop = changes.listen(({ what }) => late.push(what));
    stop();
    lifecycle("started", "booted");
    assert.deepEqual([late, heard], [[], ["status web: running: booted"]]);
  });
});
