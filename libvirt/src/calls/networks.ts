import { isLibvirtError } from "../error.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { familyOf } from "./guest.ts";
import { fromNetwork, toNetwork } from "./reference.ts";
import type { Network } from "./reference.ts";

export interface Lease {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  readonly prefix: number;
  readonly mac: string | undefined;
  readonly hostname: string | undefined;
  /** What the guest calls itself, `01:52:54:00:00:00:01`; of IPv6 its DUID. */
  readonly clientId: string | undefined;
  /** Absent when it never expires. */
  readonly expiresAt: Date | undefined;
}

export async function listNetworks(caller: Caller, options?: CallOptions): Promise<readonly Network[]> {
  const { nets } = await caller.call("REMOTE_PROC_CONNECT_LIST_ALL_NETWORKS", { need_results: 1, flags: 0 }, options);
  return nets.map(fromNetwork);
}

/** Undefined when there is none. */
export async function findNetworkByName(caller: Caller, name: string, options?: CallOptions): Promise<Network | undefined> {
  try {
    return fromNetwork((await caller.call("REMOTE_PROC_NETWORK_LOOKUP_BY_NAME", { name }, options)).net);
  } catch (error) {
    if (isLibvirtError(error, "VIR_ERR_NO_NETWORK")) return undefined;
    throw error;
  }
}

export async function networkXml(caller: Caller, network: Network, options?: CallOptions): Promise<string> {
  return (await caller.call("REMOTE_PROC_NETWORK_GET_XML_DESC", { net: toNetwork(network), flags: 0 }, options)).xml;
}

/** Makes or replaces the stored definition; it starts nothing. */
export async function defineNetwork(caller: Caller, xml: string, options?: CallOptions): Promise<Network> {
  return fromNetwork((await caller.call("REMOTE_PROC_NETWORK_DEFINE_XML", { xml }, options)).net);
}

export async function startNetwork(caller: Caller, network: Network, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_NETWORK_CREATE", { net: toNetwork(network) }, options);
}

/** Stops it; the definition stays. */
export async function destroyNetwork(caller: Caller, network: Network, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_NETWORK_DESTROY", { net: toNetwork(network) }, options);
}

export async function undefineNetwork(caller: Caller, network: Network, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_NETWORK_UNDEFINE", { net: toNetwork(network) }, options);
}

export async function isNetworkActive(caller: Caller, network: Network, options?: CallOptions): Promise<boolean> {
  return (await caller.call("REMOTE_PROC_NETWORK_IS_ACTIVE", { net: toNetwork(network) }, options)).active !== 0;
}

export async function setNetworkAutostart(caller: Caller, network: Network, isOn: boolean, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_NETWORK_SET_AUTOSTART", { net: toNetwork(network), autostart: isOn ? 1 : 0 }, options);
}

/** All of them, or those of one card. */
export async function networkLeases(
  caller: Caller,
  network: Network,
  { mac, ...options }: CallOptions & { readonly mac?: string } = {},
): Promise<readonly Lease[]> {
  const args = { net: toNetwork(network), mac, need_results: 1, flags: 0 };
  const { leases } = await caller.call("REMOTE_PROC_NETWORK_GET_DHCP_LEASES", args, options);
  return leases.map((lease) => ({
    address: lease.ipaddr,
    family: familyOf(lease.type),
    prefix: lease.prefix,
    mac: lease.mac,
    hostname: lease.hostname,
    clientId: lease.clientid,
    expiresAt: lease.expirytime > 0n ? new Date(Number(lease.expirytime) * 1000) : undefined,
  }));
}
