import { virDomainBlockResizeFlags, virDomainMemoryModFlags, virDomainVcpuFlags } from "../../gen/constants.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { affectFlags } from "./flags.ts";
import type { Affect } from "./flags.ts";
import { toDomain } from "./reference.ts";
import type { DomainRef } from "./reference.ts";

export interface ChangeOptions extends CallOptions {
  /** Default `current`. */
  readonly affect?: Affect;
}

/** The most there can be is changed in the stored definition only. */
export async function setVcpus(
  caller: Caller,
  domain: DomainRef,
  count: number,
  { affect, maximum = false, ...options }: ChangeOptions & { readonly maximum?: boolean } = {},
): Promise<void> {
  const flags = affectFlags(affect) | (maximum ? virDomainVcpuFlags.VIR_DOMAIN_VCPU_MAXIMUM : 0);
  await caller.call("REMOTE_PROC_DOMAIN_SET_VCPUS_FLAGS", { dom: toDomain(domain), nvcpus: count, flags }, options);
}

export async function getVcpus(
  caller: Caller,
  domain: DomainRef,
  { affect, maximum = false, ...options }: ChangeOptions & { readonly maximum?: boolean } = {},
): Promise<number> {
  const flags = affectFlags(affect) | (maximum ? virDomainVcpuFlags.VIR_DOMAIN_VCPU_MAXIMUM : 0);
  return (await caller.call("REMOTE_PROC_DOMAIN_GET_VCPUS_FLAGS", { dom: toDomain(domain), flags }, options)).num;
}

/** Of a running machine: what the balloon shall leave the guest. The guest takes its time, or does not do it. */
export async function setMemory(
  caller: Caller,
  domain: DomainRef,
  memoryKib: number,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  const args = { dom: toDomain(domain), memory: BigInt(memoryKib), flags: affectFlags(affect) };
  await caller.call("REMOTE_PROC_DOMAIN_SET_MEMORY_FLAGS", args, options);
}

/** The most there can be: in the stored definition only, or while the domain is off. */
export async function setMaxMemory(
  caller: Caller,
  domain: DomainRef,
  memoryKib: number,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  const flags = affectFlags(affect) | virDomainMemoryModFlags.VIR_DOMAIN_MEM_MAXIMUM;
  await caller.call("REMOTE_PROC_DOMAIN_SET_MEMORY_FLAGS", { dom: toDomain(domain), memory: BigInt(memoryKib), flags }, options);
}

/** How often the balloon asks the guest for statistics; 0 never. */
export async function setMemoryStatisticsPeriod(
  caller: Caller,
  domain: DomainRef,
  seconds: number,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  const args = { dom: toDomain(domain), period: seconds, flags: affectFlags(affect) };
  await caller.call("REMOTE_PROC_DOMAIN_SET_MEMORY_STATS_PERIOD", args, options);
}

/** Adds the device of the XML (`<disk>`, `<interface>`). */
export async function attachDevice(
  caller: Caller,
  domain: DomainRef,
  xml: string,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_ATTACH_DEVICE_FLAGS", { dom: toDomain(domain), xml, flags: affectFlags(affect) }, options);
}

/** Of a running machine: asks the guest to let go of it. That it did comes as `device-removed`. */
export async function detachDevice(
  caller: Caller,
  domain: DomainRef,
  xml: string,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_DETACH_DEVICE_FLAGS", { dom: toDomain(domain), xml, flags: affectFlags(affect) }, options);
}

/** Changes what can be changed of a device that is there: media, link state, network. */
export async function updateDevice(
  caller: Caller,
  domain: DomainRef,
  xml: string,
  { affect, ...options }: ChangeOptions = {},
): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_UPDATE_DEVICE_FLAGS", { dom: toDomain(domain), xml, flags: affectFlags(affect) }, options);
}

/** Grows the disk (its name in the guest, `vda`, or its path) of a running machine. Libvirt would shrink it too: compare first. */
export async function resizeBlock(
  caller: Caller,
  domain: DomainRef,
  disk: string,
  sizeBytes: number,
  options?: CallOptions,
): Promise<void> {
  const args = { dom: toDomain(domain), disk, size: BigInt(sizeBytes), flags: virDomainBlockResizeFlags.VIR_DOMAIN_BLOCK_RESIZE_BYTES };
  await caller.call("REMOTE_PROC_DOMAIN_BLOCK_RESIZE", args, options);
}

export interface BlockInfo {
  /** What the guest sees. */
  readonly capacityBytes: number;
  /** What it has written. */
  readonly allocationBytes: number;
  /** What the file takes. */
  readonly physicalBytes: number;
}

export async function blockInfo(caller: Caller, domain: DomainRef, disk: string, options?: CallOptions): Promise<BlockInfo> {
  const args = { dom: toDomain(domain), path: disk, flags: 0 };
  const { capacity, allocation, physical } = await caller.call("REMOTE_PROC_DOMAIN_GET_BLOCK_INFO", args, options);
  return { capacityBytes: Number(capacity), allocationBytes: Number(allocation), physicalBytes: Number(physical) };
}
