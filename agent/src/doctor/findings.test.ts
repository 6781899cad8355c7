import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AgentConfig } from "../config/agent-config.ts";
import type { DoctorFacts, FolderFacts, LibvirtFacts } from "./facts.ts";
import { findingsOf, isSound } from "./findings.ts";

const UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\n';
const FEDORA = 'NAME="Fedora Linux"\nID=fedora\nPRETTY_NAME="Fedora Linux 41"\n';
const CPU = "processor\t: 0\nflags\t\t: fpu vme vmx ssse3\n";
const CONFIG = { hypervisor: "auto", dataDir: "/var/lib/ghost" } as AgentConfig;
const SOCKET = { path: "/run/libvirt/libvirt-sock", isThere: true, group: "libvirt" };

function machineXml({ bus = "virtio", firmware = "efi" } = {}): string {
  return `<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path><machine>pc-q35-8.2</machine><os><enum name='firmware'><value>bios</value><value>${firmware}</value></enum></os><devices><disk><enum name='diskDevice'><value>disk</value></enum><enum name='bus'><value>${bus}</value></enum></disk></devices></domainCapabilities>`;
}

const LIBVIRT: LibvirtFacts = {
  uri: "qemu:///system",
  sockets: [SOCKET],
  answer: { version: "10.0.0", hypervisor: "QEMU", hypervisorVersion: "8.2.2" },
  capabilities: "<capabilities><host><secmodel><model>apparmor</model></secmodel></host></capabilities>",
  machine: { xml: machineXml() },
  network: { name: "default", found: { isActive: true, startsAtBoot: true, forward: "nat", bridge: "virbr0", isBridgeThere: true } },
  hasDnsmasq: true,
  forwardsIp: true,
};
const FOLDER: FolderFacts = { key: "data_dir", path: "/var/lib/ghost", isThere: true, freeBytes: 100 * 2 ** 30, isWritable: true };

/** A machine on which all is well, but for this. */
function facts(more: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    nodeVersion: "v24.1.0",
    now: new Date("2026-11-21T10:00:00Z"),
    osRelease: UBUNTU,
    arch: "x64",
    user: { name: "me", isRoot: false, groups: ["me", "libvirt", "kvm"], groupsOfNextLogin: ["me", "libvirt", "kvm"] },
    accel: { kvmOpens: true, device: "opens", cpuInfo: CPU, hasModule: true },
    config: { config: CONFIG, problems: [] },
    libvirt: LIBVIRT,
    folders: [FOLDER],
    agent: { address: "unix:/var/lib/ghost/agent.sock", state: "free" },
    ...more,
  };
}

function silent(why: "absent" | "stopped" | "denied" | "silent" | "other", more: Partial<LibvirtFacts> = {}): LibvirtFacts {
  const { machine: _machine, network: _network, capabilities: _capabilities, ...rest } = LIBVIRT;
  return { ...rest, answer: { problem: "It is so.", why }, ...more };
}

const OUTSIDE = { ...facts().user, groups: ["me"], groupsOfNextLogin: ["me"] };
const found = LIBVIRT.network!.found!;

test("a machine on which all is well", () => {
  const findings = findingsOf(facts());
  assert.deepEqual(
    findings.map(({ check, status }) => `${check} ${status}`),
    [
      "node ok",
      "clock ok",
      "config ok",
      "kvm ok",
      "libvirt ok",
      "qemu ok",
      "uefi ok",
      "network ok",
      "security ok",
      "folder-data_dir ok",
      "agent ok",
    ],
  );
  assert.ok(isSound(findings));
});

test("a /dev/kvm that QEMU's user may not open costs time alone where guests are emulated anyway", () => {
  const qemu = { user: "qemu", mayOpen: false, owner: "root", group: "kvm", mode: 0o660 };
  const find = (accel: Partial<DoctorFacts["accel"]>): string | undefined =>
    findingsOf(facts({ accel: { ...facts().accel, ...accel } })).find(({ check }) => check === "kvm-qemu")?.status;
  assert.equal(find({ qemu, cpuInfo: "flags : fpu" }), "warn");
  assert.equal(find({ qemu: { ...qemu, mayOpen: true } }), undefined);
});

suite("what is missing", () => {
  const cases: readonly {
    name: string;
    facts: Partial<DoctorFacts>;
    check: string;
    status: "warn" | "fail";
    says: RegExp;
    fix: readonly string[];
  }[] = [
    {
      name: "Node is too old",
      facts: { nodeVersion: "v22.1.0" },
      check: "node",
      status: "fail",
      says: /v22\.1\.0 is too old/,
      fix: ["Install Node 24: https://nodejs.org/en/download"],
    },
    {
      name: "the clock is wrong",
      facts: { now: new Date(0) },
      check: "clock",
      status: "fail",
      says: /1970-01-01.*no certificate is valid/,
      fix: ["sudo timedatectl set-ntp true"],
    },
    {
      name: "agent.yaml is refused",
      facts: {
        config: {
          path: "/etc/ghost/agent.yaml",
          problems: [
            {
              code: "AGENT_CONFIG",
              severity: "error",
              detail: '"grpc" has no key "x".',
              hint: "Remove it.",
              at: { file: "/etc/ghost/agent.yaml", line: 3, column: 1 },
            },
          ],
        },
      },
      check: "config",
      status: "fail",
      says: /^\/etc\/ghost\/agent\.yaml:3: "grpc" has no key "x"\.$/,
      fix: ["Remove it."],
    },
    {
      name: "agent.yaml is root's",
      facts: {
        config: { problems: [{ code: "AGENT_CONFIG", severity: "error", detail: "x cannot be read: EACCES: permission denied." }] },
      },
      check: "config",
      status: "fail",
      says: /EACCES/,
      fix: ["sudo ghost agent doctor"],
    },
    {
      name: "the data folder is of a simulated host",
      facts: { config: { config: CONFIG, problems: [], bound: { kind: "simulated" } } },
      check: "host-kind",
      status: "warn",
      says: /was used with a simulated host/,
      fix: ["Give the agent a data_dir of its own for the real host, and set hypervisor: libvirt."],
    },
    {
      name: "the device opens and the processor has no extension",
      facts: { accel: { kvmOpens: true, device: "opens", cpuInfo: "flags : fpu", hasModule: true } },
      check: "kvm",
      status: "warn",
      says: /shows no virtualization.*guests would hang.*10 to 50 times slower/,
      fix: [
        "Switch on VT-x, AMD-V or SVM in the firmware setup (BIOS); inside a virtual machine, switch on nested virtualization on its host.",
      ],
    },
    {
      name: "the module is not loaded",
      facts: { accel: { kvmOpens: false, device: "absent", cpuInfo: CPU, hasModule: false } },
      check: "kvm",
      status: "warn",
      says: /no \/dev\/kvm: the kernel module is not loaded/,
      fix: [
        "sudo modprobe kvm_intel || sudo modprobe kvm_amd",
        "If that fails, switch on VT-x, AMD-V or SVM in the firmware setup (BIOS).",
      ],
    },
    {
      name: "the device is not for this user",
      facts: { accel: { kvmOpens: false, device: "denied", cpuInfo: CPU, hasModule: true }, user: OUTSIDE },
      check: "kvm",
      status: "warn",
      says: /me may not open \/dev\/kvm/,
      fix: ["sudo usermod -aG kvm me", "Log in again."],
    },
    {
      name: "the device is root's alone, and QEMU another user",
      facts: { accel: { ...facts().accel, qemu: { user: "libvirt-qemu", mayOpen: false, owner: "root", group: "root", mode: 0o600 } } },
      check: "kvm-qemu",
      status: "fail",
      says: /QEMU runs as libvirt-qemu, who may not open \/dev\/kvm \(root:root, mode 0600\).*no KVM, which VMs are made for here,.*13 to 29 s/,
      fix: [
        `echo 'KERNEL=="kvm", GROUP="kvm", MODE="0660"' | sudo tee /etc/udev/rules.d/65-kvm.rules`,
        "sudo udevadm control --reload && sudo udevadm trigger --name-match=kvm",
        "sudo usermod -aG kvm libvirt-qemu",
        "sudo systemctl restart libvirtd",
      ],
    },
    {
      name: "the device is for a group that QEMU's user is not in, on Fedora",
      facts: {
        osRelease: FEDORA,
        accel: { ...facts().accel, qemu: { user: "qemu", mayOpen: false, owner: "root", group: "kvm", mode: 0o660 } },
      },
      check: "kvm-qemu",
      status: "fail",
      says: /QEMU runs as qemu, who may not open \/dev\/kvm \(root:kvm, mode 0660\)/,
      fix: ["sudo usermod -aG kvm qemu", "sudo systemctl restart virtqemud"],
    },
    {
      name: "nothing is installed, on Ubuntu",
      facts: { libvirt: silent("absent", { sockets: [{ ...SOCKET, isThere: false }], hasDnsmasq: false }) },
      check: "libvirt",
      status: "fail",
      says: /no socket at \/run\/libvirt\/libvirt-sock\.$/,
      fix: [
        "sudo apt install qemu-system-x86 libvirt-daemon-system libvirt-clients dnsmasq-base ovmf",
        "sudo systemctl enable --now libvirtd",
      ],
    },
    {
      name: "nothing is installed, on Fedora, asked by root",
      facts: { osRelease: FEDORA, user: { ...OUTSIDE, isRoot: true }, libvirt: silent("absent", { hasDnsmasq: true }) },
      check: "libvirt",
      status: "fail",
      says: /libvirt is not there/,
      fix: [
        "dnf install qemu-kvm libvirt-daemon-kvm libvirt-client libvirt-daemon-config-network edk2-ovmf",
        "systemctl enable --now virtqemud.socket virtnetworkd.socket virtstoraged.socket virtproxyd.socket",
      ],
    },
    {
      name: "nothing is installed, on Debian for ARM",
      facts: { osRelease: "ID=debian\n", arch: "arm64", libvirt: silent("absent") },
      check: "libvirt",
      status: "fail",
      says: /libvirt is not there/,
      fix: [
        "sudo apt install qemu-system-arm libvirt-daemon-system libvirt-clients qemu-efi-aarch64",
        "sudo systemctl enable --now libvirtd",
      ],
    },
    {
      name: "nothing is installed, on a system that is not known",
      facts: { osRelease: "ID=arch\nPRETTY_NAME='Arch Linux'\n", libvirt: silent("absent") },
      check: "libvirt",
      status: "fail",
      says: /libvirt is not there/,
      fix: [
        "Install QEMU, libvirt, UEFI firmware for QEMU (OVMF) with the packages of Arch Linux.",
        "sudo systemctl enable --now libvirtd",
      ],
    },
    {
      name: "libvirt has stopped",
      facts: { libvirt: silent("stopped") },
      check: "libvirt",
      status: "fail",
      says: /no libvirt listens/,
      fix: ["sudo systemctl enable --now libvirtd"],
    },
    {
      name: "the user is in no group of libvirt's",
      facts: { libvirt: silent("denied"), user: OUTSIDE },
      check: "libvirt",
      status: "fail",
      says: /me may not use .*for the group libvirt/,
      fix: ["sudo usermod -aG libvirt me", "Log in again."],
    },
    {
      name: "the user has been put into the group and has not logged in since",
      facts: { libvirt: silent("denied"), user: { ...OUTSIDE, groupsOfNextLogin: ["me", "libvirt"] } },
      check: "libvirt",
      status: "fail",
      says: /this session is from before that/,
      fix: ["Log in again, or run: newgrp libvirt"],
    },
    {
      name: "libvirt hangs",
      facts: { libvirt: silent("silent") },
      check: "libvirt",
      status: "fail",
      says: /does not answer: it hangs/,
      fix: ["sudo systemctl restart libvirtd", "sudo journalctl -u libvirtd -n 50"],
    },
    {
      name: "the URI is of another machine",
      facts: { libvirt: silent("other", { sockets: [] }) },
      check: "libvirt",
      status: "fail",
      says: /libvirt refuses qemu:\/\/\/system: It is so\./,
      fix: ["virsh -c qemu:///system version"],
    },
    {
      name: "there is no QEMU",
      facts: { libvirt: { ...LIBVIRT, machine: { problem: "no emulator" } } },
      check: "qemu",
      status: "fail",
      says: /no QEMU for this machine: no emulator/,
      fix: ["sudo apt install qemu-system-x86", "sudo systemctl restart libvirtd"],
    },
    {
      name: "QEMU has no virtio",
      facts: { libvirt: { ...LIBVIRT, machine: { xml: machineXml({ bus: "ide" }) } } },
      check: "qemu",
      status: "fail",
      says: /no virtio disks/,
      fix: ["sudo apt install qemu-system-x86"],
    },
    {
      name: "there is no UEFI firmware",
      facts: { libvirt: { ...LIBVIRT, machine: { xml: machineXml({ firmware: "bios" }) } } },
      check: "uefi",
      status: "fail",
      says: /no UEFI firmware/,
      fix: ["sudo apt install ovmf"],
    },
    {
      name: "there is no default network, nor dnsmasq",
      facts: { libvirt: { ...LIBVIRT, network: { name: "default" }, hasDnsmasq: false } },
      check: "network",
      status: "fail",
      says: /no network "default"/,
      fix: [
        "sudo apt install dnsmasq-base",
        "sudo virsh -c qemu:///system net-define /usr/share/libvirt/networks/default.xml",
        "sudo virsh -c qemu:///system net-start default",
        "sudo virsh -c qemu:///system net-autostart default",
      ],
    },
    {
      name: "there is no network of the configured name",
      facts: { libvirt: { ...LIBVIRT, network: { name: "lan" } } },
      check: "network",
      status: "fail",
      says: /no network "lan"/,
      fix: ["sudo virsh -c qemu:///system net-list --all", "Make the network, or set libvirt.network to one that is there."],
    },
    {
      name: "the network is not started",
      facts: { libvirt: { ...LIBVIRT, network: { name: "default", found: { ...found, isActive: false } } } },
      check: "network",
      status: "fail",
      says: /is not started/,
      fix: ["sudo virsh -c qemu:///system net-start default", "sudo virsh -c qemu:///system net-autostart default"],
    },
    {
      name: "the network does not start with the host",
      facts: { libvirt: { ...LIBVIRT, network: { name: "default", found: { ...found, startsAtBoot: false } } } },
      check: "network-autostart",
      status: "warn",
      says: /after the next boot/,
      fix: ["sudo virsh -c qemu:///system net-autostart default"],
    },
    {
      name: "the bridge is gone",
      facts: { libvirt: { ...LIBVIRT, network: { name: "default", found: { ...found, isBridgeThere: false } } } },
      check: "network",
      status: "fail",
      says: /bridge virbr0, which is not there/,
      fix: ["sudo virsh -c qemu:///system net-destroy default", "sudo virsh -c qemu:///system net-start default"],
    },
    {
      name: "packets are not handed on",
      facts: { libvirt: { ...LIBVIRT, forwardsIp: false } },
      check: "ip-forward",
      status: "warn",
      says: /ip_forward is 0/,
      fix: ["echo net.ipv4.ip_forward=1 | sudo tee /etc/sysctl.d/90-ghost.conf", "sudo sysctl --system"],
    },
    {
      name: "QEMU cannot pass through a home",
      facts: { folders: [{ ...FOLDER, path: "/home/me/ghost", barredAt: "/home/me" }] },
      check: "folder-data_dir",
      status: "fail",
      says: /cannot pass through \/home\/me/,
      fix: ["sudo chmod o+x /home/me", "Or set data_dir to a folder outside of it, like /var/lib/ghost."],
    },
    {
      name: "the disk is nearly full",
      facts: { folders: [{ ...FOLDER, freeBytes: 2 * 2 ** 30 }] },
      check: "space-data_dir",
      status: "warn",
      says: /Only 2\.0 GiB are free/,
      fix: ["ghost agent prune", "Make room, or set data_dir to a larger disk."],
    },
    {
      name: "the disk is full",
      facts: { folders: [{ ...FOLDER, freeBytes: 0 }] },
      check: "space-data_dir",
      status: "fail",
      says: /Only 0\.0 GiB/,
      fix: ["ghost agent prune", "Make room, or set data_dir to a larger disk."],
    },
    {
      name: "the folder is somebody else's",
      facts: { folders: [{ ...FOLDER, isWritable: false }] },
      check: "folder-data_dir",
      status: "warn",
      says: /me may not write \/var\/lib\/ghost/,
      fix: ["Run the agent as a service (sudo ghost agent install), or set data_dir to a folder of yours."],
    },
    {
      name: "the agent's socket is its owner's",
      facts: { agent: { address: "unix:/run/ghost/agent.sock", state: "denied" } },
      check: "agent",
      status: "warn",
      says: /may not connect to unix:\/run\/ghost\/agent\.sock/,
      fix: ["Run ghost with sudo; or set grpc.socket_group in agent.yaml to a group of yours, and start the agent again."],
    },
  ];
  for (const { name, facts: more, check, status, says, fix } of cases) {
    test(name, () => {
      const findings = findingsOf(facts(more));
      const bad = findings.filter((each) => each.status !== "ok");
      assert.deepEqual(
        bad.map((each) => `${each.check} ${each.status}`),
        [`${check} ${status}`],
      );
      assert.match(bad[0]!.detail, says);
      assert.deepEqual(bad[0]!.fix, fix);
      assert.equal(isSound(findings), status !== "fail");
    });
  }
});

test("a simulated host needs nothing of libvirt", () => {
  const { libvirt: _libvirt, ...rest } = facts({ config: { config: { ...CONFIG, hypervisor: "simulated" }, problems: [] } });
  const findings = findingsOf({ ...rest, accel: { kvmOpens: false, device: "absent", cpuInfo: "", hasModule: false } });
  assert.deepEqual(
    findings.filter(({ status }) => status !== "ok").map(({ check, status }) => `${check} ${status}`),
    ["host-kind warn"],
  );
});

test("a user's own libvirt has QEMU as that user, who passes everywhere that the user does", () => {
  const libvirt = { ...LIBVIRT, uri: "qemu:///session" };
  assert.ok(isSound(findingsOf(facts({ libvirt, folders: [{ ...FOLDER, barredAt: "/home/me" }] }))));
});
