/*
 * (1) What is said of a domain was read for this answer. Remembered is only what texts mean, by the text.
 * (2) A domain that has not changed is the same object as before.
 * (3) No guest is waited for, and no monitor of a machine unless the answer needs it: a machine that is being saved
 *     holds nobody up.
 * (4) No domain makes the list fail: one that is gone in between is left out, one that cannot be read has status
 *     `error`, says why, and is otherwise as it was last. Left out, it would look deleted.
 * (5) What one domain costs does not grow with the others.
 */
import type { Caller, Domain as DomainHead, DomainStatistics } from "@ghost/libvirt";
import {
  allDomainStatistics,
  domainXml,
  findDomainByName,
  getAutostart,
  hasManagedSave,
  isLibvirtError,
  isPersistent,
  LibvirtError,
  listDomains,
  numberIn,
  stateFrom,
} from "@ghost/libvirt";
import { bytesToGib, GhostError, problem, SAVED_DOMAIN } from "@ghost/schemas";
import type { Domain, DomainConfig, DomainDisk } from "../driver.ts";
import { Balloons, heldGb } from "./balloons.ts";
import { DiskSizeReader, sizeKey } from "./disk-sizes.ts";
import type { DiskSizes } from "./disk-sizes.ts";
import { statusOf } from "./domain-status.ts";
import type { DomainType } from "./domain-xml/accel.ts";
import { fromDomainXml } from "./domain-xml/from-domain-xml.ts";
import type { DomainDiskFacts, DomainXmlFacts } from "./domain-xml/from-domain-xml.ts";
import { isOwnDisk } from "./effects/places.ts";
import { told } from "./link.ts";
import { mapAtMost } from "./map-at-most.ts";
import { networkInSpec } from "./network-names.ts";
import type { Reading, Readings } from "./parts.ts";
import { Probe } from "./probe.ts";
import { SharedReading } from "./shared-reading.ts";
import { StartTimes } from "./start-times.ts";

/** What a guest is known to say of itself; never asked for here. */
export interface GuestSays {
  readonly ipAddress: string;
  readonly bootFinished: boolean;
}

export interface ReadingsOptions {
  readonly ask: Caller;
  /** For what libvirt has to ask machines. Default `ask`. */
  readonly probe?: Caller;
  readonly autoType: DomainType;
  /** What `network: default` of a VM means. */
  readonly defaultNetwork: string;
  /** By what is known now; it may look at the network's leases, and waits for no guest. */
  readonly guests: (running: readonly Running[]) => Promise<ReadonlyMap<string, GuestSays>>;
  /** Told of what a reading found; `since` is what `startReading` gave before it. */
  readonly onRead?: (found: {
    readonly since: number;
    readonly domains: readonly Domain[];
    readonly of: readonly string[] | "all";
  }) => void;
  readonly startReading?: () => number;
  readonly startTimes?: StartTimes;
}

/** A machine that runs or is paused. */
export interface Running {
  readonly uid: string;
  readonly name: string;
  /** A number that every start of a machine has for itself. */
  readonly id: number;
  readonly live: DomainXmlFacts;
  readonly startedAt: Date | undefined;
}

/** Domains that are read at once: libvirt works on a few calls, and what else is asked of it meanwhile is not to stand behind a thousand. */
const READ_AT_ONCE = 8;
const THE_HOST = "The host's libvirt";
interface Text {
  readonly xml: string;
  /** Without what the XML does not tell. */
  readonly facts: DomainXmlFacts;
}

interface Remembered {
  readonly stored: Text;
  readonly live: Text;
  readonly id: number | undefined;
  /** Everything else that the reading was made from. */
  readonly other: string;
  readonly reading: Reading;
}

/** What libvirt knows of a domain beside its XML. */
interface Standing {
  readonly isTransient: boolean;
  readonly autostart: boolean;
  readonly isSaved: boolean;
}

type StandingOf = (head: DomainHead) => Standing | Promise<Standing>;

interface Texts extends Standing {
  readonly head: DomainHead;
  readonly statistics: DomainStatistics["params"];
  readonly stored: Text;
  readonly live: Text;
}

interface Unreadable {
  readonly head: DomainHead;
  readonly why: string;
}

export class LibvirtReadings implements Readings {
  readonly #options: ReadingsOptions;
  readonly #ask: Caller;
  readonly #sizes: DiskSizeReader;
  readonly #startTimes: StartTimes;
  readonly #balloons: Balloons;
  readonly #remembered = new Map<string, Remembered>();
  readonly #unreadable = new Map<string, Domain>();
  readonly #all = new SharedReading(async () => await this.#read("all"));

  constructor(options: ReadingsOptions) {
    this.#options = options;
    this.#ask = options.ask;
    this.#sizes = new DiskSizeReader(options.ask);
    this.#balloons = new Balloons(new Probe(options.probe ?? options.ask));
    this.#startTimes = options.startTimes ?? new StartTimes();
  }

  async list(): Promise<readonly Domain[]> {
    return (await this.#all.get()).domains;
  }

  async read(uid: string): Promise<Reading | undefined> {
    const { readings, domains } = await this.#read([uid]);
    const [[reading], [domain]] = [readings, domains];
    if (reading === undefined && domain !== undefined) throw problem("HOST_ERROR", `"${domain.stored.name}" ${domain.statusReason}.`);
    return reading;
  }

  async require(uid: string): Promise<Reading> {
    const reading = await this.read(uid);
    if (reading === undefined) throw problem("HOST_ERROR", `The host has no machine with the id ${uid}.`);
    return reading;
  }

  async find(uid: string): Promise<Domain | undefined> {
    return (await this.#read([uid])).domains[0];
  }

  async findByName(name: string): Promise<Domain | undefined> {
    const found = await told(THE_HOST, async () => await findDomainByName(this.#ask, name));
    return found === undefined ? undefined : await this.find(found.uuid);
  }

  /**
   * The machines that run or are paused: who they are is asked, what they are is as it was last read in this start of
   * theirs. For who wants their numbers, which cost far more than a list.
   */
  async active(uid?: string): Promise<readonly Domain[]> {
    if (uid !== undefined) return (await this.#read([uid])).readings.filter(({ isActive }) => isActive).map(({ domain }) => domain);
    const active = await told(THE_HOST, async () => await listDomains(this.#ask, "active"));
    const known = active.map(({ uuid, id }) => {
      const remembered = this.#remembered.get(uuid);
      return remembered?.id === id ? remembered?.reading : undefined;
    });
    const readings = known.includes(undefined) ? (await this.#all.get()).readings : known;
    return readings.flatMap((reading) => (reading?.isActive === true ? [reading.domain] : []));
  }

  /** A guest takes or gives back memory. */
  balloonMoved(uid: string): void {
    this.#balloons.moved(uid);
  }

  async #read(which: readonly string[] | "all"): Promise<{ readings: readonly Reading[]; domains: readonly Domain[] }> {
    const since = this.#options.startReading?.() ?? 0;
    const found = await told(THE_HOST, async () => await this.#readings(which));
    this.#options.onRead?.({ since, domains: found.domains, of: which });
    return found;
  }

  async #readings(which: readonly string[] | "all"): Promise<{ readings: readonly Reading[]; domains: readonly Domain[] }> {
    const [statistics, standingOf] = await Promise.all([this.#statistics(which), which === "all" ? this.#standings() : this.#standingOf]);
    const read = await mapAtMost(READ_AT_ONCE, statistics, async ({ domain, params }) => await this.#texts(domain, params, standingOf));
    const found = read.filter((each) => each !== undefined);
    const readings = await this.#combine(found.flatMap((each) => ("why" in each ? [] : each)));
    const byUid = new Map(readings.map((reading) => [reading.domain.uid, reading.domain]));
    const domains = found.flatMap((each) => ("why" in each ? this.#failed(each) : (byUid.get(each.head.uuid) ?? [])));
    if (which === "all") this.#forgetAllBut(new Set(domains.map(({ uid }) => uid)));
    return { readings, domains };
  }

  async #statistics(which: readonly string[] | "all"): Promise<readonly DomainStatistics[]> {
    if (which === "all") return await allDomainStatistics(this.#ask, { groups: ["state"], noWait: true });
    try {
      const domains = which.map((uuid) => ({ uuid }));
      return await allDomainStatistics(this.#ask, { groups: ["state"], domains, noWait: true });
    } catch (reason) {
      // A text that is no UUID names no domain.
      if (isLibvirtError(reason, "VIR_ERR_NO_DOMAIN") || reason instanceof TypeError) return [];
      throw reason;
    }
  }

  /** Of every domain, in three questions. */
  async #standings(): Promise<StandingOf> {
    const [transient, autostart, managedSave] = await Promise.all([
      listDomains(this.#ask, "transient"),
      listDomains(this.#ask, "autostart"),
      listDomains(this.#ask, "managed-save"),
    ]);
    const [passing, starting, saved] = [uuids(transient), uuids(autostart), uuids(managedSave)];
    return ({ uuid }) => ({ isTransient: passing.has(uuid), autostart: starting.has(uuid), isSaved: saved.has(uuid) });
  }

  readonly #standingOf: StandingOf = async (head) => {
    const [isKept, autostart, isSaved] = await Promise.all([
      isPersistent(this.#ask, head),
      getAutostart(this.#ask, head),
      hasManagedSave(this.#ask, head),
    ]);
    return { isTransient: !isKept, autostart, isSaved };
  };

  async #texts(head: DomainHead, statistics: DomainStatistics["params"], standingOf: StandingOf): Promise<Texts | Unreadable | undefined> {
    const before = this.#remembered.get(head.uuid);
    try {
      const [storedXml, liveXml, standing] = await Promise.all([
        domainXml(this.#ask, head, { inactive: true }),
        head.id === undefined ? undefined : domainXml(this.#ask, head),
        standingOf(head),
      ]);
      const stored = this.#meaning(storedXml, before?.stored);
      const live = liveXml === undefined ? stored : this.#meaning(liveXml, before?.live);
      return { head, statistics, ...standing, stored: standing.isTransient ? live : stored, live };
    } catch (reason) {
      if (isLibvirtError(reason, "VIR_ERR_NO_DOMAIN")) return undefined;
      if (reason instanceof GhostError) return { head, why: `cannot be read: ${reason.diagnostics[0].detail}` };
      if (reason instanceof LibvirtError && reason.source === "server") return { head, why: `cannot be read: ${reason.message}` };
      // Not this domain, but libvirt or the connection.
      throw reason;
    }
  }

  #meaning(xml: string, before: Text | undefined): Text {
    if (before?.xml === xml) return before;
    return { xml, facts: fromDomainXml(xml, { sizeGbOf: () => 0, autostart: false, autoType: this.#options.autoType }) };
  }

  async #combine(texts: readonly Texts[]): Promise<readonly Reading[]> {
    const running = texts.filter(isRunning);
    const [sizes, settled, startedAt] = await Promise.all([
      this.#sizes.read(texts.map(({ head, stored, live }) => ({ ref: head, disks: disksOf(stored.facts, live.facts) }))),
      this.#balloons.settled(
        running.map(({ head, live, stored }) => ({
          uid: head.uuid,
          id: head.id,
          live: live.facts.config,
          stored: stored.facts.config,
        })),
      ),
      this.#startTimes.read(running.map(({ head }) => ({ uid: head.uuid, id: head.id }))),
    ]);
    const says = await this.#options.guests(
      running.map(({ head, live }) => ({
        uid: head.uuid,
        name: head.name,
        id: head.id,
        live: live.facts,
        startedAt: startedAt.get(head.uuid),
      })),
    );
    return texts.map((each) => this.#reading(each, sizes, settled, startedAt.get(each.head.uuid), says.get(each.head.uuid)));
  }

  #reading(
    texts: Texts,
    sizes: DiskSizes,
    settled: ReadonlySet<string>,
    startedAt: Date | undefined,
    says: GuestSays = { ipAddress: "", bootFinished: false },
  ): Reading {
    const { head, statistics, isTransient, autostart, isSaved, stored, live } = texts;
    const uid = head.uuid;
    const isActive = head.id !== undefined;
    const state = stateFrom(numberIn(statistics, "state.state") ?? 0, numberIn(statistics, "state.reason") ?? 0);
    const disks = disksOf(stored.facts, live.facts).map((disk) => [sizeKey(uid, disk), sizes.get(sizeKey(uid, disk)) ?? 0] as const);
    const other = JSON.stringify([state, isTransient, autostart, isSaved, head.id, settled.has(uid), startedAt, says, disks]);
    const before = this.#remembered.get(uid);
    if (before?.stored === stored && before.live === live && before.other === other) return before.reading;

    const known = new Map(disks);
    const complete = (facts: DomainXmlFacts): DomainXmlFacts => this.#complete(facts, known, autostart);
    const storedFacts = complete(stored.facts);
    const liveFacts = isActive ? withMemory(complete(live.facts), storedFacts.config, settled.has(uid)) : storedFacts;
    const domain: Domain = {
      uid,
      ...statusOf(state),
      ...(isSaved && !isActive && { statusReason: SAVED_DOMAIN }),
      live: liveFacts.config,
      stored: storedFacts.config,
      ...(isTransient && { isPassing: true }),
      metadata: storedFacts.metadata,
      ipAddress: says.ipAddress,
      guestAgent: isActive && live.facts.guestAgent,
      bootFinished: says.bootFinished,
      ...(isActive && startedAt !== undefined && { startedAt }),
    };
    const reading: Reading = {
      domain,
      ref: { uuid: uid, name: head.name },
      isActive,
      isPersistent: !isTransient,
      liveXml: live.xml,
      storedXml: stored.xml,
      live: liveFacts,
      stored: storedFacts,
    };
    this.#unreadable.delete(uid);
    this.#remembered.set(uid, { stored, live, id: head.id, other, reading });
    return reading;
  }

  /** What was parsed, with what the XML does not tell and with networks under the names that specs use. */
  #complete(facts: DomainXmlFacts, sizes: ReadonlyMap<string, number>, autostart: boolean): DomainXmlFacts {
    const { defaultNetwork } = this.#options;
    const disks = Object.fromEntries(
      Object.entries(facts.config.disks).map(([name, { id }]): [string, DomainDisk] => {
        const disk = facts.disks[name]!;
        const sizeGb = bytesToGib(sizes.get(sizeKey(facts.uid, disk)) ?? 0);
        return [name, { id, sizeGb, ...(!isOwnDisk(facts.uid, disk.source) && { isForeign: true }) }];
      }),
    );
    const nics = Object.fromEntries(
      Object.entries(facts.config.nics).map(([name, nic]) => {
        const network = networkInSpec(nic.network, defaultNetwork);
        return [name, { ...nic, ...(network !== undefined && { network }) }];
      }),
    );
    return { ...facts, config: { ...facts.config, autostart, disks, nics } };
  }

  #failed({ head, why }: Unreadable): Domain {
    const before = this.#unreadable.get(head.uuid);
    if (before?.statusReason === why) return before;
    const domain: Domain = { ...(this.#remembered.get(head.uuid)?.reading.domain ?? nothingOf(head)), status: "error", statusReason: why };
    this.#unreadable.set(head.uuid, domain);
    return domain;
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    this.#balloons.forgetAllBut(present);
    for (const map of [this.#remembered, this.#unreadable]) for (const uid of map.keys()) if (!present.has(uid)) map.delete(uid);
  }
}

/** Of a domain that could never be read. */
function nothingOf({ uuid, name }: DomainHead): Domain {
  const config: DomainConfig = {
    name,
    vcpu: 1,
    vcpuMax: 1,
    ramGb: 0,
    ramMaxGb: 0,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    autostart: false,
    disks: {},
    nics: {},
  };
  return {
    uid: uuid,
    status: "error",
    statusReason: "",
    live: config,
    stored: config,
    metadata: "",
    ipAddress: "",
    guestAgent: false,
    bootFinished: false,
  };
}

function withMemory(live: DomainXmlFacts, stored: DomainConfig, isSettled: boolean): DomainXmlFacts {
  return { ...live, config: { ...live.config, ramGb: heldGb(live.config, stored, isSettled) } };
}

function isRunning(texts: Texts): texts is Texts & { readonly head: DomainHead & { readonly id: number } } {
  return texts.head.id !== undefined;
}

function disksOf(...facts: readonly DomainXmlFacts[]): readonly DomainDiskFacts[] {
  return [...new Map(facts.flatMap(({ uid, disks }) => Object.values(disks).map((disk) => [sizeKey(uid, disk), disk] as const))).values()];
}

function uuids(domains: readonly DomainHead[]): ReadonlySet<string> {
  return new Set(domains.map(({ uuid }) => uuid));
}
