import { setTimeout as sleep } from "node:timers/promises";
import type { Caller, DomainRef, DomainStatistics, StatisticsGroup } from "@ghost/libvirt";
import { allDomainStatistics } from "@ghost/libvirt";

/**
 * Questions that libvirt passes on to the machines. A machine that hangs, or whose memory is just being written, holds
 * such a question and its place on the connection until it answers, whatever libvirt was told of not waiting. So they
 * have a connection of their own, there is one at a time, and while one is late no other is asked.
 */
export class Probe {
  readonly #caller: Caller;
  #last: Promise<void> = Promise.resolve();
  #isLate = false;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Undefined when there is no answer in time, or none yet to a question before it. */
  async statistics(
    groups: readonly StatisticsGroup[],
    domains: readonly DomainRef[],
    timeoutMs: number,
  ): Promise<readonly DomainStatistics[] | undefined> {
    if (this.#isLate) return undefined;
    const answer = this.#last.then(() => allDomainStatistics(this.#caller, { groups, domains, noWait: true, timeoutMs: Infinity }));
    const onEnd = (): void => void (this.#isLate = false);
    this.#last = answer.then(onEnd, onEnd);
    using limit = new DisposableStack();
    const controller = limit.adopt(new AbortController(), (each) => each.abort());
    const limitOver = sleep(timeoutMs, undefined, { signal: controller.signal, ref: false }).catch(() => undefined);
    const inTime = await Promise.race([answer, limitOver]);
    if (inTime !== undefined) return inTime;
    this.#isLate = true;
    answer.catch(() => {});
    return undefined;
  }
}
