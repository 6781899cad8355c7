// The story of a machine once more, told by the real terraform through the bundled provider.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { terraformVersion } from "../bench/terraform.ts";
import { block, resource } from "../terraform/support/hcl.ts";
import type { Expressions } from "../terraform/support/hcl.ts";
import { openSite } from "../terraform/support/site.ts";
import type { Site } from "../terraform/support/site.ts";
import { warnings } from "../terraform/support/words.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const GIB_KIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** A guest starts in it, without KVM and on a busy machine. */
const COMMAND_TIMEOUT_MS = 180_000;
const ALL = ["-auto-approve", "-json"] as const;

const reason =
  whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest() ?? whyNoTerraform();

suite("a real machine by terraform", { skip: reason ?? false }, () => {
  let host: TestHost;
  let site: Site;
  before(async () => {
    assert.ok(terraformVersion() !== undefined, "there is no terraform on the PATH; on CI one is needed, 1.11 or newer");
    host = await startHost();
    site = await openSite({ agents: [], by: "mirror", commandTimeoutMs: COMMAND_TIMEOUT_MS });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  async function write(hcl: string): Promise<void> {
    await site.write(hcl, { providerBody: `stack = "shop"\n  agents = { desk = { address = "${host.agent().address}" } }` });
  }

  /** The machine with these values. */
  function web(values: Expressions = {}): string {
    const all = {
      name: '"web"',
      agent: '"desk"',
      image_path: JSON.stringify(host.image),
      vcpu: 1,
      ram_gb: 1,
      ram_max_gb: 3,
      disk_gb: 1,
      wait_for: '"ip"',
      stop_timeout_s: 30,
    };
    return resource("ghost_vm", "web", { ...all, disks: "{ data = { size_gb = 1 } }", ...values });
  }

  async function address(): Promise<string> {
    return String((await site.values())["ghost_vm.web"]?.["ip_address"]);
  }

  /** The guest sees what it has without what its kernel took at the start. */
  async function memorySeen(): Promise<number> {
    return (await host.http.facts(await address())).memoryKib / GIB_KIB;
  }

  function assertMemory(seenGib: number, gib: number): void {
    assert.ok(seenGib > gib - 0.25 && seenGib < gib, `the guest sees ${seenGib} GiB`);
  }

  test("is made, and has no address until its guest has one", async () => {
    await write(web({ wait_for: '"none"' }));
    const planned = await site.plan();
    assert.deepEqual([planned.code, planned.changes, planned.told], [2, { "ghost_vm.web": "create" }, []]);
    await site.ok("apply", ...ALL);
    assert.equal(await address(), "");
    await until(async () => (await site.plan()).drift["ghost_vm.web"] === "update", "the address in a plan");
    assert.equal((await site.plan()).code, 0, "there is nothing to do about it");
  });

  test("answers at the address that is read then", async () => {
    await write(web());
    await site.apply();
    const values = (await site.values())["ghost_vm.web"]!;
    assert.equal(values["uid"], await host.virsh("domuuid", "web"));
    assert.deepEqual([values["status"], values["owner"]], ["running", "terraform:shop"]);
    assert.equal(values["ip_address"], await host.address("web"));
    assert.equal(await host.http.page(await address()), "web");
  });

  test("has more memory and larger disks without going down, and nothing warns", async () => {
    await write(web({ ram_gb: 2, disk_gb: 2, disks: "{ data = { size_gb = 3 } }" }));
    const planned = await site.plan();
    assert.deepEqual([planned.changes, warnings(planned)], [{ "ghost_vm.web": "update" }, []]);
    await site.apply();
    const { boots, disks } = await host.http.facts(await address());
    assert.equal(boots, 1);
    assert.deepEqual(
      disks.filter(({ serial }) => serial !== "").map(({ bytes }) => bytes),
      [2 * GIB, 3 * GIB],
    );
    assertMemory(await memorySeen(), 2);
  });

  test("drifts by virsh: the plan ends with 2 and says so, and the apply reverts it", async () => {
    await host.virsh("setmem", "web", "1GiB", "--live");
    // A guest hands memory back in its own time, and it counts when it has come to rest.
    await until(async () => (await site.plan()).code === 2, "the drift in a plan");
    const { drift, changes } = await site.plan();
    assert.deepEqual([drift, changes], [{ "ghost_vm.web": "update" }, { "ghost_vm.web": "update" }]);
    assertMemory(await memorySeen(), 1);
    await site.apply();
    assertMemory(await memorySeen(), 2);
    assert.equal((await host.http.facts(await address())).boots, 1);
  });

  test("is stopped and started by power, with a warning before it goes down", async () => {
    const values = { ram_gb: 2, disk_gb: 2, disks: "{ data = { size_gb = 3 } }" };
    await host.http.page(await address(), "/cgi-bin/write?kept");
    await write(web({ ...values, power: '"stopped"' }));
    assert.match(
      warnings(await site.plan())
        .map(({ summary }) => summary)
        .join(),
      /power, stop/,
    );
    await site.apply();
    assert.equal(await host.virsh("domstate", "web"), "shut off");
    await write(web({ ...values, power: '"running"' }));
    await site.apply();
    const at = await host.address("web");
    assert.equal((await host.http.facts(at)).boots, 2);
    assert.equal(await host.http.page(at, "/cgi-bin/read"), "kept");
  });

  test("that somebody else has made is imported, adopted and released, and never goes down", async () => {
    const disk = path.join(host.libvirtd.folder, "theirs.qcow2");
    await copyFile(host.image, disk);
    execFileSync("qemu-img", ["resize", "-q", disk, "1G"]);
    await host.define(theirs(disk));
    await host.virsh("start", "theirs");
    await until(async () => (await host.virsh("net-dhcp-leases", "default")).includes(THEIR_MAC), "an address of theirs");
    const at = await host.address("theirs");
    const kept = web({ ram_gb: 2, disk_gb: 2, disks: "{ data = { size_gb = 3 } }", power: '"running"' });
    const uptime = (await host.http.facts(at)).uptimeSeconds;
    assert.equal(await host.http.page(at), "guest");

    await write(`${kept}${block("import", { to: "ghost_vm.theirs", id: '"desk/theirs"' })}`);
    await site.ok("plan", "-no-color", "-generate-config-out=theirs.tf");
    const generated = path.join(site.dir, "theirs.tf");
    const text = await readFile(generated, "utf8");
    await site.ok("apply", ...ALL);
    assert.equal((await site.values())["ghost_vm.theirs"]?.["owner"], "", "importing changes nothing");
    await rm(generated);
    const own = text
      .replaceAll(/^  (?:adopt|labels|on_remove) .*\n/gm, "")
      .replace(/^}$/m, '  adopt = true\n  on_remove = "retain"\n  labels = { found = "yes" }\n}');
    await write(`${kept}${own}`);
    const planned = warnings(await site.plan());
    assert.deepEqual(
      planned.map(({ summary }) => summary),
      ['VM "theirs" is taken over'],
    );
    await site.apply();
    assert.equal((await site.values())["ghost_vm.theirs"]?.["owner"], "terraform:shop");
    await write(kept);
    await site.apply();
    const { boots, uptimeSeconds } = await host.http.facts(at);
    assert.ok(boots === 1 && uptimeSeconds > uptime, "it ran on");
    assert.match(await host.virsh("dumpxml", "theirs"), new RegExp(`<source file='${disk}'`));
  });

  test("is destroyed, and nothing of it stays; what was released does", async () => {
    await site.ok("destroy", ...ALL);
    assert.equal(await host.virsh("list", "--all", "--name"), "theirs");
    assert.equal(await host.virsh("domstate", "theirs"), "running");
    assert.deepEqual(await site.values(), {});
    for (const folder of ["disks", "seeds", "consoles"]) assert.deepEqual(await readdir(path.join(host.dataDir, folder)), [], folder);
    using records = new DatabaseSync(path.join(host.dataDir, "agent.db"), { readOnly: true });
    assert.deepEqual(records.prepare("SELECT name FROM vms WHERE owner <> ''").all(), []);
  });
});

const THEIR_MAC = "52:54:00:0f:0f:0f";

/** A machine as another program would define it: a disk, a card, no seed, nothing that is Ghost's. */
function theirs(disk: string): string {
  return `<domain type='qemu'><name>theirs</name><memory unit='GiB'>1</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os><features><acpi/><apic/></features><cpu mode='maximum'/>
    <devices>
      <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
      <interface type='network'><mac address='${THEIR_MAC}'/><source network='default'/><model type='virtio'/></interface>
      <serial type='pty'/><memballoon model='virtio'/>
    </devices></domain>`;
}

/** Where terraform is a tool of the developer's and not there, nothing can be asked; on CI that is a failure. */
function whyNoTerraform(): string | undefined {
  const isCi = (process.env["CI"] ?? "") !== "";
  return isCi || terraformVersion() !== undefined ? undefined : "there is no terraform on the PATH";
}
