// Cards and disks come and go while the guest serves: nobody who asks it notices.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost, VmValues } from "./support/host.ts";
import type { GuestFacts } from "./support/http.ts";
import { lease, leased } from "./support/leases.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const GIB = 1024 ** 3;
const MAC = "52:54:00:00:ab:01";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("devices of a machine that runs", { skip: reason ?? false }, () => {
  let host: TestHost;
  let address: string;
  before(async () => {
    host = await startHost();
    await host.spec({ web: {} });
    await host.done("apply", "--yes");
    address = await host.address("web");
    await host.http.page(address);
  });
  after(() => host?.[Symbol.asyncDispose]());

  /** Applies a spec while the guest is asked 20 times a second, and sees that it comes to pass in the guest. */
  async function change(values: VmValues, isDone: (facts: GuestFacts) => boolean): Promise<void> {
    await host.spec({ web: values });
    const end = await host.http.poll(address);
    const printed = await host.done("plan");
    assert.match(printed, /Worst impact: live/);
    const applied = await host.done("apply", "--yes");
    await until(async () => isDone(await host.http.facts(address)), "the guest to see it");
    const { sent, lost, slowestMs } = await end();
    assert.deepEqual(lost, [], `${lost.length} of ${sent} requests are lost, the slowest took ${slowestMs} ms. ${applied}`);
    assert.ok(sent >= 20, `${sent} requests`);
    assert.equal((await host.http.facts(address)).boots, 1);
    const { code, stdout } = await host.ghost("plan", "--detailed-exitcode");
    assert.equal(code, 0, stdout);
  }

  const networks = { default: {}, lan: { mac: MAC } };
  const disks = { data: { size_gb: 1 } };
  const sizes = ({ disks: seen }: GuestFacts): readonly number[] => seen.map(({ bytes }) => bytes / GIB).filter((gib) => gib >= 1);
  const macs = ({ nics }: GuestFacts): readonly string[] => nics.map(({ mac }) => mac);

  test("a second card is plugged in", async () => {
    await change({ networks }, (facts) => macs(facts).includes(MAC));
    assert.match(await host.virsh("domiflist", "web"), new RegExp(`default +virtio +${MAC}`));
  });

  test("a disk is plugged in, and grows", async () => {
    await change({ networks, disks }, (facts) => sizes(facts).join() === "1,1");
    await change({ networks, disks: { data: { size_gb: 2 } } }, (facts) => sizes(facts).join() === "1,2");
    assert.match(await host.virsh("domblklist", "web"), /vdb +\S+\.qcow2/);
  });

  test("the card is pulled, and its address is free", async () => {
    await lease(host, MAC, "192.168.122.201");
    await change({ disks: { data: { size_gb: 2 } } }, (facts) => macs(facts).length === 1);
    assert.equal((await host.virsh("domiflist", "web")).includes(MAC), false);
    assert.equal((await host.virsh("dumpxml", "web", "--inactive")).includes(MAC), false);
    await until(async () => !(await leased(host)).includes(MAC), "its address to be free");
    assert.equal(await host.address("web"), address);
  });

  test("the disk is pulled and destroyed, which is said and has to be allowed", async () => {
    await host.spec({ web: {} });
    const end = await host.http.poll(address);
    const refused = await host.ghost("apply", "--yes");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Worst impact: data-loss/);
    assert.match(await host.virsh("domblklist", "web"), /vdb/);
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
    await until(async () => sizes(await host.http.facts(address)).join() === "1", "the disk to be gone");
    const { lost } = await end();
    assert.deepEqual(lost, []);
    assert.doesNotMatch(await host.virsh("domblklist", "web"), /vdb/);
  });
});
