/** Addresses that libvirt's networks have given to cards that are no more. */
import { findNetworkByName, isNetworkActive, networkLeases, networkXml } from "@ghost/libvirt";
import type { DomainNic } from "../../driver.ts";
import { sendRelease } from "../dhcp-release.ts";
import { nicType } from "../domain-xml/devices.ts";
import { readXml } from "../domain-xml/read-xml.ts";
import { childrenOf, findChild } from "../domain-xml/xml.ts";
import type { LibvirtParts } from "../parts.ts";

type LeaseParts = Pick<LibvirtParts, "ask" | "readings">;

/**
 * Gives back the IPv4 addresses of these cards (onHost), which this machine has no more. Never fails: an address that is
 * not given back is free when its lease expires.
 */
export async function releaseLeases(parts: LeaseParts, uid: string, nics: readonly DomainNic[]): Promise<void> {
  for (const nic of nics) {
    if (nicType(nic) !== "network" || nic.network === undefined) continue;
    await releaseLeasesOf(parts, uid, nic.network, nic.mac.toLowerCase()).catch(() => undefined);
  }
}

async function releaseLeasesOf({ ask, readings }: LeaseParts, uid: string, name: string, mac: string): Promise<void> {
  const network = await findNetworkByName(ask, name);
  // One that is off has no server, and its addresses may be somebody else's.
  if (network === undefined || !(await isNetworkActive(ask, network))) return;
  const leases = (await networkLeases(ask, network, { mac })).filter(({ family }) => family === "ipv4");
  if (leases.length === 0) return;
  const server = dhcpServer(await networkXml(ask, network));
  if (server === undefined) return;
  // Somebody may have made a copy of the machine with its addresses, and run it.
  const others = (await readings.active()).filter((domain) => domain.uid !== uid);
  if (others.some(({ live }) => Object.values(live.nics).some((theirs) => theirs.mac.toLowerCase() === mac))) return;
  for (const { address, clientId } of leases) await sendRelease({ server, mac, address, clientId });
}

/** Address at which a network gives out IPv4 addresses; undefined when it gives none. */
export function dhcpServer(text: string): string | undefined {
  return childrenOf(readXml(text), "ip").find((ip) => (ip.attributes["family"] ?? "ipv4") === "ipv4" && findChild(ip, "dhcp") !== undefined)
    ?.attributes["address"];
}
