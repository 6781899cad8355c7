import { networkInterfaces } from "node:os";
import type { NetworkInterfaceInfo } from "node:os";

/** The address under which others reach this machine: in the Tailscale range (100.64.0.0/10), else any IPv4, else loopback. */
export function ownAddress(interfaces: NodeJS.Dict<readonly NetworkInterfaceInfo[]> = networkInterfaces()): string {
  const addresses = Object.values(interfaces)
    .flatMap((infos) => infos ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  return addresses.find(isTailscale) ?? addresses[0] ?? "127.0.0.1";
}

function isTailscale(address: string): boolean {
  const [first, second = 0] = address.split(".").map(Number);
  return first === 100 && second >= 64 && second < 128;
}
