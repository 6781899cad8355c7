/** Which of the addresses that a host and a guest tell is the machine's. */
import { isIP } from "node:net";
import { readXml } from "./domain-xml/read-xml.ts";
import { childrenOf } from "./domain-xml/xml.ts";
import type { XmlElement } from "./domain-xml/xml.ts";
import type { GuestCard } from "./guest-agent.ts";

/** What a network's DHCP has given a card. */
export interface Lease {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  /** Absent for a lease that never ends. */
  readonly grantedAt?: Date;
}

/** Leases and starts are counted by clocks of different grain. */
const SLACK_MS = 2_000;
/** libvirt's, where the network says nothing. */
const LEASE_SECONDS = 3_600;

/**
 * IPv4 before IPv6, the first card before the others, what the guest says before what it was given. A lease from before
 * the start is of the machine's last life and may be anybody's by now. Empty when there is none.
 */
export function pickAddress(
  macs: readonly string[],
  told: {
    readonly cards: readonly GuestCard[];
    readonly leasesOf: (mac: string) => readonly Lease[];
    readonly startedAt: Date | undefined;
  },
): string {
  const startedAtMs = (told.startedAt?.getTime() ?? 0) - SLACK_MS;
  const known = macs.map((mac) => {
    const said = told.cards.filter((card) => card.mac === mac).flatMap(({ addresses }) => addresses);
    const given = told
      .leasesOf(mac)
      .filter(({ grantedAt }) => grantedAt === undefined || grantedAt.getTime() >= startedAtMs)
      .toSorted((a, b) => (b.grantedAt?.getTime() ?? 0) - (a.grantedAt?.getTime() ?? 0));
    return [...said, ...given].filter(({ address }) => isReachable(address));
  });
  for (const family of ["ipv4", "ipv6"] as const) {
    const found = known.flat().find((each) => each.family === family);
    if (found !== undefined) return found.address;
  }
  return "";
}

/** How long a network's leases last; undefined for ever. */
export function leaseSeconds(networkXml: string): number | undefined {
  const { expiry = "", unit = "minutes" } = leasesIn(readXml(networkXml))[0]?.attributes ?? {};
  if (!/^\d+$/.test(expiry)) return LEASE_SECONDS;
  const seconds = Number(expiry) * (UNIT_SECONDS[unit] ?? 60);
  return seconds === 0 ? undefined : seconds;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3_600 };

function leasesIn(element: XmlElement): readonly XmlElement[] {
  return childrenOf(element).flatMap((child) => (child.name === "lease" ? [child] : leasesIn(child)));
}

/** From other machines: not of the loopback, nor of a link alone. A guest may say anything. */
function isReachable(address: string): boolean {
  return isIP(address) !== 0 && !/^127\.|^169\.254\.|^::1$|^fe[89ab][\da-f]:/i.test(address);
}
