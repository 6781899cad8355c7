/**
 * What Ghost asks of a hypervisor. Two drivers implement it (simulated, libvirt) and both pass the contract suite
 * beside this file.
 *
 * (1) A domain is addressed by uid (libvirt's UUID), never by name or position.
 * (2) Every call is safe to repeat: what already is as asked succeeds and changes nothing.
 * (3) A call that fails leaves the domain as it was, or says in the error what it left.
 * (4) Only `deleteDisk` and `undefine` with `disks: "delete"` destroy content.
 * (5) `list` never waits for a running change.
 */
import type { Capabilities, HostNetworks, ObservedImage, Resources, VmStatus } from "@ghost/schemas";

export interface DomainDisk {
  /** Stable identity (serial number the guest sees). */
  readonly id: string;
  readonly sizeGb: number;
  /** Its content is somebody else's: it stays when the disk is deleted, and when the domain is removed with its disks. */
  readonly isForeign?: true;
}

export interface DomainNic {
  readonly mac: string;
  /** Network of the host; absent with a bridge. */
  readonly network?: string;
  readonly bridge?: string;
}

/** The hypervisor's part of a VM: what it can tell when asked. */
export interface DomainConfig {
  readonly name: string;
  readonly vcpu: number;
  readonly vcpuMax: number;
  readonly ramGb: number;
  readonly ramMaxGb: number;
  readonly firmware: "bios" | "uefi";
  readonly machine: "q35" | "pc";
  readonly accel: "auto" | "kvm" | "tcg";
  readonly autostart: boolean;
  /** By name; the root disk is `root`. */
  readonly disks: Readonly<Record<string, DomainDisk>>;
  readonly nics: Readonly<Record<string, DomainNic>>;
}

export interface Domain {
  readonly uid: string;
  readonly status: VmStatus;
  /** In the hypervisor's words, empty when there is nothing to say. */
  readonly statusReason: string;
  /** What the running machine has; for a stopped one the same as `stored`. */
  readonly live: DomainConfig;
  /** What the next boot will have. */
  readonly stored: DomainConfig;
  /** Somebody removed its definition while it runs, or never gave it one: it is gone with its end. */
  readonly isPassing?: boolean;
  /** What Ghost wrote with the domain: owner and last-applied values, enough to rebuild a record. Empty for foreign domains. */
  readonly metadata: string;
  readonly ipAddress: string;
  readonly guestAgent: boolean;
  /** The guest says that cloud-init has run to its end since this start. */
  readonly bootFinished: boolean;
  readonly startedAt?: Date;
}

export interface DomainUsage {
  /** Of all the processors that the machine has now. */
  readonly cpuPercent: number;
  /** What the guest uses of the memory it has; from outside, where the guest does not tell. */
  readonly ramPercent: number;
  readonly uptimeSeconds: number;
  /** Since the start, by all processors. */
  readonly cpuSeconds: number;
  readonly ramBytes: number;
  readonly ramUsedBytes: number;
  /** Since the start, of all disks and all cards. */
  readonly disk: { readonly readBytes: number; readonly writtenBytes: number };
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number };
}

export interface DomainSnapshot {
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
  /** What the machine was; going back to it makes it that again. */
  readonly status: "running" | "paused" | "stopped";
  readonly parent?: string;
  /** What the machine has now began here. */
  readonly isCurrent: boolean;
}

/** A machine's serial console, as it was opened. It ends when the machine stops or somebody takes it. */
export interface DomainConsole extends AsyncDisposable {
  /** What the machine writes. */
  readonly output: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
}

export interface HostFacts {
  readonly total: Resources;
  readonly capabilities: Capabilities;
}

export type ImageSource =
  /** With a digest it is that content or nothing, whatever the name stands for by now. */
  | { readonly name: string; readonly digest?: string }
  | { readonly url: string; readonly sha256: string }
  | { readonly path: string; readonly sha256?: string };

export interface GuestSetup {
  readonly hostname: string;
  readonly sshKeys: readonly string[];
  readonly packages: readonly string[];
  readonly userData?: string;
  readonly networkConfig?: string;
  /** Plain text; never stored by the agent, only put into the guest's seed. */
  readonly password?: string;
}

export type Progress = (update: { phase: string; bytesDone?: number; bytesTotal?: number }) => void;

export interface CallOptions {
  /** Aborts at the next safe point. */
  readonly signal?: AbortSignal;
  readonly onProgress?: Progress;
}

/** Parts of a domain that are changed together; an absent part stays. */
export interface DomainChange {
  readonly vcpu?: number;
  readonly vcpuMax?: number;
  readonly ramGb?: number;
  readonly ramMaxGb?: number;
  readonly firmware?: DomainConfig["firmware"];
  readonly machine?: DomainConfig["machine"];
  readonly accel?: DomainConfig["accel"];
  readonly autostart?: boolean;
  /** Only while the domain is stopped. */
  readonly name?: string;
  readonly metadata?: string;
  readonly addNics?: Readonly<Record<string, DomainNic>>;
  readonly removeNics?: readonly string[];
  /** Cards whose network, bridge or MAC changes. */
  readonly updateNics?: Readonly<Record<string, DomainNic>>;
  /** Disks that were made by `createDisk` and are now attached. */
  readonly addDisks?: Readonly<Record<string, DomainDisk>>;
  /** Detached; their content stays until `deleteDisk`. A name that is also in addDisks changes its disk. */
  readonly removeDisks?: readonly string[];
}

export interface Hypervisor extends AsyncDisposable {
  readonly kind: "simulated" | "libvirt";
  /** Throws HOST_ERROR when the hypervisor does not answer; health and readiness ask this. */
  ping(): Promise<void>;
  facts(): Promise<HostFacts>;
  images(): Promise<readonly ObservedImage[]>;
  /** Undefined when any name is as good as another. */
  networks(): Promise<HostNetworks | undefined>;
  /** Every domain of the host, whoever made it, at some time after the question. */
  list(): Promise<readonly Domain[]>;
  find(uid: string): Promise<Domain | undefined>;
  /** The domain that has this name, running or stored: no two do. Costs no list. */
  findByName(name: string): Promise<Domain | undefined>;
  /** Usage of every running domain by uid, in one question; with a uid of that one alone. */
  usage(uid?: string): Promise<ReadonlyMap<string, DomainUsage>>;
  /** Makes sure that the image is in the cache and gives its digest (`sha256:…`). IMAGE_UNKNOWN, IMAGE_MISSING. */
  ensureImage(source: ImageSource, options?: CallOptions): Promise<{ digest: string; sizeBytes?: number }>;
  /**
   * Removes the images that no disk of the host stands on and that are not among `inUse` (digests), and what is left of
   * broken fetches. With `dryRun` it only tells.
   */
  pruneImages(
    inUse: ReadonlySet<string>,
    options?: { readonly dryRun?: boolean },
  ): Promise<{ readonly removed: readonly ObservedImage[]; readonly bytes: number }>;
  /** Makes a disk of this identity, from an image or empty. Repeating it with the same id changes nothing. */
  createDisk(owner: string, name: string, disk: DomainDisk, imageDigest?: string, options?: CallOptions): Promise<void>;
  /** Ids of the disks that exist for a domain's uid, attached or not. */
  listDisks(owner: string): Promise<readonly string[]>;
  deleteDisk(owner: string, diskId: string): Promise<void>;
  growDisk(uid: string, name: string, sizeGb: number): Promise<void>;
  /** Defines a stopped domain over disks that exist. Never starts it. */
  define(uid: string, config: DomainConfig, metadata: string, guest: GuestSetup): Promise<void>;
  /**
   * Changes the stored definition, and with `live` the running machine too. A part that cannot change while the
   * domain runs is stored for the next boot when `live` is false and is HOST_ERROR when it is true.
   */
  change(uid: string, change: DomainChange, options: { live: boolean } & CallOptions): Promise<void>;
  /** Writes a new seed, read by the guest at its next boot. */
  setGuest(uid: string, guest: GuestSetup): Promise<void>;
  start(uid: string): Promise<void>;
  /** Asks the guest to shut down, and powers it off after the timeout. Says which of the two it was. */
  stop(uid: string, options: { timeoutMs: number } & CallOptions): Promise<"graceful" | "forced">;
  powerOff(uid: string): Promise<void>;
  /** Holds the machine's processors; memory and devices stay. HOST_ERROR when it does not run. */
  suspend(uid: string): Promise<void>;
  resume(uid: string): Promise<void>;
  /** In no order. */
  snapshots(uid: string): Promise<readonly DomainSnapshot[]>;
  /**
   * Keeps disks, and memory when the machine runs (it stands still meanwhile), under a name. A snapshot of that name that
   * is there already is SNAPSHOT_EXISTS. UNSUPPORTED, with the reason, for a machine that this hypervisor cannot do it for.
   */
  createSnapshot(uid: string, snapshot: { readonly name: string; readonly description: string }): Promise<void>;
  /**
   * Goes back, also to the definition and metadata of then: what was written since is lost. SNAPSHOT_NOT_FOUND. UNSUPPORTED
   * when the machine has other disks than it had then: one of them would be lost beside.
   */
  revertSnapshot(uid: string, name: string): Promise<void>;
  /** The machine stays as it is; one that is not there is no error. */
  deleteSnapshot(uid: string, name: string): Promise<void>;
  /** VM_POWER_STATE when it does not run; HOST_ERROR when somebody has its console and `force` is not set. */
  openConsole(uid: string, options?: { readonly force?: boolean }): Promise<DomainConsole>;
  /**
   * What the machine wrote on its console, the last `tailBytes` of it where that is given; with `follow` what it writes
   * from then on, until the signal.
   */
  consoleLog(
    uid: string,
    options?: { readonly tailBytes?: number; readonly follow?: boolean; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** Removes the definition; with `disks: "keep"` their content stays and `listDisks` still tells them. */
  undefine(uid: string, options: { disks: "delete" | "keep" }): Promise<void>;
  /** Calls the listener after anything changed behind or through the agent. Gives back how to stop. */
  onChange(
    listener: (event: { uid: string; name: string; what: "created" | "changed" | "deleted" | "status"; detail: string }) => void,
  ): () => void;
}
