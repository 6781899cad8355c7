import { virDomainConsoleFlags, virDomainInterfaceAddressesSource, virIPAddrType } from "../../gen/constants.ts";
import type { ByteStream, CallOptions, Caller } from "../rpc/caller.ts";
import { flagsOf } from "./flags.ts";
import { toDomain } from "./reference.ts";
import type { DomainRef } from "./reference.ts";

/** Libvirt's own time for the agent; this side waits a little longer, to get its answer and not its silence. */
const AGENT_TIMEOUT_S = 5;
const MARGIN_MS = 5_000;

/**
 * Asks the guest's agent: `{ execute: "guest-ping" }`. Gives what it returned. VIR_ERR_AGENT_UNRESPONSIVE when there is
 * no agent or it does not answer within `agentTimeoutS` (default 5).
 */
export async function agentCommand(
  caller: Caller,
  domain: DomainRef,
  command: { readonly execute: string; readonly arguments?: unknown },
  { agentTimeoutS = AGENT_TIMEOUT_S, ...options }: CallOptions & { readonly agentTimeoutS?: number } = {},
): Promise<unknown> {
  const args = { dom: toDomain(domain), cmd: JSON.stringify(command), timeout: agentTimeoutS, flags: 0 };
  const { result } = await caller.call("QEMU_PROC_DOMAIN_AGENT_COMMAND", args, { timeoutMs: agentTimeoutS * 1000 + MARGIN_MS, ...options });
  return result === undefined ? undefined : (JSON.parse(result) as { return?: unknown }).return;
}

export interface GuestInterface {
  /** The host's tap with `lease` and `arp`, the guest's own name with `agent`. */
  readonly name: string;
  readonly mac: string | undefined;
  readonly addresses: readonly { readonly family: "ipv4" | "ipv6"; readonly address: string; readonly prefix: number }[];
}

const SOURCES = {
  lease: virDomainInterfaceAddressesSource.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
  agent: virDomainInterfaceAddressesSource.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
  arp: virDomainInterfaceAddressesSource.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
} as const;

/** `lease` asks libvirt's DHCP, `agent` the guest (and waits for it), `arp` the host's neighbours. */
export async function interfaceAddresses(
  caller: Caller,
  domain: DomainRef,
  source: keyof typeof SOURCES,
  options?: CallOptions,
): Promise<readonly GuestInterface[]> {
  const args = { dom: toDomain(domain), source: SOURCES[source], flags: 0 };
  const { ifaces } = await caller.call("REMOTE_PROC_DOMAIN_INTERFACE_ADDRESSES", args, options);
  return ifaces.map(({ name, hwaddr, addrs }) => ({
    name,
    mac: hwaddr,
    addresses: addrs.map(({ type, addr, prefix }) => ({ family: familyOf(type), address: addr, prefix })),
  }));
}

/** The serial console both ways. One at a time: `force` takes it from whoever has it. */
export async function openConsole(
  caller: Caller,
  domain: DomainRef,
  { device, force, ...options }: CallOptions & { readonly device?: string; readonly force?: boolean } = {},
): Promise<ByteStream> {
  const flags = flagsOf([virDomainConsoleFlags.VIR_DOMAIN_CONSOLE_FORCE, force]);
  return await caller.openStream("REMOTE_PROC_DOMAIN_OPEN_CONSOLE", { dom: toDomain(domain), dev_name: device, flags }, options);
}

/** Of libvirt's number for it. */
export function familyOf(type: number): "ipv4" | "ipv6" {
  return type === virIPAddrType.VIR_IP_ADDR_TYPE_IPV6 ? "ipv6" : "ipv4";
}
