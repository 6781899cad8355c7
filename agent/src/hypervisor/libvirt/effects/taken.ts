/** What no two machines of a host may have. */
import { findDomainByName } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { DomainNic } from "../../driver.ts";
import { told } from "../link.ts";
import type { LibvirtParts } from "../parts.ts";

type Cards = Readonly<Record<string, Pick<DomainNic, "mac">>>;

/**
 * The keys of a name and of cards, to be held from before it is asked whether they are free until a definition has them:
 * of two machines that want one of them, the second then sees the first.
 */
export function keysOf(name: string | undefined, nics: Cards): readonly string[] {
  return [...(name === undefined ? [] : [`name ${name}`]), ...Object.values(nics).map(({ mac }) => `mac ${mac.toLowerCase()}`)];
}

/** VM_EXISTS when another domain of the host has the name. */
export async function requireFreeName({ ask }: Pick<LibvirtParts, "ask">, uid: string, name: string): Promise<void> {
  const holder = await told(`VM "${name}"`, async () => await findDomainByName(ask, name));
  if (holder !== undefined && holder.uuid !== uid)
    throw problem("VM_EXISTS", `The host has a VM "${name}" already (${holder.uuid}).`, {
      hint: "Choose another name, or rename or remove the other one.",
    });
}

/** MAC_TAKEN when another domain of the host, running or stored, has one of the cards' addresses. */
export async function requireFreeMacs({ readings }: Pick<LibvirtParts, "readings">, uid: string, vm: string, nics: Cards): Promise<void> {
  const cards = Object.entries(nics);
  // libvirt does not know an address but in the XML of its machine.
  const others = cards.length === 0 ? [] : await readings.list();
  for (const [card, { mac }] of cards) {
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
