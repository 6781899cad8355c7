import type { CallOptions, Caller } from "../rpc/caller.ts";

export interface NodeInfo {
  /** Of the processor, `x86_64`. */
  readonly model: string;
  readonly memoryKib: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

export async function hostname(caller: Caller, options?: CallOptions): Promise<string> {
  return (await caller.call("REMOTE_PROC_CONNECT_GET_HOSTNAME", undefined, options)).hostname;
}

/** Of libvirt, "9.0.0". */
export async function libvirtVersion(caller: Caller, options?: CallOptions): Promise<string> {
  return versionText((await caller.call("REMOTE_PROC_CONNECT_GET_LIB_VERSION", undefined, options)).lib_ver);
}

/** Of the hypervisor, "7.2.19" for QEMU's. */
export async function hypervisorVersion(caller: Caller, options?: CallOptions): Promise<string> {
  return versionText((await caller.call("REMOTE_PROC_CONNECT_GET_VERSION", undefined, options)).hv_ver);
}

/** "QEMU" or "TEST". */
export async function hypervisorType(caller: Caller, options?: CallOptions): Promise<string> {
  return (await caller.call("REMOTE_PROC_CONNECT_GET_TYPE", undefined, options)).type;
}

/** XML: the host, and what kinds of guests it can have. The first question after a start of libvirt's takes seconds. */
export async function capabilities(caller: Caller, options?: CallOptions): Promise<string> {
  return (await caller.call("REMOTE_PROC_CONNECT_GET_CAPABILITIES", undefined, options)).capabilities;
}

export interface MachineKind {
  /** Path of the emulator; absent for the usual one of the architecture. */
  readonly emulator?: string;
  readonly arch?: string;
  /** `q35`, `pc`. */
  readonly machine?: string;
  /** `kvm`, `qemu`. */
  readonly virtType?: string;
}

/** XML: what a domain of that kind can have: firmware, CPU models, devices. */
export async function domainCapabilities(caller: Caller, kind: MachineKind = {}, options?: CallOptions): Promise<string> {
  const args = { emulatorbin: kind.emulator, arch: kind.arch, machine: kind.machine, virttype: kind.virtType, flags: 0 };
  return (await caller.call("REMOTE_PROC_CONNECT_GET_DOMAIN_CAPABILITIES", args, options)).capabilities;
}

export async function nodeInfo(caller: Caller, options?: CallOptions): Promise<NodeInfo> {
  const { model, memory, cpus, mhz, nodes, sockets, cores, threads } = await caller.call("REMOTE_PROC_NODE_GET_INFO", undefined, options);
  const end = model.indexOf(0);
  const text = String.fromCharCode(...model.slice(0, end < 0 ? undefined : end));
  return { model: text, memoryKib: Number(memory), cpus, mhz, nodes, sockets, cores, threads };
}

/** Memory of the host that nobody uses. */
export async function freeMemoryBytes(caller: Caller, options?: CallOptions): Promise<number> {
  return Number((await caller.call("REMOTE_PROC_NODE_GET_FREE_MEMORY", undefined, options)).freeMem);
}

function versionText(version: bigint): string {
  const number = Number(version);
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1000) % 1000}.${number % 1000}`;
}
