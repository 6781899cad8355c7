/** What a machine's cards are plugged into: it has to be there before the machine starts. */
import { readdir, stat } from "node:fs/promises";
import { findNetworkByName, isNetworkActive, listNetworks, startNetwork } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { DomainNic } from "../../driver.ts";
import { nicType, USER_NETWORK } from "../domain-xml/devices.ts";
import { codeOf } from "../images/files.ts";
import { told } from "../link.ts";
import { networkOnHost } from "../network-names.ts";
import type { LibvirtParts } from "../parts.ts";

/** The kernel's links, a folder each; that of a bridge has a folder `bridge`. */
const HOST_LINKS = "/sys/class/net";

type Nics = Readonly<Record<string, DomainNic>>;
type NetworkParts = Pick<LibvirtParts, "ask" | "work" | "defaultNetwork">;

/** The cards with the names that networks have on this host. */
export function onHost({ defaultNetwork }: Pick<LibvirtParts, "defaultNetwork">, nics: Nics): Nics {
  return Object.fromEntries(
    Object.entries(nics).map(([name, nic]) => {
      const network = networkOnHost(nic.network, defaultNetwork);
      return [name, { ...nic, ...(network !== undefined && { network }) }];
    }),
  );
}

/**
 * Makes sure that there is something to plug these cards (onHost) into; a network that is not active is started.
 * NETWORK_UNKNOWN with what the host has.
 */
export async function requireNetworks(parts: NetworkParts, vm: string, nics: Nics): Promise<void> {
  const networks = new Set<string>();
  for (const [name, nic] of Object.entries(nics)) {
    if (nicType(nic) === "bridge" && nic.bridge !== undefined) await requireBridge(vm, name, nic.bridge);
    else if (nicType(nic) === "network" && nic.network !== undefined) networks.add(nic.network);
  }
  for (const network of networks) await told(`Network "${network}" of VM "${vm}"`, () => requireNetwork(parts, vm, network));
}

async function requireNetwork({ ask, work, defaultNetwork }: NetworkParts, vm: string, name: string): Promise<void> {
  const network = await findNetworkByName(ask, name);
  if (network === undefined) {
    const others = (await listNetworks(ask)).map((each) => each.name).sort();
    const has = others.length === 0 ? "it has none" : `it has ${others.map((each) => `"${each}"`).join(", ")}`;
    const isDefault = name === defaultNetwork;
    throw problem("NETWORK_UNKNOWN", `VM "${vm}" is to be on the network "${name}", which the host does not have: ${has}.`, {
      hint: isDefault
        ? `Make it (\`virsh net-define /usr/share/libvirt/networks/default.xml\`), name another one in agent.yaml (libvirt.network), or give the VM a bridge or \`network: ${USER_NETWORK}\`.`
        : `Make it with \`virsh net-define\`, or give the VM one of the host's networks, a bridge, or \`network: ${USER_NETWORK}\`.`,
      path: ["networks"],
    });
  }
  if (await isNetworkActive(ask, network)) return;
  try {
    await startNetwork(work, network);
  } catch (reason) {
    // Somebody else may have been faster.
    if (!(await isNetworkActive(ask, network))) throw reason;
  }
}

async function requireBridge(vm: string, card: string, bridge: string): Promise<void> {
  if (/^[^/\s]{1,15}$/.test(bridge) && bridge !== "." && bridge !== ".." && (await isBridgeOfHost(bridge))) return;
  throw problem("NETWORK_UNKNOWN", `The card "${card}" of VM "${vm}" is to be on the bridge "${bridge}", which the host does not have.`, {
    hint: `Make it (\`ip link add ${bridge} type bridge\`, or in the host's network configuration), or give the VM a network.`,
    path: ["networks", card, "bridge"],
  });
}

/** Names of the bridges of the host's kernel; none where it shows no links. */
export async function hostBridges(): Promise<readonly string[]> {
  const links = await readdir(HOST_LINKS).catch(() => []);
  const isBridge = await Promise.all(links.map(isBridgeOfHost));
  return links.filter((_, index) => isBridge[index]).sort();
}

/** Of a link's name as the kernel has it. */
async function isBridgeOfHost(link: string): Promise<boolean> {
  try {
    await stat(`${HOST_LINKS}/${link}/bridge`);
    return true;
  } catch (reason) {
    if (codeOf(reason) === "ENOENT" || codeOf(reason) === "ENOTDIR") return false;
    throw reason;
  }
}
