/*
 * What listeners hear comes from two sides: libvirt's events, and readings that find something else than was known.
 * (1) Power is told as the event says it, at once: a machine that was off for a moment was off.
 * (2) What a definition or a machine has now is told by a reading, which an event causes or somebody's list: some
 *     changes have no event, and events that came while libvirt was away are lost.
 * (3) Everything is told once: a reading that began before the last event of a domain says nothing about it.
 */
import type { DomainEvent, DomainEventKind, EventSource } from "@ghost/libvirt";
import type { VmStatus } from "@ghost/schemas";
import type { Domain, DomainConfig, Hypervisor } from "../driver.ts";
import { BALLOON_SETTLES_MS } from "./balloons.ts";

type Listener = Parameters<Hypervisor["onChange"]>[0];
type Change = Parameters<Listener>[0];

const KINDS = [
  "lifecycle",
  "reboot",
  "io-error",
  "balloon-change",
  "device-added",
  "device-removed",
  "agent-lifecycle",
  "metadata-change",
] as const satisfies readonly DomainEventKind[];

const RETRY_MS = 1_000;
/** Resets that follow each other within it are of one reboot. */
const REBOOT_MS = 2_000;

interface Known {
  readonly name: string;
  readonly status: VmStatus;
  /** As last read; undefined when only events have told of it. */
  readonly domain?: Domain;
}

export interface ChangesOptions {
  readonly read: (uid: string) => Promise<unknown>;
  readonly list: () => Promise<unknown>;
  /** A machine was started or has stopped; without a uid any may have been. */
  readonly onStart: (uid?: string) => void;
  /** A guest takes or gives back memory. */
  readonly onBalloon: (uid: string) => void;
}

export class Changes implements Disposable {
  readonly #options: ChangesOptions;
  readonly #listeners = new Set<Listener>();
  /** Undefined until the host was read once: what is there then is no news. */
  #known: Map<string, Known> | undefined;
  /** When events touched a domain, on a clock that counts events. */
  readonly #touched = new Map<string, number>();
  readonly #rebootedAtMs = new Map<string, number>();
  readonly #settling = new Map<string, NodeJS.Timeout>();
  readonly #looking = new Map<string, "once" | "again">();
  #count = 0;
  #isSubscribed = false;
  #isOver = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** The number of events so far; a reading that began at it knows nothing of later ones. */
  get now(): number {
    return this.#count;
  }

  listen(listener: Listener): () => void {
    const own: Listener = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** The connection is there, for the first time or again. */
  up(source: EventSource): void {
    void this.#catchUp(source);
  }

  async #catchUp(source: EventSource): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#isOver) return;
    // Ids of machines count from the beginning when libvirtd starts again.
    this.#options.onStart();
    try {
      if (!this.#isSubscribed) {
        this.#isSubscribed = true;
        await source
          .subscribe(KINDS, (event) => this.#heard(event))
          .catch((reason: unknown) => {
            this.#isSubscribed = false;
            throw reason;
          });
      }
      await this.#options.list();
    } catch {
      // Whoever calls hears why. A connection that was lost comes back by itself; a slow answer is asked for again.
      if (!this.#isOver) this.#retry = setTimeout(() => void this.#catchUp(source), RETRY_MS).unref();
    }
  }

  /** Reads a domain soon; what is new about it is told. */
  look(uid: string): void {
    if (this.#looking.has(uid)) {
      this.#looking.set(uid, "again");
      return;
    }
    this.#looking.set(uid, "once");
    void this.#lookWhileNew(uid);
  }

  async #lookWhileNew(uid: string): Promise<void> {
    do {
      this.#looking.set(uid, "once");
      // Without an answer now the connection is lost, and everything is read when it is there again.
      await this.#options.read(uid).catch(() => undefined);
    } while (this.#looking.get(uid) === "again" && !this.#isOver);
    this.#looking.delete(uid);
  }

  /** What a reading found: of these uids, or all that there are. */
  noticed({
    since,
    domains,
    of,
  }: {
    readonly since: number;
    readonly domains: readonly Domain[];
    readonly of: readonly string[] | "all";
  }): void {
    if (this.#isOver) return;
    if (this.#known === undefined) {
      if (of === "all") this.#known = new Map(domains.map((domain) => [domain.uid, knownOf(domain)]));
      return;
    }
    const known = this.#known;
    const isNewer = (uid: string): boolean => (this.#touched.get(uid) ?? -1) > since;
    const present = new Set<string>();
    for (const domain of domains) {
      present.add(domain.uid);
      // Before a start is done it is told by its event, or was none.
      if (isNewer(domain.uid) || domain.statusReason === "starting-up") continue;
      const before = known.get(domain.uid);
      if (before?.domain === domain) continue;
      known.set(domain.uid, knownOf(domain));
      for (const change of differences(before, domain)) this.#tell(change);
    }
    for (const uid of of === "all" ? [...known.keys()] : of) if (!present.has(uid) && !isNewer(uid)) this.#gone(uid, "removed");
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    for (const timer of this.#settling.values()) clearTimeout(timer);
    this.#listeners.clear();
  }

  #heard(event: DomainEvent): void {
    if (this.#isOver) return;
    const { uuid: uid, name } = event.domain;
    this.#touched.set(uid, ++this.#count);
    if (event.kind === "lifecycle") this.#lifecycle(event.event, event.detail, uid, name);
    else if (event.kind === "reboot") this.#reboot(uid, name);
    else if (event.kind === "io-error")
      this.#tell({
        uid,
        name,
        what: "status",
        detail: `${event.path || event.device} cannot be read or written${event.reason && `: ${event.reason}`}`,
      });
    else if (event.kind === "balloon-change") {
      this.#options.onBalloon(uid);
      this.#lookWhenSettled(uid);
    }
    this.look(uid);
  }

  /** Firmware resets a machine several times for one reboot. */
  #reboot(uid: string, name: string): void {
    const nowMs = performance.now();
    const beforeMs = this.#rebootedAtMs.get(uid) ?? -Infinity;
    this.#rebootedAtMs.set(uid, nowMs);
    if (nowMs - beforeMs > REBOOT_MS) this.#tell({ uid, name, what: "status", detail: "rebooted" });
  }

  /** A balloon moves for seconds; what it came to is read after the last step. */
  #lookWhenSettled(uid: string): void {
    clearTimeout(this.#settling.get(uid));
    const timer = setTimeout(() => {
      this.#settling.delete(uid);
      this.look(uid);
    }, BALLOON_SETTLES_MS + 1).unref();
    this.#settling.set(uid, timer);
  }

  #lifecycle(event: string, detail: string, uid: string, name: string): void {
    switch (event) {
      case "undefined":
        // Of a running machine only the definition goes; a rename comes as a new definition too.
        if (detail === "removed" && (this.#known?.get(uid)?.status ?? "stopped") === "stopped") this.#gone(uid, detail, name);
        return;
      case "defined":
        if (this.#known !== undefined && !this.#known.has(uid)) {
          this.#known.set(uid, { name, status: "stopped" });
          this.#tell({ uid, name, what: "created", detail });
        }
        return;
      case "started":
      case "stopped":
        this.#options.onStart(uid);
        this.#power(uid, name, event === "started" ? "running" : "stopped", detail);
        return;
      case "suspended":
      case "pmsuspended":
        this.#power(uid, name, "paused", detail);
        return;
      case "resumed":
        // A start goes on from standing still before it is told as a start.
        if (this.#known?.get(uid)?.status !== "stopped") this.#power(uid, name, "running", detail);
        return;
      // `shutdown` is on the way to `stopped`, and a crash is told with its reason by the reading.
    }
  }

  #power(uid: string, name: string, status: VmStatus, detail: string): void {
    const before = this.#known?.get(uid);
    this.#known?.set(uid, { ...before, name, status });
    if (this.#known !== undefined && before === undefined) this.#tell({ uid, name, what: "created", detail });
    this.#tell({ uid, name, what: "status", detail: `${status}: ${detail}` });
  }

  #gone(uid: string, detail: string, name?: string): void {
    const before = this.#known?.get(uid);
    if (before === undefined) return;
    this.#known?.delete(uid);
    this.#rebootedAtMs.delete(uid);
    this.#tell({ uid, name: name ?? before.name, what: "deleted", detail });
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (reason) {
        // A listener's bug is not ours to swallow, nor a reason to leave the others without the news.
        queueMicrotask(() => {
          throw reason;
        });
      }
    }
  }
}

function knownOf(domain: Domain): Known {
  return { name: domain.stored.name, status: domain.status, domain };
}

/** What is new about a domain. */
function differences(before: Known | undefined, domain: Domain): readonly Change[] {
  const about = { uid: domain.uid, name: domain.stored.name };
  if (before === undefined) return [{ ...about, what: "created", detail: domain.statusReason }];
  const changes: Change[] = [];
  if (before.status !== domain.status)
    changes.push({ ...about, what: "status", detail: [domain.status, domain.statusReason].filter((text) => text !== "").join(": ") });
  if (before.name !== domain.stored.name) changes.push({ ...about, what: "changed", detail: `renamed from ${before.name}` });
  const last = before.domain;
  if (last === undefined) return changes;
  const parts = [...new Set([...changedParts(last.stored, domain.stored), ...changedParts(last.live, domain.live)])].filter(
    (part) => part !== "name",
  );
  if (last.metadata !== domain.metadata) parts.push("metadata");
  // A start makes the machine what is stored: that is no change of its own.
  if (parts.length > 0) changes.push({ ...about, what: "changed", detail: parts.join(", ") });
  if (domain.ipAddress !== "" && last.ipAddress !== domain.ipAddress)
    changes.push({ ...about, what: "status", detail: `has the address ${domain.ipAddress}` });
  if (domain.bootFinished && !last.bootFinished) changes.push({ ...about, what: "status", detail: "cloud-init has run to its end" });
  return changes;
}

function changedParts(before: DomainConfig, after: DomainConfig): readonly string[] {
  if (before === after) return [];
  return (Object.keys(after) as (keyof DomainConfig)[]).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
