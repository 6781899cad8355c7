/** How much memory running machines hold, of what their balloons say. */
import { numberIn } from "@ghost/libvirt";
import { gibToKib } from "@ghost/schemas";
import type { DomainConfig } from "../driver.ts";
import type { Probe } from "./probe.ts";

/** Memory that differs by less is what was asked for: guests round. */
const TOLERANCE_KIB = 16 * 1024;
const TOLERANCE = 0.01;
/** A balloon on its way tells so every second. */
export const BALLOON_SETTLES_MS = 3_000;
/** A list is not held up by a machine that hangs. */
const ANSWER_TIMEOUT_MS = 1_000;

interface Machine {
  readonly uid: string;
  /** A number that every start of a machine has for itself. */
  readonly id: number;
  readonly live: DomainConfig;
  readonly stored: DomainConfig;
}

export class Balloons {
  readonly #probe: Probe;
  readonly #now: () => number;
  /** Starts of machines whose guest has answered. */
  readonly #spoke = new Map<string, number>();
  /** When a balloon last told that it moved. */
  readonly #movedAtMs = new Map<string, number>();

  constructor(probe: Probe, now: () => number = Date.now) {
    this.#probe = probe;
    this.#now = now;
  }

  /** A guest takes or gives back memory. */
  moved(uid: string): void {
    this.#movedAtMs.set(uid, this.#now());
  }

  /**
   * The uids of those whose guests have spoken since their start, and whose balloons are where they stay. A question costs
   * each machine a millisecond: only those are asked of which the answer makes a difference.
   */
  async settled(machines: readonly Machine[]): Promise<ReadonlySet<string>> {
    const hasSpoken = ({ uid, id }: Machine): boolean => this.#spoke.get(uid) === id;
    const unsure = machines.filter((each) => !hasSpoken(each) && !isAbout(each.live.ramGb, each.stored.ramGb));
    if (unsure.length > 0) {
      const domains = unsure.map(({ uid }) => ({ uuid: uid }));
      const answers = (await this.#probe.statistics(["balloon"], domains, ANSWER_TIMEOUT_MS)) ?? [];
      for (const { domain, params } of answers)
        if (domain.id !== undefined && (numberIn(params, "balloon.last-update") ?? 0) > 0) this.#spoke.set(domain.uuid, domain.id);
    }
    const nowMs = this.#now();
    const stands = ({ uid }: Machine): boolean => nowMs - (this.#movedAtMs.get(uid) ?? -Infinity) >= BALLOON_SETTLES_MS;
    return new Set(machines.filter((each) => hasSpoken(each) && stands(each)).map(({ uid }) => uid));
  }

  forgetAllBut(present: ReadonlySet<string>): void {
    for (const map of [this.#spoke, this.#movedAtMs]) for (const uid of map.keys()) if (!present.has(uid)) map.delete(uid);
  }
}

/**
 * The memory of a running machine. Until its balloon has spoken and stands, all of `<memory>` or something on the way is
 * with the guest, and what counts is what it was asked to hold.
 */
export function heldGb(live: DomainConfig, stored: DomainConfig, isSettled: boolean): number {
  const askedGb = Math.min(stored.ramGb, live.ramMaxGb);
  return !isSettled || isAbout(live.ramGb, askedGb) ? askedGb : live.ramGb;
}

/** Nearer than guests round. */
export function isAbout(ramGb: number, wantedGb: number): boolean {
  const kib = gibToKib(wantedGb);
  return Math.abs(gibToKib(ramGb) - kib) <= Math.max(TOLERANCE_KIB, kib * TOLERANCE);
}
