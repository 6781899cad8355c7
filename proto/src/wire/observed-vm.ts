import type { ObservedVm, VmConfig, VmPhase, VmStatus } from "@ghost/schemas";
import type { Vm as VmMessage, VmSpec as VmSpecMessage } from "../../gen/ghost/host/v1/host.ts";
import { isEmptyConfig, vmConfigFromWire, vmConfigToWire } from "./config.ts";
import { requireOneOf } from "./require.ts";

export function observedVmToWire(vm: ObservedVm): VmMessage {
  return {
    uid: vm.uid,
    name: vm.name,
    owner: vm.owner,
    live: configToWire(vm.live),
    applied: configToWire(vm.applied),
    defaults: configToWire(vm.defaults),
    pending: configToWire(vm.pending),
    status: vm.status,
    status_reason: vm.statusReason,
    revision: vm.revision,
    ip_address: vm.ipAddress,
    image_digest: vm.imageDigest,
    plan_hash: vm.planHash,
    git_commit: vm.gitCommit,
    applied_at: vm.appliedAt,
    created_at: vm.createdAt,
    started_at: vm.startedAt,
    disk_ids: vm.diskIds,
    macs: vm.macs,
    guest_agent: vm.guestAgent,
    phase: vm.phase,
    foreign_disks: [...(vm.foreignDisks ?? [])],
    awaited: vm.isAwaited,
  };
}

export function observedVmFromWire(message: VmMessage): ObservedVm {
  const vm: Mutable<ObservedVm> = {
    uid: message.uid,
    name: message.name,
    owner: message.owner,
    live: vmConfigFromWire(message.live),
    applied: vmConfigFromWire(message.applied),
    defaults: vmConfigFromWire(message.defaults),
    pending: vmConfigFromWire(message.pending),
    status: requireOneOf(message.status, STATUSES, "AGENT_VERSION", `The status of VM ${message.name}`),
    statusReason: message.status_reason,
    revision: message.revision,
    ipAddress: message.ip_address,
    imageDigest: message.image_digest,
    planHash: message.plan_hash,
    gitCommit: message.git_commit,
    diskIds: message.disk_ids,
    macs: message.macs,
    guestAgent: message.guest_agent,
    phase: requireOneOf(message.phase, PHASES, "AGENT_VERSION", `The phase of VM ${message.name}`),
    isAwaited: message.awaited,
  };
  if (message.applied_at !== undefined) vm.appliedAt = message.applied_at;
  if (message.created_at !== undefined) vm.createdAt = message.created_at;
  if (message.started_at !== undefined) vm.startedAt = message.started_at;
  if (message.foreign_disks.length > 0) vm.foreignDisks = message.foreign_disks;
  return vm;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const STATUSES = ["running", "stopped", "paused", "error"] as const satisfies readonly VmStatus[];
const PHASES = ["ready", "creating", "deleting"] as const satisfies readonly VmPhase[];

/** Nothing set needs no message: most VMs have nothing pending. */
function configToWire(config: VmConfig): VmSpecMessage | undefined {
  return isEmptyConfig(config) ? undefined : vmConfigToWire(config);
}
