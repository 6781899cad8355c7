/** Which of the addresses that a host and a guest tell is the machine's. */
import type { GuestInterface } from "@ghost/libvirt";
import { readXml } from "./domain-xml/read-xml.ts";
import { childrenOf } from "./domain-xml/xml.ts";
import type { XmlElement } from "./domain-xml/xml.ts";

/** What a network's DHCP has given a card. */
export interface Candidate {
  readonly mac: string;
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  /** Absent for a lease that never ends. */
  readonly grantedAt?: Date;
}

/** Clocks of the lease file count whole seconds. */
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
    readonly interfaces: readonly GuestInterface[] | undefined;
    readonly leases: readonly Candidate[];
    readonly startedAt: Date | undefined;
  },
): string {
  const startedAtMs = (told.startedAt?.getTime() ?? 0) - SLACK_MS;
  const fresh = told.leases
    .filter(({ grantedAt }) => grantedAt === undefined || grantedAt.getTime() >= startedAtMs)
    .toSorted((a, b) => (b.grantedAt?.getTime() ?? 0) - (a.grantedAt?.getTime() ?? 0));
  for (const family of ["ipv4", "ipv6"] as const) {
    for (const mac of macs) {
      const own = (told.interfaces ?? []).filter((card) => card.mac?.toLowerCase() === mac).flatMap(({ addresses }) => addresses);
      const leased = fresh.filter((lease) => lease.mac === mac);
      const found = [...own, ...leased].find((each) => each.family === family && isReachable(each.address));
      if (found !== undefined) return found.address;
    }
  }
  return "";
}

/** How long a network's leases last; undefined for ever. */
export function leaseSeconds(networkXml: string): number | undefined {
  const found = leasesIn(readXml(networkXml))[0]?.attributes;
  if (found === undefined) return LEASE_SECONDS;
  const expiry = Number(found["expiry"]);
  if (!Number.isFinite(expiry)) return LEASE_SECONDS;
  const seconds = expiry * (UNIT_SECONDS[found["unit"] ?? "minutes"] ?? 60);
  return seconds === 0 ? undefined : seconds;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3_600 };

function leasesIn(element: XmlElement): readonly XmlElement[] {
  return childrenOf(element).flatMap((child) => (child.name === "lease" ? [child] : leasesIn(child)));
}

/** From other machines: not of the loopback, nor of a link alone. */
function isReachable(address: string): boolean {
  return !/^127\.|^169\.254\.|^::1$|^fe[89ab][\da-f]:/i.test(address);
}
