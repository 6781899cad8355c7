/*
 * What is known of running guests without waiting for them.
 * (1) `says` waits for no guest. The leases of a network, which are a file of the host, it reads when it meets the
 *     network, or a machine on it, for the first time; from then on it says what is known.
 * (2) Guests are asked in the background over `work`, one at a time, and only those whose agent has opened its channel.
 * (3) What a guest said is of one start of its machine, and ends with it.
 */
import { findNetworkByName, networkLeases, networkXml } from "@ghost/libvirt";
import type { Caller } from "@ghost/libvirt";
import type { Domain } from "../driver.ts";
import { leaseSeconds, pickAddress } from "./guest-address.ts";
import type { Lease } from "./guest-address.ts";
import { askBootFinished, askGuestCards } from "./guest-agent.ts";
import type { GuestCard } from "./guest-agent.ts";
import type { GuestSays, Running } from "./readings.ts";

const ROUND_MS = 1_000;
/** When nothing is awaited: a guest may change its address. */
const CALM_MS = 30_000;
/** What is awaited of a guest is asked for after this part of its age, so that one that never tells is asked ever less. */
const PATIENCE = 0.1;

interface Guest {
  running: Running;
  /** Undefined until it was asked. */
  cards: readonly GuestCard[] | undefined;
  bootFinished: boolean;
  askedAtMs: number;
  /** What the last answer of `says` was, to know what is news. */
  said: GuestSays;
}

interface Network {
  leases: ReadonlyMap<string, readonly Lease[]>;
  readAtMs: number;
  reading: Promise<void> | undefined;
}

export interface GuestWatchOptions {
  readonly ask: Caller;
  readonly work: Caller;
  /** Called when there is something new to say of a machine. */
  readonly onNews: (uid: string) => void;
}

export class GuestWatch implements Disposable {
  readonly #options: GuestWatchOptions;
  readonly #guests = new Map<string, Guest>();
  readonly #networks = new Map<string, Network>();
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isOver = false;

  constructor(options: GuestWatchOptions) {
    this.#options = options;
  }

  /** By uid, of these machines, all of which run or are paused. */
  async says(running: readonly Running[]): Promise<ReadonlyMap<string, GuestSays>> {
    // What was known of its card's address may be of another machine, which had it before.
    const unread = running.flatMap((each) => {
      const isNew = this.#meet(each);
      return networksOf(each).filter((name) => isNew || !this.#networks.has(name));
    });
    await Promise.all([...new Set(unread)].map((name) => this.#readLeases(name)));
    this.#schedule();
    return new Map(
      running.flatMap(({ uid }) => {
        const guest = this.#guests.get(uid);
        return guest === undefined ? [] : [[uid, (guest.said = this.#saysOf(guest))] as const];
      }),
    );
  }

  /** Forgets the machines that do not run any more, of those that a reading was about. */
  noticed({ domains, of }: { readonly domains: readonly Domain[]; readonly of: readonly string[] | "all" }): void {
    const running = new Set(domains.flatMap(({ uid, startedAt }) => (startedAt === undefined ? [] : [uid])));
    for (const uid of of === "all" ? this.#guests.keys() : of) if (!running.has(uid)) this.#guests.delete(uid);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Whether it is a start that was not known. */
  #meet(running: Running): boolean {
    const before = this.#guests.get(running.uid);
    if (before === undefined || before.running.id !== running.id) {
      const said = { ipAddress: "", bootFinished: false };
      this.#guests.set(running.uid, { running, cards: undefined, bootFinished: false, askedAtMs: 0, said });
      return true;
    }
    // The agent has just come, of this boot or the next.
    if (running.live.guestAgent && !before.running.live.guestAgent) before.askedAtMs = 0;
    before.running = running;
    return false;
  }

  #saysOf({ running, cards = [], bootFinished }: Guest): GuestSays {
    const networks = networksOf(running);
    const leasesOf = (mac: string): readonly Lease[] => networks.flatMap((name) => this.#networks.get(name)?.leases.get(mac) ?? []);
    const macs = Object.values(running.live.config.nics).map(({ mac }) => mac);
    return { ipAddress: pickAddress(macs, { cards, leasesOf, startedAt: running.startedAt }), bootFinished };
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isOver || this.#guests.size === 0) return;
    this.#timer = setTimeout(() => {
      void this.#round().finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, ROUND_MS).unref();
  }

  async #round(): Promise<void> {
    const nowMs = Date.now();
    /** How often each network is to be looked at: as often as the guest on it that needs it most. */
    const pauses = new Map<string, number>();
    for (const guest of this.#guests.values()) {
      const pauseMs = guest.said.ipAddress === "" ? patience(guest, nowMs) : CALM_MS;
      for (const name of networksOf(guest.running)) pauses.set(name, Math.min(pauseMs, pauses.get(name) ?? CALM_MS));
    }
    for (const name of this.#networks.keys()) if (!pauses.has(name)) this.#networks.delete(name);
    const due = [...pauses].filter(([name, pauseMs]) => nowMs - (this.#networks.get(name)?.readAtMs ?? 0) >= pauseMs);
    await Promise.all(due.map(([name]) => this.#readLeases(name)));
    this.#tellNews(this.#guests.keys());
    // Not waited for: leases are read while a guest hangs.
    void this.#askGuests(nowMs);
  }

  #tellNews(uids: Iterable<string>): void {
    for (const uid of uids) {
      const guest = this.#guests.get(uid);
      if (guest === undefined) continue;
      const now = this.#saysOf(guest);
      if (now.ipAddress !== guest.said.ipAddress || now.bootFinished !== guest.said.bootFinished) this.#options.onNews(uid);
    }
  }

  async #readLeases(name: string): Promise<void> {
    const network = this.#networks.get(name) ?? { leases: new Map(), readAtMs: 0, reading: undefined };
    this.#networks.set(name, network);
    network.reading ??= this.#fetchLeases(name)
      // Of a libvirt that does not answer now, what was known stays.
      .then(
        (leases) => void (network.leases = leases),
        () => undefined,
      )
      .finally(() => {
        network.readAtMs = Date.now();
        network.reading = undefined;
      });
    await network.reading;
  }

  /** By MAC address. */
  async #fetchLeases(name: string): Promise<ReadonlyMap<string, readonly Lease[]>> {
    const { ask } = this.#options;
    const network = await findNetworkByName(ask, name);
    if (network === undefined) return new Map();
    const [leases, xml] = await Promise.all([networkLeases(ask, network), networkXml(ask, network)]);
    const seconds = leaseSeconds(xml);
    const byMac = Map.groupBy(leases, ({ mac = "" }) => mac.toLowerCase());
    return new Map(
      [...byMac].map(([mac, found]) => [
        mac,
        found.map(({ address, family, expiresAt }): Lease => {
          const grantedAt = expiresAt === undefined || seconds === undefined ? undefined : new Date(expiresAt.getTime() - seconds * 1000);
          return { address, family, ...(grantedAt !== undefined && { grantedAt }) };
        }),
      ]),
    );
  }

  async #askGuests(nowMs: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (const [uid, guest] of this.#guests) {
        if (this.#isOver) return;
        if (!guest.running.live.guestAgent || this.#guests.get(uid) !== guest) continue;
        const isAwaited = !guest.bootFinished || guest.cards === undefined || guest.said.ipAddress === "";
        if (nowMs - guest.askedAtMs < (isAwaited ? patience(guest, nowMs) : CALM_MS)) continue;
        await this.#askGuest(guest);
        guest.askedAtMs = Date.now();
        this.#tellNews([uid]);
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #askGuest(guest: Guest): Promise<void> {
    const { work } = this.#options;
    const domain = { uuid: guest.running.uid, name: guest.running.name };
    try {
      guest.cards = await askGuestCards(work, domain);
      guest.bootFinished ||= await askBootFinished(work, domain);
    } catch {
      // It has stopped, or its agent hangs or may not tell: it is asked again.
      guest.cards ??= [];
    }
  }
}

/** libvirt's names of the networks that a machine is on and that may tell an address. */
function networksOf({ live }: Running): readonly string[] {
  return Object.values(live.config.nics).flatMap(({ network }) => (network === undefined || network === "user" ? [] : [network]));
}

function patience({ running: { startedAt } }: Guest, nowMs: number): number {
  const ageMs = startedAt === undefined ? 0 : nowMs - startedAt.getTime();
  return Math.min(CALM_MS, Math.max(ROUND_MS, ageMs * PATIENCE));
}
