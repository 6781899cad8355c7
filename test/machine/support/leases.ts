import { collect, until } from "../../support/ghost.ts";
import type { TestHost } from "./host.ts";

const SERVER = "192.168.122.1";

/** What libvirt's network has given out: MAC addresses. */
export async function leased(host: TestHost): Promise<readonly string[]> {
  return [...(await host.virsh("net-dhcp-leases", "default")).matchAll(/(?:[\da-f]{2}:){5}[\da-f]{2}(?= +ipv4)/g)].map(([mac]) => mac);
}

/** Has libvirt's network give a card an address, as its guest would on a reboot: nobody has to run. */
export async function lease(host: TestHost, mac: string, address: string): Promise<void> {
  const [ip, hardware] = [address.split(".").map(Number), Buffer.from(mac.replaceAll(":", ""), "hex")];
  const message = Buffer.alloc(300);
  message.set([1, 1, 6]);
  message.set(hardware, 28);
  // DHCPREQUEST, requested address, client identifier.
  message.set([99, 130, 83, 99, 53, 1, 3, 50, 4, ...ip, 61, 7, 1, ...hardware, 255], 236);
  const send = 'base64 -d <<< "$1" > "/dev/udp/$2/67"';
  await collect(host.libvirtd.inside("bash", ["-c", send, "send", message.toString("base64"), SERVER]));
  await until(async () => (await leased(host)).includes(mac), `libvirt to give ${mac} an address`);
}
