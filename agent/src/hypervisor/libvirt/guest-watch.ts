/*
 * What guests say of themselves, asked in the background.
 * (1) `says` waits for no guest. A network's leases, which are a file of the host, it reads once when it meets the
 *     network for the first time; from then on it says what is known.
 * (2) A guest is asked over `work`, one at a time, and only one whose agent has opened its channel.
 * (3) What was said is of one start of one machine: it ends with it.
 */
import { agentCommand, findNetworkByName, interfaceAddresses, networkLeases, networkXml } from "@ghost/libvirt";
import type { Caller, GuestInterface } from "@ghost/libvirt";
import { leaseSeconds, pickAddress } from "./guest-address.ts";
import type { Candidate } from "./guest-address.ts";
import type { GuestSays, Running } from "./readings.ts";

/** While something is awaited: an address, or the end of cloud-init. */
const EAGER_MS = 1_000;
/** When nothing is: a guest may change its address. */
const CALM_MS = 30_000;
const AGENT_TIMEOUT_S = 3;
/** cloud-init writes it when it has run to its end, and the next boot begins without it. */
const CLOUD_INIT_RESULT = "/run/cloud-init/result.json";

interface Guest {
  running: Running;
  /** What its agent says; undefined until it was asked. */
  interfaces: readonly GuestInterface[] | undefined;
  bootFinished: boolean;
  askedAtMs: number;
  /** What was told last, to know what is news. */
  said: GuestSays;
}

interface Network {
  candidates: readonly Candidate[];
  readAtMs: number;
  reading: Promise<void> | undefined;
}

export interface GuestWatchOptions {
  readonly ask: Caller;
  readonly work: Caller;
  /** Under which name specs know it: `default`. */
  readonly defaultNetwork: string;
  /** Called when a guest says something new. */
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

  /** By uid, of the machines that run; of one alone when only that one is given. */
  async says(running: readonly Running[]): Promise<ReadonlyMap<string, GuestSays>> {
    for (const each of running) this.#meet(each);
    const unread = new Set(running.flatMap((each) => this.#networksOf(each)).filter((name) => !this.#networks.has(name)));
    await Promise.all([...unread].map((name) => this.#readLeases(name)));
    this.#schedule();
    return new Map(
      running.map(({ uid }) => {
        const guest = this.#guests.get(uid);
        const said = guest === undefined ? { ipAddress: "", bootFinished: false } : this.#saysOf(guest);
        if (guest !== undefined) guest.said = said;
        return [uid, said] as const;
      }),
    );
  }

  /** A machine that does not run any more, or all that are not among these. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#guests.keys()) if (!uids.has(uid)) this.#guests.delete(uid);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #meet(running: Running): void {
    const before = this.#guests.get(running.uid);
    const isSame = before?.running.id === running.id;
    if (before !== undefined && isSame) {
      // The agent has just come: ask it at once.
      if (running.live.guestAgent && !before.running.live.guestAgent) before.askedAtMs = 0;
      before.running = running;
      return;
    }
    const said = { ipAddress: "", bootFinished: false };
    this.#guests.set(running.uid, { running, interfaces: undefined, bootFinished: false, askedAtMs: 0, said });
  }

  #saysOf({ running, interfaces, bootFinished }: Guest): GuestSays {
    const leases = this.#networksOf(running).flatMap((name) => this.#networks.get(name)?.candidates ?? []);
    return { ipAddress: pickAddress(macsOf(running), { interfaces, leases, startedAt: running.startedAt }), bootFinished };
  }

  /** libvirt's names of the networks that a machine is on. */
  #networksOf({ live }: Running): readonly string[] {
    return Object.values(live.config.nics).flatMap(({ network }) => (network === undefined || network === "user" ? [] : [network]));
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isOver || this.#guests.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#round().then(() => this.#schedule());
    }, EAGER_MS).unref();
  }

  /** Asks whoever is due: networks and guests that owe something often, the others now and then. */
  async #round(): Promise<void> {
    const nowMs = Date.now();
    const owing = new Set<string>();
    for (const guest of this.#guests.values())
      if (this.#saysOf(guest).ipAddress === "") for (const name of this.#networksOf(guest.running)) owing.add(name);
    const names = new Set([...this.#guests.values()].flatMap(({ running }) => this.#networksOf(running)));
    const due = [...names].filter((name) => nowMs - (this.#networks.get(name)?.readAtMs ?? 0) >= (owing.has(name) ? EAGER_MS : CALM_MS));
    await Promise.all(due.map((name) => this.#readLeases(name)));
    for (const name of this.#networks.keys()) if (!names.has(name)) this.#networks.delete(name);
    this.#tellNews();
    void this.#askGuests(nowMs);
  }

  #tellNews(): void {
    for (const [uid, guest] of this.#guests) {
      const now = this.#saysOf(guest);
      if (now.ipAddress === guest.said.ipAddress && now.bootFinished === guest.said.bootFinished) continue;
      guest.said = now;
      this.#options.onNews(uid);
    }
  }

  async #readLeases(name: string): Promise<void> {
    const network = this.#networks.get(name) ?? { candidates: [], readAtMs: 0, reading: undefined };
    this.#networks.set(name, network);
    network.reading ??= this.#fetchLeases(name)
      .then(
        (candidates) => void (network.candidates = candidates),
        // A network that is gone or a libvirt that does not answer: what was known stays.
        () => undefined,
      )
      .finally(() => {
        network.readAtMs = Date.now();
        network.reading = undefined;
      });
    await network.reading;
  }

  async #fetchLeases(name: string): Promise<readonly Candidate[]> {
    const { ask } = this.#options;
    const network = await findNetworkByName(ask, name);
    if (network === undefined) return [];
    const [leases, xml] = await Promise.all([networkLeases(ask, network), networkXml(ask, network)]);
    const seconds = leaseSeconds(xml);
    return leases.flatMap(({ mac, address, family, expiresAt }): readonly Candidate[] => {
      if (mac === undefined) return [];
      const grantedAt = expiresAt === undefined || seconds === undefined ? undefined : new Date(expiresAt.getTime() - seconds * 1000);
      return [{ mac: mac.toLowerCase(), address, family, ...(grantedAt !== undefined && { grantedAt }) }];
    });
  }

  async #askGuests(nowMs: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (const guest of [...this.#guests.values()]) {
        if (this.#isOver || !guest.running.live.guestAgent) continue;
        const owes = !guest.bootFinished || guest.interfaces === undefined || this.#saysOf(guest).ipAddress === "";
        if (nowMs - guest.askedAtMs < (owes ? 2 * EAGER_MS : CALM_MS)) continue;
        await this.#askGuest(guest);
        guest.askedAtMs = Date.now();
        this.#tellNews();
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #askGuest(guest: Guest): Promise<void> {
    const { work } = this.#options;
    const domain = { uuid: guest.running.uid, name: guest.running.name };
    const timeoutMs = (AGENT_TIMEOUT_S + 2) * 1000;
    try {
      guest.interfaces = await interfaceAddresses(work, domain, "agent", { timeoutMs });
      guest.bootFinished ||= await isBootFinished(work, domain);
    } catch {
      // It has stopped, or its agent hangs or may not tell: it is asked again.
    }
  }
}

async function isBootFinished(work: Caller, domain: { readonly uuid: string; readonly name: string }): Promise<boolean> {
  const ask = async (execute: string, args: unknown): Promise<unknown> =>
    await agentCommand(work, domain, { execute, arguments: args }, { agentTimeoutS: AGENT_TIMEOUT_S });
  try {
    const handle = await ask("guest-file-open", { path: CLOUD_INIT_RESULT, mode: "r" });
    await ask("guest-file-close", { handle });
    return true;
  } catch {
    // The file is not there yet.
    return false;
  }
}

function macsOf({ live }: Running): readonly string[] {
  return Object.values(live.config.nics).map(({ mac }) => mac);
}
