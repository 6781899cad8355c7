import type { AgentTemplateConfig } from "./resources/agent-template.ts";
import type { AgentSettings } from "./resources/agent.ts";
import type { VmConfig } from "./vm-config.ts";

/** Processors, GiB of memory and GiB of disk. */
export interface Resources {
  readonly vcpu: number;
  readonly ram_gb: number;
  readonly disk_gb: number;
}

/** What the hypervisor can do while a guest runs. */
export interface Capabilities {
  readonly vcpu_plug: boolean;
  readonly vcpu_unplug: boolean;
  /** Within `ram_max_gb`, up and down. */
  readonly ram_balloon: boolean;
  readonly disk_plug: boolean;
  readonly disk_grow: boolean;
  readonly network_plug: boolean;
  readonly kvm: boolean;
}

export interface ObservedImage {
  readonly name: string;
  /** `sha256:…`, or empty while it is not known. */
  readonly digest: string;
  readonly cached: boolean;
  readonly sizeBytes: number;
}

/** What cards can be plugged into, by the names that specs use. */
export interface HostNetworks {
  readonly networks: readonly string[];
  readonly bridges: readonly string[];
}

export interface ObservedHost {
  readonly agentId: string;
  readonly name: string;
  readonly version: string;
  readonly hypervisor: string;
  readonly total: Resources;
  /** The larger of agent.yaml and settings. */
  readonly reserved: Resources;
  /** What new VMs may still take: total − reserved − what the VMs have. */
  readonly available: Resources;
  readonly capabilities: Capabilities;
  readonly settings: AgentSettings;
  readonly images: readonly ObservedImage[];
  /** Absent when the host does not tell: then any name may be right. */
  readonly networks?: HostNetworks;
}

export type VmStatus = "running" | "stopped" | "paused" | "error";
/** The reason, word for word, of a VM with status `error` whose record remains while the hypervisor does not have it any more. */
export const MISSING_DOMAIN = "missing from the hypervisor";
/**
 * The reason, word for word, of a VM with status `stopped` whose hypervisor keeps what it had in memory: its next start
 * goes on from there, with the hardware of then.
 */
export const SAVED_DOMAIN = "saved with its memory";
/** `ready`, or what an operation that did not end was about to do. */
export type VmPhase = "ready" | "creating" | "deleting";

export interface ObservedVm {
  readonly uid: string;
  readonly name: string;
  /** `spec:<stack>`, `terraform:<stack>`, `agent`, or empty for nobody. */
  readonly owner: string;
  /** What is live: from the hypervisor what it can tell, from the record the rest. Always has `name`. */
  readonly live: VmConfig;
  readonly applied: VmConfig;
  /** The built-in defaults that held when the VM was made. */
  readonly defaults: VmConfig;
  /** Stored values that differ from the running machine until its next boot. */
  readonly pending: VmConfig;
  readonly status: VmStatus;
  readonly statusReason: string;
  readonly revision: string;
  readonly ipAddress: string;
  readonly imageDigest: string;
  readonly planHash: string;
  readonly gitCommit: string;
  readonly appliedAt?: Date;
  readonly createdAt?: Date;
  readonly startedAt?: Date;
  /** Identity of each disk, the root disk under `root`. */
  readonly diskIds: Readonly<Record<string, string>>;
  readonly macs: Readonly<Record<string, string>>;
  readonly guestAgent: boolean;
  readonly phase: VmPhase;
  /** Names of the disks whose files Ghost did not make: they stay when the disk or the VM goes. Absent when there are none. */
  readonly foreignDisks?: readonly string[];
  /** A step started it and has not seen since what `wait_for` names. */
  readonly isAwaited: boolean;
}

/** What a VM was at one time: its disks, and its memory when it ran then. */
export interface VmSnapshot {
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
  /** Going back to it makes the VM that again. */
  readonly status: Exclude<VmStatus, "error">;
  /** The snapshot that the VM had gone through last before. */
  readonly parent?: string;
  /** What the VM has now began here. */
  readonly isCurrent: boolean;
}

/** `ready`, or `creating` until its image is there. */
export type TemplatePhase = "ready" | "creating";

/** A template that an agent keeps. Nobody else can change it, so what was applied is what is. */
export interface ObservedTemplate {
  readonly uid: string;
  readonly name: string;
  /** `spec:<stack>`, `terraform:<stack>`, or empty for nobody. */
  readonly owner: string;
  /** Where the image comes from. Always has `name`. */
  readonly config: AgentTemplateConfig;
  /** `sha256:…`, or empty while it is being made. */
  readonly digest: string;
  /** Zero when it is not known. */
  readonly sizeBytes: number;
  readonly revision: string;
  readonly phase: TemplatePhase;
  readonly createdAt?: Date;
  readonly appliedAt?: Date;
}

export interface SetMember {
  readonly kind: "vm" | "template";
  readonly name: string;
  readonly uid: string;
  readonly agentId: string;
  /** Until when a plan may still make or rename it (RFC 3339, UTC, whole seconds): till then it is a member, there or not. */
  readonly until?: string;
  /** Names that it has instead while a rename is not known to have succeeded. */
  readonly otherNames?: readonly string[];
}

export interface SetAgent {
  readonly agentId: string;
  readonly name: string;
  readonly address: string;
}

/** Who belongs to a stack; every agent of the stack keeps a copy. */
export interface SetRecord {
  readonly stack: string;
  readonly serial: number;
  readonly members: readonly SetMember[];
  readonly agents: readonly SetAgent[];
  /** Of members and agents, by whoever wrote the record; agents keep it as it came and may be asked for it alone. */
  readonly digest?: string;
  /** Members were left out; the digest tells of all. */
  readonly membersOmitted?: boolean;
}

/** Tells one state of a stored record from every other; serial zero and an empty digest are those of none. */
export interface SetVersion {
  readonly serial: number;
  readonly digest: string;
}

/** The answer of one agent to Snapshot. */
export interface Observation {
  readonly host: ObservedHost;
  readonly vms: readonly ObservedVm[];
  readonly templates: readonly ObservedTemplate[];
  readonly operations: readonly Operation[];
  readonly set?: SetRecord;
}

export type OperationState = "pending" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export interface Operation {
  readonly id: string;
  readonly stepId: string;
  readonly kind: string;
  readonly action: string;
  readonly name: string;
  readonly uid: string;
  readonly planHash: string;
  readonly owner: string;
  readonly state: OperationState;
  readonly phase: string;
  readonly bytesDone: number;
  /** Zero when it is not known. */
  readonly bytesTotal: number;
  readonly diagnostics: readonly import("./diagnostic.ts").Diagnostic[];
  readonly vm?: ObservedVm;
  readonly template?: ObservedTemplate;
  readonly createdAt?: Date;
  readonly endedAt?: Date;
  /** True when the object already was as the step wants it. */
  readonly noop: boolean;
  readonly attempt: number;
}
