/** What the driver is put together from (driver.ts); each part gives some of the calls of a `Hypervisor`. */
import type { Caller, DomainRef, EventSource } from "@ghost/libvirt";
import type { Domain } from "../driver.ts";
import type { AccelFacts } from "./domain-xml/accel.ts";
import type { DomainXmlFacts } from "./domain-xml/from-domain-xml.ts";
import type { ImageStore } from "./images/store.ts";

export interface LibvirtParts {
  /** For questions and quick calls. libvirtd reads no more than 5 calls of one client at a time, so what may take long goes over `work`. */
  readonly ask: Caller & EventSource;
  /** For what moves memory or disks, or waits for a guest: start, snapshots, the guest's agent. */
  readonly work: Caller;
  /**
   * Opens one more, for a console: libvirtd reads nothing more from a client whose machine does not take what was typed.
   * It is not kept: what ends it ends the console.
   */
  readonly connect: () => Promise<Caller & AsyncDisposable>;
  readonly folders: Folders;
  readonly images: ImageStore;
  readonly accel: AccelFacts;
  /** The host's network that `network: default` of a VM means. */
  readonly defaultNetwork: string;
  readonly readings: Readings;
}

/** Absolute paths. QEMU runs as another user: it may pass through the folders, and reads only the files that it is given. */
export interface Folders {
  /** `UID/DISK-ID.qcow2` */
  readonly disks: string;
  /** `UID.iso` */
  readonly seeds: string;
  /** `UID.log` */
  readonly consoles: string;
}

/** A domain as libvirt has it now. */
export interface Reading {
  readonly domain: Domain;
  readonly ref: DomainRef;
  /** It has a running or paused machine; otherwise what is live is what is stored. */
  readonly isActive: boolean;
  /** Foreign domains may be transient: they have no stored definition, and stored is what is live. */
  readonly isPersistent: boolean;
  readonly liveXml: string;
  readonly storedXml: string;
  readonly live: DomainXmlFacts;
  readonly stored: DomainXmlFacts;
}

export interface Readings {
  list(): Promise<readonly Domain[]>;
  /** Undefined when there is none. HOST_ERROR for one that is there and cannot be read. */
  read(uid: string): Promise<Reading | undefined>;
  /** Those that run or are paused, each as it was last read in this start of its machine: far cheaper than a list. */
  active(): Promise<readonly Domain[]>;
  /** HOST_ERROR when there is none. */
  require(uid: string): Promise<Reading>;
}
