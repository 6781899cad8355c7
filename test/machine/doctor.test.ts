// What the doctor says of a real libvirtd, by the program that people run.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { ghost } from "../support/ghost.ts";
import { startLibvirtd } from "./support/libvirtd.ts";
import type { PrivateLibvirtd } from "./support/libvirtd.ts";
import { whyNot } from "./support/packages.ts";

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
}

const NETWORK = `<network><name>default</name><bridge name='ghostdoc0'/><ip address='192.168.177.1' netmask='255.255.255.0'/></network>`;

suite("ghost agent doctor", { skip: whyNot("libvirtd", "virsh", "qemu-system-x86_64", "dnsmasq") ?? false }, () => {
  let daemon: PrivateLibvirtd;
  let dir: string;
  before(async () => {
    daemon = await startLibvirtd({ ownNetwork: true });
    dir = await mkdtemp(path.join(tmpdir(), "ghost-doctor-"));
    await chmod(dir, 0o711);
  });
  after(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  async function examine(): Promise<ReadonlyMap<string, Finding>> {
    const file = path.join(dir, "agent.yaml");
    const uri = `qemu:///system?socket=${daemon.socketPath}`;
    await writeFile(file, `hypervisor: libvirt\ndata_dir: ${dir}/data\nlibvirt: { uri: "${uri}" }\n`);
    const { stdout } = await ghost(["agent", "doctor", "--config", file, "--json"]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Finding & { type: string });
    return new Map(events.filter(({ type }) => type === "finding").map((finding) => [finding.check, finding]));
  }

  test("sees libvirt, QEMU and what is not there", async () => {
    const findings = await examine();
    const [libvirtVersion] = /\d+\.\d+\.\d+/.exec(await daemon.virsh("qemu:///system", "version")) ?? [];
    assert.equal(findings.get("libvirt")?.status, "ok");
    assert.ok(findings.get("libvirt")?.detail.includes(`libvirt ${libvirtVersion} answers`), findings.get("libvirt")?.detail);
    assert.match(findings.get("qemu")?.detail ?? "", /QEMU is \/usr\/.*q35.* and virtio/);
    assert.ok(findings.has("uefi"));
    assert.match(findings.get("network")?.detail ?? "", /no network "default"/);
    assert.equal(findings.get("folder-data_dir")?.status, "ok");
  });

  test("sees the network when it is defined, and when it is started", async () => {
    const file = path.join(dir, "network.xml");
    await writeFile(file, NETWORK);
    await daemon.virsh("qemu:///system", "net-define", file);
    assert.match((await examine()).get("network")?.detail ?? "", /"default" is not started/);
    await daemon.virsh("qemu:///system", "net-start", "default");
    const findings = await examine();
    assert.equal(findings.get("network-autostart")?.status, "warn");
    await daemon.virsh("qemu:///system", "net-autostart", "default");
    assert.equal((await examine()).has("network-autostart"), false);
  });

  test("and the service may write where libvirt has the storage pool", async () => {
    const config = path.join(dir, "pool.yaml");
    const uri = `qemu:///system?socket=${daemon.socketPath}`;
    await writeFile(config, `data_dir: ${dir}/data\nlibvirt: { uri: "${uri}", storage_pool: big }\n`);
    const writable = async (): Promise<string | undefined> => {
      const { code, stdout, stderr } = await ghost(["agent", "install", "--dry-run", "--config", config]);
      assert.equal(code, 0, stderr);
      assert.equal(stderr.includes("libvirt does not say"), !stdout.includes(`${dir}/big`), stderr);
      return /^ReadWritePaths=(.*)$/m.exec(stdout)?.[1];
    };
    assert.equal(await writable(), `-${dir}/data -/var/lib/libvirt/images`);
    await daemon.virsh("qemu:///system", "pool-define-as", "big", "dir", "--target", `${dir}/big`);
    assert.equal(await writable(), `-${dir}/data -${dir}/big`);
  });

  test("tells a libvirt that has stopped from one that was never there", async () => {
    await daemon.end("KILL");
    const stopped = (await examine()).get("libvirt");
    assert.equal(stopped?.status, "fail");
    assert.match(stopped?.detail ?? "", /no libvirt listens/);
    await daemon.start();
    assert.equal((await examine()).get("libvirt")?.status, "ok");
  });
});
