import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { PrivateLibvirtd } from "./libvirtd.ts";

const URI = "qemu:///system";

/** A bridge without delay, and an address without libvirt's dnsmasq trying first whether somebody has it: guests start sooner. */
export const NAT_NETWORK = `<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>default</name>
  <forward mode='nat'/><bridge name='virbr0' stp='off' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options></network>`;

/** Makes and starts the NAT network `default`, as a host with libvirt has it. The libvirtd needs a network of its own. */
export async function makeNetwork(libvirtd: PrivateLibvirtd): Promise<void> {
  const file = path.join(libvirtd.folder, "network.xml");
  await writeFile(file, NAT_NETWORK);
  await libvirtd.virsh(URI, "net-define", file);
  await libvirtd.virsh(URI, "net-autostart", "default");
  await libvirtd.virsh(URI, "net-start", "default");
}
