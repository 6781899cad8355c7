// The agent as docs/first-vm.md sets it up: a service of a running systemd, beside the distribution's libvirtd.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { bundleCli } from "../../scripts/bundle/cli.ts";
import { tempFolder, until } from "../support/ghost.ts";
import { guestImage } from "./support/guest-image.ts";
import { NAT_NETWORK } from "./support/network.ts";
import { whyNoGuest, whyNot } from "./support/packages.ts";
import { bootSystemd, whyNoSystemd } from "./support/systemd.ts";
import type { SystemdMachine } from "./support/systemd.ts";

const AGENT = "unix:/run/ghost/agent.sock";
const IMAGE = "/home/me/guest.qcow2";
const WORK = "/home/me/vms";
/** What `systemd-analyze security` says of the unit, 10 being no protection at all: a looser unit is to be noticed. */
const EXPOSURE = 2.5;
const reason =
  whyNot("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "systemctl") ?? whyNoGuest() ?? whyNoSystemd();

suite("the agent under a running systemd", { skip: reason ?? false }, () => {
  let stack: AsyncDisposableStack;
  let machine: SystemdMachine;
  /** Of the VM that runs; another one once it was started anew. */
  let vmProcess: string;
  before(async () => {
    stack = new AsyncDisposableStack();
    const image = await guestImage();
    const release = stack.use(await tempFolder()).path;
    await bundleCli(release);
    machine = stack.use(
      await bootSystemd({ files: { "/usr/local/bin/node": process.execPath, "/usr/local/lib/ghost": release, [IMAGE]: image } }),
    );
    await mkdir(machine.seen(WORK));
    await writeFile(machine.seen("/root/network.xml"), NAT_NETWORK);
    await writeFile(machine.seen("/usr/local/bin/sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    await machine.done(`
      ln -s ../lib/ghost/ghost.mjs /usr/local/bin/ghost
      systemctl enable --now libvirtd
      virsh net-define network.xml; virsh net-autostart default; virsh net-start default`);
  });
  after(async () => await stack?.disposeAsync());

  async function writeSpec(diskGb: number): Promise<void> {
    const vm = `{ agent: pc, image_path: ${IMAGE}, ram_gb: 1, disk_gb: ${diskGb}, wait_for: ip, stop_timeout_s: 5 }`;
    await writeFile(
      path.join(machine.seen(WORK), "ghost.yaml"),
      `ghost: 1\nstack: home\nagents: { pc: { address: "${AGENT}" } }\nvms:\n  web: ${vm}\n`,
    );
  }

  async function inWork(command: string): Promise<string> {
    return await machine.done(`cd ${WORK}; ${command}`);
  }

  async function qemu(): Promise<string> {
    return await machine.done("pid=$(cat /run/libvirt/qemu/web.pid); test -d /proc/$pid; echo $pid");
  }

  async function agentProcess(): Promise<string> {
    return await machine.done("systemctl show --property MainPID --value ghost-agent");
  }

  /** The agent answers, what it manages is as the spec says, and the VM has not been started anew. */
  async function assertUntouched(): Promise<void> {
    await until(async () => (await machine.sh(`cd ${WORK}; ghost plan`)).code === 0, "the agent to answer");
    await inWork("ghost plan --detailed-exitcode");
    assert.equal(await qemu(), vmProcess);
  }

  test("is installed and started by the commands that the installation prints", async () => {
    const commands = await machine.done("ghost agent install");
    assert.match(commands, /^sudo systemctl daemon-reload\nsudo systemctl enable --now ghost-agent\nsudo ghost agent doctor$/);
    const told = await machine.done(commands);
    // Where there is no KVM, it says so too.
    assert.match(told, /\nVMs can run here(?:\.|, 1 warning\.)$/);
    assert.equal(await machine.done("systemctl is-active ghost-agent; systemctl is-enabled ghost-agent"), "active\nenabled");
    assert.equal(await machine.done("stat -c '%G %a' /run/ghost/agent.sock"), "libvirt 660");
  });

  test("has what the unit leaves it of root's rights", async () => {
    const pid = await agentProcess();
    const status = await machine.done(`cat /proc/${pid}/status`);
    // CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER
    for (const line of [/^CapEff:\s+0*b$/m, /^CapBnd:\s+0*b$/m, /^NoNewPrivs:\s+1$/m, /^Seccomp:\s+2$/m]) assert.match(status, line);
    const inside = `nsenter --target ${pid} --mount`;
    for (const folder of ["/etc", "/usr", "/var/lib", "/var/lib/libvirt/images", "/home/me", "/root", "/boot"]) {
      const { code, stderr } = await machine.sh(`${inside} touch ${folder}/of-the-agent`);
      assert.equal(code, 1, folder);
      assert.match(stderr, /Read-only file system/, folder);
    }
    await machine.done(`${inside} touch /var/lib/ghost/of-the-agent; rm /var/lib/ghost/of-the-agent`);
  });

  test("is a unit that systemd has nothing to say about", async () => {
    const { code, stdout, stderr } = await machine.sh("systemd-analyze verify ghost-agent.service");
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const report = await machine.done("systemd-analyze security --no-pager ghost-agent");
    const [, exposure = "10"] = /exposure level for ghost-agent\.service: ([\d.]+)/.exec(report) ?? [];
    assert.ok(Number(exposure) <= EXPOSURE, report);
  });

  test("makes a VM, and grows its disk while it runs", async () => {
    await writeSpec(1);
    await inWork("ghost apply --yes");
    assert.match(await machine.done("virsh list"), /web +running/);
    vmProcess = await qemu();
    assert.equal(await machine.done(`stat -c %U /proc/${vmProcess}`), "libvirt-qemu");
    await writeSpec(2);
    await inWork("ghost apply --yes --max-impact live");
    assert.match(await machine.done("virsh domblkinfo web vda"), new RegExp(`^Capacity: +${2 * 1024 ** 3}$`, "m"));
    await assertUntouched();
  });

  test("is started again after a crash, and finds the VM running", async () => {
    const before = await agentProcess();
    await machine.done("systemctl kill --signal KILL --kill-whom main ghost-agent");
    await until(async () => ![before, "0"].includes(await agentProcess()), "systemd to start the agent again");
    await assertUntouched();
    assert.equal(await machine.done("systemctl show --property NRestarts --value ghost-agent"), "1");
  });

  test("is stopped and started, and the VM runs on", async () => {
    await machine.done("systemctl stop ghost-agent");
    assert.equal((await machine.sh("systemctl is-active ghost-agent")).stdout, "inactive\n");
    assert.equal(await qemu(), vmProcess);
    await machine.done("systemctl start ghost-agent");
    await assertUntouched();
  });

  test("goes on when libvirtd is restarted", async () => {
    const before = await agentProcess();
    await machine.done("systemctl restart libvirtd");
    await assertUntouched();
    assert.equal(await agentProcess(), before);
  });

  test("destroys the VM and leaves nothing of it", async () => {
    await inWork("ghost destroy --yes --max-impact data-loss --max-destroy 1");
    assert.equal(await machine.done("virsh list --all --name"), "");
    assert.equal(await machine.done("find /var/lib/ghost/disks /var/lib/ghost/seeds /var/lib/ghost/consoles -type f"), "");
  });

  test("is removed by the commands that its removal prints, and its folders stay", async () => {
    await machine.done(await machine.done("ghost agent install --uninstall"));
    assert.equal(await machine.done("systemctl show --property LoadState,ActiveState --value ghost-agent"), "not-found\ninactive");
    assert.equal(await machine.done("find /etc/systemd /run -name 'ghost*'"), "");
    await machine.done("test -f /etc/ghost/agent.yaml; test -f /var/lib/ghost/agent.db");
  });
});
