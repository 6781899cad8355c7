/*
 * From facts to findings; nothing is asked here.
 *
 * fail: a VM could not run, or the agent could not start. warn: it runs, and somebody should know.
 */
import { domainTypeOf } from "../hypervisor/libvirt/domain-xml/accel.ts";
import { readXml } from "../hypervisor/libvirt/domain-xml/read-xml.ts";
import { childrenOf, findChild, textOf } from "../hypervisor/libvirt/domain-xml/xml.ts";
import type { XmlElement } from "../hypervisor/libvirt/domain-xml/xml.ts";
import type { DoctorFacts, FolderFacts, LibvirtFacts } from "./facts.ts";
import { installCommand, restartCommand, startCommand, systemOf } from "./packages.ts";
import type { System } from "./packages.ts";

export interface Finding {
  /** Stable, for programs: `kvm`, `libvirt-network`. */
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found, and what it means. */
  readonly detail: string;
  /** Commands, or steps in words, in this order. Empty for ok. */
  readonly fix: readonly string[];
}

const NODE_MIN_MAJOR = 24;
/** Certificates of today are not valid before. */
const CLOCK_MIN = new Date("2026-01-01T00:00:00Z");
const GIB = 2 ** 30;
const FREE_WARN_BYTES = 10 * GIB;
const FREE_FAIL_BYTES = GIB;

interface Scope {
  readonly facts: DoctorFacts;
  readonly system: System;
  readonly sudo: string;
}

/** In the order in which a person would look. */
export function findingsOf(facts: DoctorFacts): readonly Finding[] {
  const scope: Scope = { facts, system: systemOf(facts.osRelease, facts.arch), sudo: facts.user.isRoot ? "" : "sudo " };
  const { libvirt, config } = facts;
  const isReal = config.config?.hypervisor !== "simulated";
  return [
    nodeFinding(facts),
    clockFinding(facts),
    ...configFindings(scope),
    ...(isReal ? [kvmFinding(scope)] : []),
    ...(isReal && !isSession(libvirt) ? qemuUserFindings(scope) : []),
    ...(libvirt === undefined ? [] : libvirtFindings(scope, libvirt)),
    ...facts.folders.flatMap((folder) => folderFindings(scope, folder, isReal && !isSession(libvirt))),
    ...addressFindings(facts),
  ];
}

/** A VM could run. */
export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== "fail");
}

function ok(check: string, detail: string): Finding {
  return { check, status: "ok", detail, fix: [] };
}

function nodeFinding({ nodeVersion }: DoctorFacts): Finding {
  const major = Number(/^v?(\d+)/.exec(nodeVersion)?.[1] ?? 0);
  return major >= NODE_MIN_MAJOR
    ? ok("node", `Node ${nodeVersion}.`)
    : {
        check: "node",
        status: "fail",
        detail: `Node ${nodeVersion} is too old; Ghost needs ${NODE_MIN_MAJOR} or newer.`,
        fix: [`Install Node ${NODE_MIN_MAJOR}: https://nodejs.org/en/download`],
      };
}

function clockFinding({ now }: DoctorFacts): Finding {
  if (now >= CLOCK_MIN) return ok("clock", `The clock says ${now.toISOString().slice(0, 16)}Z.`);
  return {
    check: "clock",
    status: "fail",
    detail: `The clock says ${now.toISOString().slice(0, 10)}, which is past: downloads fail, since no certificate is valid yet, and plans have run out when they arrive.`,
    fix: ["sudo timedatectl set-ntp true"],
  };
}

function configFindings({ facts: { config, user } }: Scope): Finding[] {
  const found = config.path ?? "no agent.yaml; the defaults hold";
  const problems = config.problems.map(({ severity, detail, hint, at }): Finding => ({
    check: "config",
    status: severity === "error" ? "fail" : "warn",
    detail: `${at === undefined ? "" : `${at.file}:${at.line}: `}${detail}`,
    fix: /EACCES/.test(detail) && !user.isRoot ? ["sudo ghost agent doctor"] : hint === undefined ? [] : [hint],
  }));
  const { config: read, bound } = config;
  if (read === undefined) return problems;
  const findings = [...problems, ok("config", `Configuration: ${found}. hypervisor: ${read.hypervisor}.`)];
  if (read.hypervisor !== "simulated" && bound?.kind === "simulated")
    findings.push({
      check: "host-kind",
      status: read.hypervisor === "libvirt" ? "ok" : "warn",
      detail: `The data folder ${read.dataDir} was used with a simulated host. As long as it keeps VMs of that, no real host is driven with it.`,
      fix: read.hypervisor === "libvirt" ? [] : ["Give the agent a data_dir of its own for the real host, and set hypervisor: libvirt."],
    });
  if (read.hypervisor === "simulated")
    findings.push({
      check: "host-kind",
      status: "warn",
      detail: "hypervisor is simulated: VMs are pretended, and nothing of libvirt is looked at.",
      fix: ["Set hypervisor: libvirt for real VMs."],
    });
  return findings;
}

function kvmFinding({ facts: { accel, user }, system, sudo }: Scope): Finding {
  const check = "kvm";
  if (domainTypeOf("auto", accel) === "kvm") return ok(check, "The processor virtualizes, and /dev/kvm opens: VMs run at full speed.");
  const slow = "VMs are emulated, which is 10 to 50 times slower";
  const hasFlag = domainTypeOf("auto", { ...accel, kvmOpens: true }) === "kvm";
  if (!hasFlag)
    return {
      check,
      status: "warn",
      detail: `The processor shows no virtualization (vmx or svm in /proc/cpuinfo)${accel.device === "opens" ? ", although /dev/kvm opens: guests would hang" : ""}. ${slow}.`,
      fix: [
        "Switch on VT-x, AMD-V or SVM in the firmware setup (BIOS); inside a virtual machine, switch on nested virtualization on its host.",
      ],
    };
  switch (accel.device) {
    case "denied":
      return {
        check,
        status: user.isRoot ? "fail" : "warn",
        detail: `${user.name} may not open /dev/kvm. ${slow}, wherever this user's agent decides it.`,
        fix: user.groupsOfNextLogin.includes("kvm")
          ? ["Log in again: this session has not got the group kvm yet."]
          : [`sudo usermod -aG kvm ${user.name}`, "Log in again."],
      };
    case "absent":
      return {
        check,
        status: "warn",
        detail: `The processor virtualizes, and there is no /dev/kvm${accel.hasModule ? "" : ": the kernel module is not loaded"}. ${slow}.`,
        fix: [
          `${sudo}modprobe kvm_intel || ${sudo}modprobe kvm_amd`,
          "If that fails, switch on VT-x, AMD-V or SVM in the firmware setup (BIOS).",
        ],
      };
    default:
      return {
        check,
        status: "warn",
        detail: `/dev/kvm does not open. ${slow}.`,
        fix: [installCommand(system, ["qemu"], sudo), `${sudo}dmesg | grep -i kvm`],
      };
  }
}

/** libvirt asks a QEMU that it starts as that user, and keeps the answer only while the user may open the device. */
function qemuUserFindings({ facts: { accel }, system, sudo }: Scope): Finding[] {
  const { qemu } = accel;
  if (qemu === undefined || qemu.mayOpen) return [];
  const { user, owner, group, mode } = qemu;
  const isForGroup = group !== "root" && (mode & 0o060) === 0o060;
  const isWanted = domainTypeOf("auto", accel) === "kvm";
  return [
    {
      check: "kvm-qemu",
      status: isWanted ? "fail" : "warn",
      detail:
        `QEMU runs as ${user}, who may not open /dev/kvm (${owner}:${group}, mode 0${mode.toString(8)}). ` +
        `libvirt then has no KVM${isWanted ? ", which VMs are made for here" : ""}, and looks anew what QEMU can do before each definition: 13 to 29 s each.`,
      fix: [
        ...(isForGroup
          ? []
          : [
              `echo 'KERNEL=="kvm", GROUP="kvm", MODE="0660"' | ${sudo}tee /etc/udev/rules.d/65-kvm.rules`,
              `${sudo}udevadm control --reload && ${sudo}udevadm trigger --name-match=kvm`,
            ]),
        `${sudo}usermod -aG ${isForGroup ? group : "kvm"} ${user}`,
        restartCommand(system, sudo),
      ],
    },
  ];
}

function libvirtFindings(scope: Scope, libvirt: LibvirtFacts): Finding[] {
  const { answer } = libvirt;
  if ("problem" in answer) return [silentFinding(scope, libvirt, answer)];
  return [
    ok("libvirt", `libvirt ${answer.version} answers at ${libvirt.uri} (${answer.hypervisor} ${answer.hypervisorVersion}).`),
    ...machineFindings(scope, libvirt),
    ...networkFindings(scope, libvirt),
    ...securityFindings(libvirt),
  ];
}

function silentFinding(
  { facts: { user }, system, sudo }: Scope,
  { uri, sockets, hasDnsmasq }: LibvirtFacts,
  { problem, why }: Extract<LibvirtFacts["answer"], { problem: string }>,
): Finding {
  const socket = sockets.find(({ isThere }) => isThere) ?? sockets[0];
  const finding = (detail: string, ...fix: readonly string[]): Finding => ({ check: "libvirt", status: "fail", detail, fix });
  switch (why) {
    case "absent":
      return finding(
        `libvirt is not there: no socket at ${sockets.map(({ path }) => path).join(" or ")}.`,
        installCommand(system, ["qemu", "libvirt", ...(hasDnsmasq ? [] : (["dnsmasq"] as const)), "uefi"], sudo),
        startCommand(system, sudo),
      );
    case "stopped":
      return finding(`The socket ${socket?.path} is there, and no libvirt listens: it has stopped.`, startCommand(system, sudo));
    case "denied": {
      const group = socket?.group ?? "libvirt";
      return user.groupsOfNextLogin.includes(group) && !user.groups.includes(group)
        ? finding(`${user.name} is in the group ${group}, and this session is from before that.`, "Log in again, or run: newgrp " + group)
        : finding(
            `${user.name} may not use libvirt's socket ${socket?.path}, which is for the group ${group}.`,
            `sudo usermod -aG ${group} ${user.name}`,
            "Log in again.",
          );
    }
    case "silent":
      return finding(
        `libvirt takes the connection at ${uri} and does not answer: it hangs, or is still starting. ${problem}`,
        restartCommand(system, sudo),
        `${sudo}journalctl -u ${system.family === "fedora" ? "virtqemud" : "libvirtd"} -n 50`,
      );
    case "other":
      return finding(`libvirt refuses ${uri}: ${problem}`, `virsh -c ${uri} version`);
  }
}

function machineFindings({ system, sudo }: Scope, { machine }: LibvirtFacts): Finding[] {
  if (machine === undefined) return [];
  if ("problem" in machine)
    return [
      {
        check: "qemu",
        status: "fail",
        detail: `libvirt has no QEMU for this machine: ${machine.problem}`,
        fix: [installCommand(system, ["qemu"], sudo), restartCommand(system, sudo)],
      },
    ];
  const capabilities = readXml(machine.xml);
  const hasVirtio = valuesOf(findChild(capabilities, "devices", "disk"), "bus").includes("virtio");
  const emulator = textOf(findChild(capabilities, "path"));
  return [
    hasVirtio
      ? ok("qemu", `QEMU is ${emulator}, with ${textOf(findChild(capabilities, "machine"))} and virtio.`)
      : {
          check: "qemu",
          status: "fail",
          detail: `QEMU at ${emulator} has no virtio disks, which every VM of Ghost has.`,
          fix: [installCommand(system, ["qemu"], sudo)],
        },
    valuesOf(findChild(capabilities, "os"), "firmware").includes("efi")
      ? ok("uefi", "UEFI firmware is there.")
      : {
          check: "uefi",
          status: "fail",
          detail: "There is no UEFI firmware, which VMs have unless they say firmware: bios.",
          fix: [installCommand(system, ["uefi"], sudo)],
        },
  ];
}

function networkFindings({ system, sudo }: Scope, { uri, network, hasDnsmasq, forwardsIp }: LibvirtFacts): Finding[] {
  if (network === undefined) return [];
  const { name, found } = network;
  const check = "network";
  const virsh = `${sudo}virsh -c ${uri}`;
  if (found === undefined)
    return [
      {
        check,
        status: "fail",
        detail: `libvirt has no network "${name}", which a VM has that names none.`,
        fix:
          name === "default"
            ? [
                ...(hasDnsmasq ? [] : [installCommand(system, ["dnsmasq"], sudo)]),
                `${virsh} net-define /usr/share/libvirt/networks/default.xml`,
                `${virsh} net-start default`,
                `${virsh} net-autostart default`,
              ]
            : [`${virsh} net-list --all`, "Make the network, or set libvirt.network to one that is there."],
      },
    ];
  if (!found.isActive)
    return [
      {
        check,
        status: "fail",
        detail: `libvirt's network "${name}" is not started: no VM that is on it starts${hasDnsmasq ? "" : ". dnsmasq, which it needs, is not installed"}.`,
        fix: [
          ...(hasDnsmasq ? [] : [installCommand(system, ["dnsmasq"], sudo)]),
          `${virsh} net-start ${name}`,
          `${virsh} net-autostart ${name}`,
        ],
      },
    ];
  const findings: Finding[] = [];
  if (!found.startsAtBoot)
    findings.push({
      check: "network-autostart",
      status: "warn",
      detail: `libvirt's network "${name}" does not start with the host: after the next boot no VM that is on it starts.`,
      fix: [`${virsh} net-autostart ${name}`],
    });
  if (found.bridge !== "" && !found.isBridgeThere)
    findings.push({
      check,
      status: "fail",
      detail: `libvirt's network "${name}" is to use the bridge ${found.bridge}, which is not there.`,
      fix: [`${virsh} net-destroy ${name}`, `${virsh} net-start ${name}`],
    });
  if (["nat", "route"].includes(found.forward) && !forwardsIp)
    findings.push({
      check: "ip-forward",
      status: "warn",
      detail: "The kernel hands no packets on (net.ipv4.ip_forward is 0): VMs reach this host and nothing beyond it.",
      fix: [`echo net.ipv4.ip_forward=1 | ${sudo}tee /etc/sysctl.d/90-ghost.conf`, `${sudo}sysctl --system`],
    });
  if (findings.every(({ check: of }) => of !== check))
    findings.unshift(
      ok(
        check,
        `libvirt's network "${name}" is up${found.bridge === "" ? "" : `, bridge ${found.bridge}`}${found.forward === "" ? "" : `, ${found.forward}`}.`,
      ),
    );
  return findings;
}

function securityFindings({ capabilities }: LibvirtFacts): Finding[] {
  if (capabilities === undefined) return [];
  const models = childrenOf(findChild(readXml(capabilities), "host"), "secmodel").map((model) => textOf(findChild(model, "model")));
  const words = models.filter((model) => model === "apparmor" || model === "selinux");
  return [
    ok(
      "security",
      words.length === 0
        ? "libvirt confines VMs by their user alone; there is neither AppArmor nor SELinux."
        : `libvirt confines each VM to its own files by ${words.map((word) => (word === "selinux" ? "SELinux" : "AppArmor")).join(" and ")}.`,
    ),
  ];
}

function folderFindings({ facts: { user }, sudo }: Scope, folder: FolderFacts, isForQemu: boolean): Finding[] {
  const { key, path, isThere, freeBytes, isWritable, barredAt } = folder;
  const check = `folder-${key}`;
  const findings: Finding[] = [];
  if (isForQemu && barredAt !== undefined)
    findings.push({
      check,
      status: "fail",
      detail: `QEMU is another user and cannot pass through ${barredAt}, where ${key} (${path}) is: no VM starts.`,
      fix: [`${sudo}chmod o+x ${barredAt}`, `Or set ${key} to a folder outside of it, like /var/lib/ghost.`],
    });
  if (!isWritable)
    findings.push({
      check,
      status: "warn",
      detail: `${user.name} may not write ${path} (${key}); the agent has to run as somebody who may.`,
      fix: ["Run the agent as a service (sudo ghost agent install), or set data_dir to a folder of yours."],
    });
  const space = `${(freeBytes / GIB).toFixed(1)} GiB are free for ${key} (${path}${isThere ? "" : ", which the agent will make"})`;
  if (freeBytes < FREE_WARN_BYTES)
    findings.push({
      check: `space-${key}`,
      status: freeBytes < FREE_FAIL_BYTES ? "fail" : "warn",
      detail: `Only ${space}; an image takes about 0.5 GiB, and a VM as much as it writes.`,
      fix: ["ghost agent prune", `Make room, or set ${key} to a larger disk.`],
    });
  if (findings.length === 0) findings.push(ok(check, `${space}.`));
  return findings;
}

function addressFindings({ agent, user }: DoctorFacts): Finding[] {
  if (agent === undefined) return [];
  const { address, state } = agent;
  switch (state) {
    case "answers":
      return [ok("agent", `An agent listens at ${address}.`)];
    case "free":
      return [ok("agent", `${address} is free: no agent runs. Start it with ghost agent run, or as a service with ghost agent install.`)];
    case "denied":
      return [
        {
          check: "agent",
          status: "warn",
          detail: `${user.name} may not connect to ${address}: it is its owner's alone.`,
          fix: ["Run ghost with sudo; or set grpc.socket_group in agent.yaml to a group of yours, and start the agent again."],
        },
      ];
  }
}

/** Values of `<enum name='NAME'>` in a part of the domain capabilities. */
function valuesOf(part: XmlElement | undefined, name: string): readonly string[] {
  const found = childrenOf(part, "enum").find(({ attributes }) => attributes["name"] === name);
  return childrenOf(found, "value").map(textOf);
}

function isSession(libvirt: LibvirtFacts | undefined): boolean {
  return libvirt?.uri.replace(/\?.*$/, "").endsWith("/session") ?? false;
}
