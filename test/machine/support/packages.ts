import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";

/** What the tests start, and the Debian package that has it. */
const PROGRAMS = {
  libvirtd: "libvirt-daemon",
  virsh: "libvirt-clients",
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-img": "qemu-utils",
  dnsmasq: "dnsmasq-base",
  iptables: "iptables",
  ip: "iproute2",
  ssh: "openssh-client",
  curl: "curl",
  swtpm: "swtpm",
  swtpm_setup: "swtpm-tools",
  systemctl: "systemd",
} as const;

/** Firmware is no program. */
const OVMF = { file: "/usr/share/OVMF/OVMF_CODE_4M.fd", package: "ovmf" } as const;

export type Program = keyof typeof PROGRAMS;

/**
 * Installs what is missing where that can be done without asking: as root, from Debian's or Ubuntu's packages. Their lists
 * are fetched where there are none: the test guest needs them too.
 */
export function installPackages(): void {
  const packages: string[] = (Object.keys(PROGRAMS) as Program[]).filter((name) => !isInstalled(name)).map((name) => PROGRAMS[name]);
  if (!existsSync(OVMF.file)) packages.push(OVMF.package);
  const hasLists = whyNoGuest() === undefined;
  if ((packages.length === 0 && hasLists) || process.getuid?.() !== 0 || !isInstalled("apt-get")) return;
  if (packages.length > 0) process.stderr.write(`Installing ${packages.join(", ")} …\n`);
  for (const args of [
    ["update", "-q"],
    ...(packages.length > 0 ? [["install", "-q", "-y", "--no-install-recommends", ...packages]] : []),
  ]) {
    const { status, stderr } = spawnSync("apt-get", args, { encoding: "utf8", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    if (status !== 0) return void process.stderr.write(`apt-get ${args.join(" ")} failed:\n${stderr}\n`);
  }
}

/** Why a test that needs these cannot run here; undefined when it can. */
export function whyNot(...programs: readonly Program[]): string | undefined {
  if (process.platform !== "linux") return "libvirt's daemon is there on Linux only";
  if (process.getuid?.() !== 0) return "only root can start a libvirt that is apart from the machine's own";
  return missing(...programs);
}

/** Which of these are not installed, and what has them; undefined when all are there. */
export function missing(...programs: readonly Program[]): string | undefined {
  const names = programs.filter((name) => !isInstalled(name));
  return names.length === 0 ? undefined : `${names.join(", ")} not installed (${names.map((name) => PROGRAMS[name]).join(", ")})`;
}

/** Why no machine can be started by UEFI here. */
export function whyNoUefi(): string | undefined {
  return existsSync(OVMF.file) ? undefined : `UEFI firmware not installed (${OVMF.package})`;
}

/** Why the test guest cannot be made here: it consists of Debian's packages. */
export function whyNoGuest(): string | undefined {
  if (process.arch !== "x64") return "the test guest is for x86-64 only";
  const hasKernel = isInstalled("apt-cache") && spawnSync("apt-cache", ["show", "linux-image-cloud-amd64"]).status === 0;
  return hasKernel ? undefined : "the test guest is made of Debian's packages, and apt knows of none here";
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
