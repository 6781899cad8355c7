/** What the doctor looks at, as it was found. Gathered by `gather.ts`, judged by `findings.ts`. */
import type { Diagnostic } from "@ghost/schemas";
import type { AgentConfig } from "../config/agent-config.ts";
import type { AccelFacts } from "../hypervisor/libvirt/domain-xml/accel.ts";
import type { BoundHost } from "../store/store.ts";

export interface DoctorFacts {
  readonly nodeVersion: string;
  readonly now: Date;
  /** Text of `/etc/os-release`, empty where there is none. */
  readonly osRelease: string;
  /** Node's name: `x64`, `arm64`. */
  readonly arch: string;
  readonly user: UserFacts;
  readonly accel: AccelFacts & {
    readonly device: "opens" | "absent" | "denied" | "broken";
    /** `kvm_intel` or `kvm_amd` is loaded. */
    readonly hasModule: boolean;
    /** QEMU's user of the system's libvirt, before the device. Absent when there is no device, or no such user. */
    readonly qemu?: QemuAccess;
  };
  readonly config: ConfigFacts;
  /** Absent when it was not asked: the host is simulated, or the configuration cannot be read. */
  readonly libvirt?: LibvirtFacts;
  readonly folders: readonly FolderFacts[];
  readonly agent?: AgentFacts;
}

export interface QemuAccess {
  readonly user: string;
  /** By owner, group and mode; access lists are not looked at. */
  readonly mayOpen: boolean;
  /** Of the device: `root`. */
  readonly owner: string;
  readonly group: string;
  /** `0660` is 0o660. */
  readonly mode: number;
}

export interface UserFacts {
  readonly name: string;
  readonly isRoot: boolean;
  /** Groups of this process. */
  readonly groups: readonly string[];
  /** Groups that a new log-in would have. */
  readonly groupsOfNextLogin: readonly string[];
}

export interface ConfigFacts {
  /** Absent: defaults alone. */
  readonly path?: string;
  /** Absent when it is refused. */
  readonly config?: AgentConfig;
  readonly problems: readonly Diagnostic[];
  /** What data_dir was used with. */
  readonly bound?: BoundHost;
}

export interface LibvirtFacts {
  readonly uri: string;
  /** Those that may be there, and which are. */
  readonly sockets: readonly { readonly path: string; readonly isThere: boolean; readonly group?: string }[];
  readonly answer:
    | { readonly version: string; readonly hypervisor: string; readonly hypervisorVersion: string }
    | { readonly problem: string; readonly why: "absent" | "stopped" | "denied" | "silent" | "other" };
  /** libvirt's XML about the host. */
  readonly capabilities?: string;
  /** libvirt's XML about machines of the kind q35 (`virt` on ARM), or why it has none. */
  readonly machine?: { readonly xml: string } | { readonly problem: string };
  readonly network?: NetworkFacts;
  /** dnsmasq, which gives addresses on libvirt's own networks. */
  readonly hasDnsmasq: boolean;
  /** The kernel hands packets on. */
  readonly forwardsIp: boolean;
}

export interface NetworkFacts {
  readonly name: string;
  /** Absent: there is no such network. */
  readonly found?: {
    readonly isActive: boolean;
    readonly startsAtBoot: boolean;
    /** `nat`, `route`, `bridge`; empty for none. */
    readonly forward: string;
    readonly bridge: string;
    readonly isBridgeThere: boolean;
  };
}

export interface FolderFacts {
  readonly key: string;
  readonly path: string;
  readonly isThere: boolean;
  readonly freeBytes: number;
  /** This user may write into it, or into the one that it will be made in. */
  readonly isWritable: boolean;
  /** The first folder above it that others cannot pass through. */
  readonly barredAt?: string;
}

export interface AgentFacts {
  readonly address: string;
  readonly state: "answers" | "free" | "denied";
}
