/** What running machines use. */
import type { Caller, Params } from "@ghost/libvirt";
import { allDomainStatistics, numberIn, stateFrom } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { Domain, DomainUsage } from "../driver.ts";
import { statusOf } from "./domain-status.ts";
import { told } from "./link.ts";
import { Probe } from "./probe.ts";

/** Shorter differences are of a few ticks of the processors' clock, and say nothing. */
const SHORTEST_MS = 1_000;
const ANSWER_TIMEOUT_MS = 10_000;
const THE_HOST = "The host's libvirt";
const GROUPS = ["cpu", "balloon", "interface", "block"] as const;

interface Sample {
  readonly atMs: number;
  readonly cpuSeconds: number;
}

interface Samples {
  /** A number that every start of a machine has for itself. */
  readonly id: number | undefined;
  /** The last one, and one before it that is old enough to compare with. */
  readonly last: Sample;
  readonly base: Sample | undefined;
}

export interface UsageOptions {
  readonly ask: Caller;
  /** For what libvirt has to ask the machines. */
  readonly probe: Caller;
  /** The machines of the host that run or are paused, as last read in this start of theirs; of a uid alone. */
  readonly active: (uid?: string) => Promise<readonly Domain[]>;
  /** Default 10,000: a thousand machines take four seconds. */
  readonly answerTimeoutMs?: number;
  readonly now?: () => number;
}

export class UsageReader {
  readonly #options: UsageOptions;
  readonly #probe: Probe;
  readonly #samples = new Map<string, Samples>();

  constructor(options: UsageOptions) {
    this.#options = options;
    this.#probe = new Probe(options.probe);
  }

  /** By uid, of those that run. */
  async read(uid?: string): Promise<ReadonlyMap<string, DomainUsage>> {
    const active = await this.#options.active(uid);
    if (uid === undefined) this.#forgetAllBut(new Set(active.map((domain) => domain.uid)));
    if (active.length === 0) return new Map();
    // One that stands still, perhaps for being saved, would hold up the others.
    const running = await told(THE_HOST, async () => {
      const states = await allDomainStatistics(this.#options.ask, {
        groups: ["state"],
        domains: active.map((domain) => ({ uuid: domain.uid })),
      });
      return states.filter(({ params }) => isRunning(params)).map(({ domain }) => domain);
    });
    if (running.length === 0) return new Map();
    const statistics = await told(
      THE_HOST,
      async () => await this.#probe.statistics(GROUPS, running, this.#options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS),
    );
    if (statistics === undefined)
      throw problem("HOST_ERROR", `${THE_HOST} does not tell what the machines use: one of them does not answer it.`, {
        hint: "`virsh domstats NAME` hangs for that one; everything else of the host goes on.",
      });
    const byUid = new Map(active.map((domain) => [domain.uid, domain]));
    const nowMs = this.#options.now?.() ?? Date.now();
    return new Map(
      statistics.flatMap(({ domain: { uuid, id }, params }) => {
        const domain = byUid.get(uuid);
        return domain === undefined ? [] : [[uuid, this.#usageOf(domain, id, params, nowMs)] as const];
      }),
    );
  }

  #usageOf(domain: Domain, id: number | undefined, params: Params, nowMs: number): DomainUsage {
    const uptimeSeconds = Math.max(0, Math.floor((nowMs - (domain.startedAt?.getTime() ?? nowMs)) / 1000));
    const cpuSeconds = (numberIn(params, "cpu.time") ?? 0) / 1e9;
    const before = this.#compared(domain.uid, id, { atMs: nowMs, cpuSeconds });
    const [passedSeconds, usedSeconds] =
      before === undefined ? [uptimeSeconds, cpuSeconds] : [(nowMs - before.atMs) / 1000, cpuSeconds - before.cpuSeconds];
    const share = passedSeconds <= 0 ? 0 : usedSeconds / passedSeconds / Math.max(1, domain.live.vcpu);
    return {
      cpuPercent: percent(share),
      uptimeSeconds,
      cpuSeconds,
      ...memoryOf(params),
      disk: { readBytes: sumOf(params, "block", "rd.bytes"), writtenBytes: sumOf(params, "block", "wr.bytes") },
      network: { receivedBytes: sumOf(params, "net", "rx.bytes"), sentBytes: sumOf(params, "net", "tx.bytes") },
    };
  }

  /** What to compare a sample with; undefined when there is nothing but the machine's start. */
  #compared(uid: string, id: number | undefined, sample: Sample): Sample | undefined {
    const before = this.#samples.get(uid);
    if (before === undefined || before.id !== id) {
      this.#samples.set(uid, { id, last: sample, base: undefined });
      return undefined;
    }
    if (sample.atMs - before.last.atMs < SHORTEST_MS) return before.base;
    this.#samples.set(uid, { id, last: sample, base: before.last });
    return before.last;
  }

  #forgetAllBut(running: ReadonlySet<string>): void {
    for (const uid of this.#samples.keys()) if (!running.has(uid)) this.#samples.delete(uid);
  }
}

function isRunning(params: Params): boolean {
  return statusOf(stateFrom(numberIn(params, "state.state") ?? 0, numberIn(params, "state.reason") ?? 0)).status === "running";
}

/** What the guest says, if it says anything; else what its QEMU holds of the host's memory. */
function memoryOf(params: Params): Pick<DomainUsage, "ramPercent" | "ramBytes" | "ramUsedBytes"> {
  const kib = (name: string): number | undefined => numberIn(params, `balloon.${name}`);
  const holdsKib = kib("current") ?? 0;
  const seesKib = kib("available");
  // Caches are given back on demand: `usable` counts them as free, older guests tell `unused` only.
  const freeKib = kib("usable") ?? kib("unused");
  const usedKib = seesKib !== undefined && freeKib !== undefined ? seesKib - freeKib : Math.min(kib("rss") ?? 0, holdsKib);
  const ramUsedBytes = Math.max(0, usedKib) * 1024;
  const ofKib = seesKib !== undefined && freeKib !== undefined ? seesKib : holdsKib;
  return { ramBytes: holdsKib * 1024, ramUsedBytes, ramPercent: ofKib === 0 ? 0 : percent(ramUsedBytes / 1024 / ofKib) };
}

function sumOf(params: Params, group: "block" | "net", name: string): number {
  let sum = 0;
  for (let index = 0; index < (numberIn(params, `${group}.count`) ?? 0); index++) sum += numberIn(params, `${group}.${index}.${name}`) ?? 0;
  return sum;
}

/** With one digit, in the bounds that a percentage has. */
function percent(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
}
