/** What no two machines of a host may have. */
import { problem } from "@ghost/schemas";
import type { Domain, DomainNic } from "../../driver.ts";

/** VM_EXISTS when another domain of the host has the name. */
export function requireFreeName(others: readonly Domain[], uid: string, name: string): void {
  const holder = others.find((domain) => domain.uid !== uid && (domain.live.name === name || domain.stored.name === name));
  if (holder !== undefined)
    throw problem("VM_EXISTS", `The host has a VM "${name}" already (${holder.uid}).`, {
      hint: "Choose another name, or rename or remove the other one.",
    });
}

/** MAC_TAKEN when another domain of the host, running or stored, has one of the cards' addresses. */
export function requireFreeMacs(
  others: readonly Domain[],
  uid: string,
  vm: string,
  nics: Readonly<Record<string, Pick<DomainNic, "mac">>>,
): void {
  for (const [card, { mac }] of Object.entries(nics)) {
    const isTheirs = (theirs: Pick<DomainNic, "mac">): boolean => theirs.mac.toLowerCase() === mac.toLowerCase();
    const holder = others.find(
      (domain) => domain.uid !== uid && [domain.live, domain.stored].some((config) => Object.values(config.nics).some(isTheirs)),
    );
    if (holder !== undefined)
      throw problem("MAC_TAKEN", `The card "${card}" of VM "${vm}" is to have ${mac}, which VM "${holder.live.name}" has already.`, {
        hint: "Give the card another address, or take it away from the other VM.",
        path: ["networks", card, "mac"],
      });
  }
}
