// What a connection does when libvirtd ends, is killed or stands still, with a machine running.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import * as libvirt from "../../../libvirt/src/index.ts";
import type { ConnectionState } from "../../../libvirt/src/index.ts";
import { eventLog } from "../support/events.ts";
import { tinyGuest } from "../support/guests.ts";
import { startLibvirtd } from "../support/libvirtd.ts";
import type { PrivateLibvirtd } from "../support/libvirtd.ts";
import { whyNot } from "../support/packages.ts";

const URI = "qemu:///system";

suite("libvirtd behind a connection", { skip: whyNot("libvirtd", "virsh", "qemu-system-x86_64") ?? false }, () => {
  let daemon: PrivateLibvirtd;
  before(async () => {
    daemon = await startLibvirtd();
  });
  after(() => daemon?.[Symbol.asyncDispose]());

  for (const signal of ["TERM", "KILL"] as const) {
    test(`ended by SIG${signal} and started again: the machine runs on, events go on`, async () => {
      const states: ConnectionState["state"][] = [];
      let wake = (): void => {};
      const onState = ({ state }: ConnectionState): void => {
        states.push(state);
        wake();
      };
      const until = async (isTrue: () => boolean): Promise<void> => {
        while (!isTrue()) await new Promise<void>((resolve) => (wake = resolve));
      };
      await using lasting = libvirt.keepConnected({
        uri: URI,
        socketPath: daemon.socketPath,
        onState,
        firstPauseMs: 10,
        longestPauseMs: 50,
      });
      const log = eventLog();
      await lasting.subscribe(["lifecycle"], log.listener);
      const domain = await libvirt.defineDomain(lasting, tinyGuest({ name: `survivor-${signal.toLowerCase()}` }));
      const { id } = await libvirt.startDomain(lasting, domain);
      await log.waitFor("lifecycle started");

      if (signal === "KILL") {
        // Standing still it cannot answer before its end.
        await daemon.freeze(true);
        const lost = assert.rejects(libvirt.listDomains(lasting), { name: "LibvirtError", source: "disconnected" });
        await daemon.end(signal);
        await lost;
      } else {
        await daemon.end(signal);
      }
      await until(() => states.includes("down"));
      await assert.rejects(libvirt.listDomains(lasting), { source: "connect" });

      const ups = states.filter((state) => state === "up").length;
      await daemon.start();
      await until(() => states.filter((state) => state === "up").length > ups);
      const found = (await libvirt.listDomains(lasting, "active")).find(({ uuid }) => uuid === domain.uuid);
      assert.equal(found?.id, id, "the same machine, not a new one");
      // Waits until libvirt has found its machine again: what is destroyed before that ends too, but with an error.
      await libvirt.memoryStatistics(lasting, domain);
      await libvirt.destroyDomain(lasting, domain);
      await log.waitFor("lifecycle stopped destroyed");
      await libvirt.undefineDomain(lasting, domain);
    });
  }

  test("one that stands still is given up by keep-alive, and a call by its own timeout", async (t) => {
    await using connection = await libvirt.connect({ uri: URI, socketPath: daemon.socketPath, keepAlive: { intervalMs: 100, count: 3 } });
    await daemon.freeze(true);
    t.after(() => daemon.freeze(false));
    await assert.rejects(libvirt.hostname(connection, { timeoutMs: 50 }), { source: "timeout" });
    await assert.rejects(libvirt.hostname(connection), { source: "disconnected", message: /not even to keep-alive/ });
  });

  test("one that works keeps a silent connection alive", async () => {
    await using connection = await libvirt.connect({ uri: URI, socketPath: daemon.socketPath, keepAlive: { intervalMs: 20, count: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(connection.end, undefined);
  });

  test("while a guest's agent is waited for, destroying goes first", async () => {
    await using connection = await libvirt.connect({ uri: URI, socketPath: daemon.socketPath });
    const domain = await libvirt.defineDomain(connection, tinyGuest({ name: "busy" }));
    await libvirt.startDomain(connection, domain);
    // Saving takes a second or more; all ordinary places are taken by questions that wait for it.
    const saving = libvirt.managedSave(connection, domain).catch((error: unknown) => error);
    const waiting = Array.from({ length: 10 }, () => libvirt.memoryStatistics(connection, domain).catch((error: unknown) => error));
    await libvirt.destroyDomain(connection, domain);
    assert.equal((await libvirt.domainState(connection, domain)).state, "shutoff");
    await Promise.all([saving, ...waiting]);
    await libvirt.undefineDomain(connection, domain, { managedSave: true });
  });
});
