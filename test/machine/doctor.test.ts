// What the doctor says of a real libvirtd, by the program that people run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { collect, ghost, ghostProgram } from "../support/ghost.ts";
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

  /** Behind these words, if any. */
  async function examine(words: readonly string[] = []): Promise<ReadonlyMap<string, Finding>> {
    const file = path.join(dir, "agent.yaml");
    const uri = `qemu:///system?socket=${daemon.socketPath}`;
    await writeFile(file, `hypervisor: libvirt\ndata_dir: ${dir}/data\nlibvirt: { uri: "${uri}" }\n`);
    const [command, args, options] = ghostProgram(["agent", "doctor", "--config", file, "--json"]);
    const [first = command, ...more] = [...words, command, ...args];
    const { stdout } = await collect(spawn(first, more, options));
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

  test("sees whether QEMU's user may open /dev/kvm", async () => {
    const isThere = existsSync("/dev/kvm");
    const kvm = path.join(daemon.folder, "kvm");
    if (isThere) {
      await daemon.among("cp", "-a", "/dev/kvm", kvm);
      await daemon.among("mount", "--bind", kvm, "/dev/kvm");
    }
    const conf = path.join(daemon.folder, "etc/libvirt/qemu.conf");
    const before = await readFile(conf, "utf8");
    const seen = async (user: string, mode: number): Promise<string | undefined> => {
      await writeFile(conf, before.replace('user = "root"', `user = "${user}"`));
      if (isThere) await chmod(kvm, mode);
      return (await examine(daemon.enterMounts)).get("kvm-qemu")?.detail;
    };
    assert.equal(await seen("root", 0o600), undefined);
    assert.equal(await seen("libvirt-qemu", 0o666), undefined);
    assert.match((await seen("libvirt-qemu", 0o600)) ?? "", isThere ? /^QEMU runs as libvirt-qemu, who may not open .* mode 0600\)/ : /^$/);
    assert.match((await seen("+64055", 0o600)) ?? "", isThere ? /^QEMU runs as libvirt-qemu/ : /^$/);
    await writeFile(conf, before);
    if (isThere) await daemon.among("umount", "/dev/kvm");
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
