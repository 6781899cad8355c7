// What people do to machines beside the agent, and what plans and operations make of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { until } from "../support/ghost.ts";
import { startHost } from "./support/host.ts";
import type { TestHost } from "./support/host.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";

const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip") ?? whyNoGuest();

suite("beside the agent", { skip: reason ?? false }, () => {
  let host: TestHost;
  before(async () => {
    host = await startHost();
  });
  after(() => host?.[Symbol.asyncDispose]());

  const disk = (): string => path.join(host.libvirtd.folder, "theirs.qcow2");

  test("a machine that was saved is not changed before it goes on", async () => {
    await host.spec({ web: { wait_for: "none" } });
    await host.done("apply", "--yes");
    await host.virsh("managedsave", "web");
    await host.spec({ web: { wait_for: "none", vcpu: 2, disks: { data: { size_gb: 1 } } } });
    // A libvirtd that has just started knows of the file alone.
    await host.libvirtd.end("TERM");
    await host.libvirtd.start();
    const listed = async (): Promise<boolean> => (await host.ghost("vm", "list", "--address", host.agent().address)).code === 0;
    await until(listed, "the agent to reach libvirt again");
    for (const args of [["plan"], ["apply", "--yes"]]) {
      const { code, stderr, stdout } = await host.ghost(...args);
      assert.equal(code, 1, stdout);
      assert.match(stderr, /was saved while it ran.*: disks\.data, vcpu cannot change before\.\n.*Hint: Start it .*managedsave-remove web/);
    }
    assert.match(await host.virsh("dominfo", "web"), /Managed save: +yes/);
    await host.done("vm", "start", "web", "--address", host.agent().address);
    assert.match(await host.done("plan"), /vcpu +restart +1 → 2/);
    await host.done("apply", "--yes", "--max-impact", "restart");
    assert.match(await host.done("plan"), /No changes/);
  });

  test("processors that were stored alone are told beside those that run", async () => {
    await host.virsh("setvcpus", "web", "1", "--config");
    assert.match(await host.done("plan"), /vcpu +none +live 2 · next boot 1 → 2/);
    await host.done("apply", "--yes");
    assert.match(await host.virsh("vcpucount", "web", "--current", "--config"), /^2$/);
    assert.match(await host.done("plan"), /No changes/);
  });

  test("a disk that somebody attached is detached, and its file stays", async () => {
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk(), "1G"]);
    await host.http.page(await host.address("web"));
    await host.virsh("attach-disk", "web", disk(), "vdx", "--subdriver", "qcow2", "--live", "--config");
    assert.match(
      await host.done("plan"),
      /vm web +guest +disks\.vdx: the disk is detached, and the guest must let go of it; its file stays: Ghost did not make it/,
    );
    await host.done("apply", "--yes", "--max-impact", "guest");
    assert.doesNotMatch(await host.virsh("domblklist", "web"), /vdx/);
    assert.doesNotMatch(await host.virsh("domblklist", "web", "--inactive"), /vdx/);
    execFileSync("qemu-img", ["check", "-q", disk()]);
    assert.match(await host.done("plan"), /No changes/);
  });

  test("a machine whose definition was removed is not taken down to be changed", async () => {
    await host.virsh("undefine", "web");
    await host.spec({ web: { wait_for: "none", disks: { data: { size_gb: 1 } } } });
    for (const args of [
      ["apply", "--yes", "--max-impact", "restart"],
      ["vm", "restart", "web", "--address", host.agent().address],
    ]) {
      const { code, stderr, stdout } = await host.ghost(...args);
      assert.equal(code, 1, stdout);
      assert.match(stderr, /Somebody removed the definition of VM "web" while it runs/);
      assert.equal(await host.virsh("domstate", "web"), "running");
    }
    // As the hint says: the disks are as they were, and the machine is there again.
    const disks = await readdir(path.join(host.dataDir, "disks"), { recursive: true });
    await host.done("vm", "stop", "web", "--force", "--address", host.agent().address);
    assert.equal(await host.virsh("list", "--all", "--name"), "");
    await host.done("apply", "--yes");
    assert.deepEqual(await readdir(path.join(host.dataDir, "disks"), { recursive: true }), disks);
    assert.match(await host.done("plan"), /No changes/);
  });

  test("a disk that Ghost did not make stays when its machine goes, and so do its UEFI variables", async () => {
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk(), "1G"]);
    const variables = path.join(host.libvirtd.folder, "theirs_VARS.fd");
    await writeFile(variables, "boot order");
    await host.define(
      `<domain type='qemu'><name>theirs</name><memory unit='GiB'>1</memory><vcpu>1</vcpu>
       <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><nvram>${variables}</nvram></os><features><acpi/></features>
       <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk()}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
    );
    await host.spec({ theirs: { wait_for: "none", power: "stopped", firmware: "uefi", adopt: true } });
    const adopted = await host.done("plan");
    assert.match(adopted, /vm theirs +adopt +/);
    assert.doesNotMatch(adopted, /networks/, "it has no card, and gets none");
    await host.done("apply", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
    assert.match(await host.done("plan"), /No changes/);
    // Where that disk is only the definition knew.
    const xml = await host.virsh("dumpxml", "theirs", "--inactive");
    await host.virsh("undefine", "theirs", "--keep-nvram");
    assert.match(await host.done("plan"), /vm theirs +create +.*; Ghost has no disk root of it, which is made anew/);
    await host.define(xml);
    assert.match(await host.done("plan"), /No changes/);
    const { code, stdout, stderr } = await host.ghost("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "1");
    assert.equal(code, 0, stdout + stderr);
    assert.match(stderr, /vm theirs +delete · data-loss +.*; its disk root \(1 GiB\) stays: Ghost did not make it/);
    assert.equal(await host.virsh("list", "--all", "--name"), "");
    execFileSync("qemu-img", ["check", "-q", disk()]);
    assert.equal(await readFile(variables, "utf8"), "boot order");
  });
});
