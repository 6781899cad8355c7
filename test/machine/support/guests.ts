import { randomUUID } from "node:crypto";

export interface TinyGuest {
  readonly name: string;
  readonly uuid?: string;
  /** qcow2 files by the name of the disk in the guest. */
  readonly disks?: Readonly<Record<string, string>>;
  /** Of libvirt; the card's ROM asks it for an address at boot. */
  readonly network?: string;
  readonly mac?: string;
}

/** A machine without a system: its firmware starts, talks on the serial line, and finds nothing to boot. Emulated, 64 MiB. */
export function tinyGuest({ name, uuid = randomUUID(), disks = {}, network, mac = "52:54:00:00:00:01" }: TinyGuest): string {
  const disk = Object.entries(disks).map(
    ([target, file]) =>
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${file}'/><target dev='${target}' bus='virtio'/></disk>`,
  );
  const card =
    network === undefined
      ? ""
      : `<interface type='network'><mac address='${mac}'/><source network='${network}'/><model type='virtio'/><boot order='1'/></interface>`;
  return `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>
    <memory unit='MiB'>64</memory><currentMemory unit='MiB'>64</currentMemory><vcpu current='1'>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><bios useserial='yes'/></os><features><acpi/></features>
    <devices><controller type='pci' index='0' model='pcie-root'/>${disk.join("")}${card}
      <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
      <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
      <serial type='pty'/><memballoon model='virtio'/>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    </devices></domain>`;
}

/** For libvirt's test driver, which emulates nothing. */
export function pretendedGuest(name: string, uuid: string = randomUUID()): string {
  return `<domain type='test'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>128</memory><vcpu current='1'>2</vcpu><os><type>hvm</type></os><devices><memballoon model='virtio'/></devices></domain>`;
}
