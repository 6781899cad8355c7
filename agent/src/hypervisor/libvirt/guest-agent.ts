/** What the agent inside a guest is asked: short questions, each with a limit that libvirt keeps. */
import { agentCommand } from "@ghost/libvirt";
import type { Caller, DomainRef } from "@ghost/libvirt";

/** The guest's card and its addresses. */
export interface GuestCard {
  readonly mac: string;
  readonly addresses: readonly { readonly family: "ipv4" | "ipv6"; readonly address: string }[];
}

/** libvirt's own: a command without it waits for the guest for ever, and holds a place of the connection. */
const AGENT_TIMEOUT_S = 3;
/** cloud-init writes it when it has run to its end, and the next boot begins without it. */
const CLOUD_INIT_RESULT = "/run/cloud-init/result.json";

/** Throws a LibvirtError when the agent is not there, hangs or may not tell. */
export async function askGuestCards(work: Caller, domain: DomainRef): Promise<readonly GuestCard[]> {
  return guestCards(await ask(work, domain, "guest-network-get-interfaces"));
}

/** Whether cloud-init has run to its end since the guest's start. A guest without cloud-init never says so. */
export async function askBootFinished(work: Caller, domain: DomainRef): Promise<boolean> {
  try {
    const handle = await ask(work, domain, "guest-file-open", { path: CLOUD_INIT_RESULT, mode: "r" });
    await ask(work, domain, "guest-file-close", { handle });
    return true;
  } catch {
    // The file is not there yet, or this agent may not open files.
    return false;
  }
}

async function ask(work: Caller, domain: DomainRef, execute: string, args?: unknown): Promise<unknown> {
  return await agentCommand(work, domain, args === undefined ? { execute } : { execute, arguments: args }, {
    agentTimeoutS: AGENT_TIMEOUT_S,
  });
}

/** Of what a guest says, which may be anything, what has the shape of a card. */
export function guestCards(said: unknown): readonly GuestCard[] {
  return listOf(said).flatMap((card) => {
    const { "hardware-address": mac, "ip-addresses": addresses } = fieldsOf(card);
    if (typeof mac !== "string") return [];
    return [
      {
        mac: mac.toLowerCase(),
        addresses: listOf(addresses).flatMap((each) => {
          const { "ip-address": address, "ip-address-type": family } = fieldsOf(each);
          return typeof address === "string" && (family === "ipv4" || family === "ipv6") ? [{ family, address }] : [];
        }),
      },
    ];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
