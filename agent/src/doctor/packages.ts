/** What a system calls the programs that a host needs, and how it installs and starts them. */

export type Part = "qemu" | "libvirt" | "dnsmasq" | "uefi";
type Family = "debian" | "fedora";

const PACKAGES: Readonly<Record<Family, Readonly<Record<Part, readonly string[]>>>> = {
  debian: {
    qemu: ["qemu-system-x86"],
    libvirt: ["libvirt-daemon-system", "libvirt-clients"],
    dnsmasq: ["dnsmasq-base"],
    uefi: ["ovmf"],
  },
  fedora: {
    qemu: ["qemu-kvm"],
    libvirt: ["libvirt-daemon-kvm", "libvirt-client", "libvirt-daemon-config-network"],
    dnsmasq: ["dnsmasq"],
    uefi: ["edk2-ovmf"],
  },
};
const ON_ARM: Readonly<Record<string, string>> = {
  "qemu-system-x86": "qemu-system-arm",
  ovmf: "qemu-efi-aarch64",
  "edk2-ovmf": "edk2-aarch64",
};
const WORDS: Readonly<Record<Part, string>> = {
  qemu: "QEMU",
  libvirt: "libvirt",
  dnsmasq: "dnsmasq",
  uefi: "UEFI firmware for QEMU (OVMF)",
};

export interface System {
  readonly family: Family | undefined;
  readonly name: string;
  readonly isArm: boolean;
}

/** From the text of `/etc/os-release`. */
export function systemOf(osRelease: string, arch: string): System {
  const values = Object.fromEntries(
    [...osRelease.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))$/gm)].map(([, key, a, b, c]) => [key, a ?? b ?? c ?? ""]),
  );
  const like = `${values["ID"] ?? ""} ${values["ID_LIKE"] ?? ""}`.split(/\s+/);
  const family = like.some((id) => id === "debian" || id === "ubuntu")
    ? "debian"
    : like.some((id) => id === "fedora" || id === "rhel")
      ? "fedora"
      : undefined;
  return { family, name: values["PRETTY_NAME"] ?? values["ID"] ?? "this system", isArm: arch === "arm64" };
}

function packagesOf({ family, isArm }: System, parts: readonly Part[]): readonly string[] {
  if (family === undefined) return parts.map((part) => WORDS[part]);
  return parts.flatMap((part) => PACKAGES[family][part]).map((name) => (isArm ? (ON_ARM[name] ?? name) : name));
}

/** A command, or what to do in words where the system is not known. */
export function installCommand(system: System, parts: readonly Part[], sudo: string): string {
  const packages = packagesOf(system, parts);
  if (system.family === undefined) return `Install ${packages.join(", ")} with the packages of ${system.name}.`;
  return system.family === "debian" ? `${sudo}apt install ${packages.join(" ")}` : `${sudo}dnf install ${packages.join(" ")}`;
}

/** Starts libvirt now and at every boot. Fedora has a daemon for each part; virtproxyd is the one door to all of them. */
export function startCommand({ family }: System, sudo: string): string {
  const units = family === "fedora" ? "virtqemud.socket virtnetworkd.socket virtstoraged.socket virtproxyd.socket" : "libvirtd";
  return `${sudo}systemctl enable --now ${units}`;
}

export function restartCommand({ family }: System, sudo: string): string {
  return `${sudo}systemctl restart ${family === "fedora" ? "virtqemud" : "libvirtd"}`;
}
