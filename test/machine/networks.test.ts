// Where a machine's card may be plugged in besides libvirt's network: a bridge of the host, and QEMU's own user network.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { tinyGuest } from "./support/guests.ts";
import { startHost } from "./support/host.ts";
import type { TestHost, VmValues } from "./support/host.ts";
import { lease, leased } from "./support/leases.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("networks of machines", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost({ seesBridges: true });
  });
  after(() => host?.[Symbol.asyncDispose]());

  async function addressOf(name: string): Promise<string> {
    const status = await host.done("vm", "status", name, "--json", "--address", host.agent().address);
    return (JSON.parse(status) as { readonly ip_address: string }).ip_address;
  }

  test("a machine that is deleted gives back its address, and nobody else's", async () => {
    const [gone, kept, foreign, copied] = ["52:54:00:00:0a:01", "52:54:00:00:0a:02", "52:54:00:00:0a:03", "52:54:00:00:0a:04"];
    const lan = (...macs: readonly string[]): VmValues => ({
      wait_for: "none",
      networks: Object.fromEntries(macs.map((mac, index) => [index === 0 ? "default" : `lan${index}`, { mac }])),
    });
    await host.spec({ gone: lan(gone, copied), kept: lan(kept) });
    await host.done("apply", "--yes");
    // Somebody has a copy of the machine, with one of its cards, that is not off.
    await host.define(tinyGuest({ name: "copy", network: "default", mac: copied }));
    await host.virsh("start", "copy", "--paused");
    await lease(host, foreign, "192.168.122.203");
    await lease(host, copied, "192.168.122.204");
    await host.address("gone");
    await host.address("kept");
    await host.spec({ kept: lan(kept) });
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
    await until(async () => !(await leased(host)).includes(gone), "its address to be free");
    assert.deepEqual((await leased(host)).toSorted(), [kept, foreign, copied]);
    await host.virsh("destroy", "copy");
    await host.virsh("undefine", "copy");
    await host.spec({});
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
  });

  test("on a bridge of the host it is reached, at the address that its guest's agent tells", async () => {
    // The bridge of libvirt's network: somebody answers DHCP there, and libvirt does not know whose lease it is.
    await host.spec({ web: { networks: { default: { bridge: "virbr0" } }, wait_for: "ip" } });
    await host.done("apply", "--yes");
    assert.match(await host.virsh("domiflist", "web"), /bridge +virbr0 +virtio/);
    assert.equal(await host.http.page(await addressOf("web")), "web");
    assert.equal((await host.ghost("plan", "--detailed-exitcode")).code, 0);
    await host.spec({});
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
  });

  test("a plan refuses a network and a bridge that the host does not have, and says what it has", async () => {
    await host.spec({ web: { networks: { a: { network: "defualt" }, b: { bridge: "virbr9" }, c: { network: "user" } } } });
    const { code, stderr } = await host.ghost("plan");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /NETWORK_UNKNOWN[^]*network "defualt"[^]*it has default\.[^]*NETWORK_UNKNOWN[^]*bridge "virbr9"[^]*it has virbr0\./,
    );
    assert.equal(await host.virsh("list", "--all"), "");
  });

  test("on QEMU's own network it has the address that QEMU gives, and is ready when its agent answers", async () => {
    await host.spec({ inner: { networks: { default: { network: "user" } }, wait_for: "guest-agent" } });
    await host.done("apply", "--yes");
    assert.match(await host.virsh("domiflist", "inner"), /user +\S+ +virtio/);
    const answer = await host.virsh("qemu-agent-command", "inner", '{"execute":"guest-ping"}');
    assert.match(answer, /return/);
    assert.match(await host.virsh("domifaddr", "inner", "--source", "agent"), /10\.0\.2\.15/);
    assert.equal((await host.ghost("plan", "--detailed-exitcode")).code, 0);
  });
});
