import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { problem } from "@ghost/schemas";
import type { Resources } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BoundHost, Store } from "../store/store.ts";
import type { Hypervisor } from "./driver.ts";
import { chooseHost, requireSamePlace } from "./host-choice.ts";

type HostConfig = Pick<AgentConfig, "hypervisor" | "dataDir" | "simulated" | "libvirt">;

/** QEMU, which is another user, goes through a folder and cannot list it. */
const PASSABLE = 0o011;

/**
 * Opens the host that the configuration names, which `host-choice.ts` has the rules of, and keeps that the records are of it.
 * libvirt need not answer yet. AGENT_START when it cannot be this host.
 */
export async function openHypervisor(config: HostConfig, store: Store): Promise<Hypervisor> {
  const there = { bound: store.host, recordCount: store.vms.size + store.templates.size, dataDir: config.dataDir };
  const sockets = config.hypervisor === "simulated" ? [] : await libvirtSockets(config.libvirt.uri);
  const kind = chooseHost({ ...there, wanted: config.hypervisor, isLibvirtThere: sockets.some((path) => existsSync(path)) });
  if (kind === "simulated") return await openSimulated(config.dataDir, config.simulated, store);
  const { uri, network, imageCache, mirrors } = config.libvirt;
  const host: BoundHost = { kind, uri: bareUri(uri), diskDir: await diskFolder(config, store.host) };
  requireSamePlace(host, there, holdsAnything);
  await bind(store, host);
  letThrough(config.dataDir);
  const { openLibvirtHypervisor } = await import("./libvirt/driver.ts");
  return await openLibvirtHypervisor({
    uri,
    dir: config.dataDir,
    imageDir: imageCache,
    network,
    mirrors,
    ...(config.libvirt.storagePool !== undefined && { diskDir: host.diskDir! }),
  });
}

/** Opens the simulated host of a data folder. AGENT_START when the folder keeps VMs of a real one. */
export async function openSimulated(dataDir: string, total: Partial<Resources>, store: Store): Promise<Hypervisor> {
  chooseHost({
    wanted: "simulated",
    bound: store.host,
    recordCount: store.vms.size + store.templates.size,
    dataDir,
    isLibvirtThere: false,
  });
  await bind(store, { kind: "simulated" });
  const { openSimulatedHypervisor } = await import("./simulated/driver.ts");
  return openSimulatedHypervisor({ dir: dataDir, total });
}

/** Lets others go through the agent's folder; what is in it they see only where its own mode says so. */
export function letThrough(dir: string): void {
  const { mode } = statSync(dir);
  if ((mode & PASSABLE) !== PASSABLE) chmodSync(dir, (mode | PASSABLE) & 0o7777);
}

async function bind(store: Store, host: BoundHost): Promise<void> {
  const { kind, uri, diskDir } = store.host ?? {};
  if (kind !== host.kind || uri !== host.uri || diskDir !== host.diskDir) await store.writeHost(host);
}

/** Where libvirt's sockets of a URI may be. AGENT_START for a URI that is none of this machine. */
async function libvirtSockets(uri: string): Promise<readonly string[]> {
  const { socketPaths } = await import("@ghost/libvirt");
  try {
    return socketPaths(uri);
  } catch (reason) {
    throw problem(
      "AGENT_START",
      `libvirt.uri is refused: ${reason instanceof Error ? reason.message : String(reason)}`,
      {
        hint: "Remove libvirt.uri for the default, qemu:///system; an agent runs on the machine whose VMs it keeps.",
        path: ["libvirt", "uri"],
      },
      { cause: reason },
    );
  }
}

async function diskFolder({ dataDir, libvirt: { uri, storagePool } }: HostConfig, bound: BoundHost | undefined): Promise<string> {
  if (storagePool === undefined) return join(dataDir, "disks");
  const { findPoolFolder } = await import("./libvirt/storage-pool.ts");
  const found = await findPoolFolder(uri, storagePool);
  if ("folder" in found) {
    const folder = join(found.folder, "ghost");
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    letThrough(folder);
    return folder;
  }
  // Known from before: no reason not to start before libvirt does.
  if (bound?.diskDir !== undefined) return bound.diskDir;
  throw problem(
    "AGENT_START",
    `Where the storage pool "${storagePool}" is, libvirt has to say, and it does not answer: ${found.silent.message}`,
    { hint: "Start the agent again when libvirt answers, or remove libvirt.storage_pool: then the disks are in data_dir." },
    { cause: found.silent },
  );
}

function holdsAnything(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

/** Without what says where the socket is: two ways to one libvirt are one. */
function bareUri(uri: string): string {
  return uri.replace(/\?.*$/, "").replace("+unix:", ":");
}
