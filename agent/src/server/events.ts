import { randomUUID } from "node:crypto";
import type { HostEvent } from "@ghost/proto";
import type { Hypervisor } from "../hypervisor/driver.ts";
import type { Operations } from "../operations/operations.ts";

/** So many events are kept for watchers that were away for a while. */
const KEPT_EVENTS = 4096;

type Event = Omit<HostEvent, "resumeToken">;

/**
 * What happened on the host since this agent started, the newest part of it. A watcher reads at its own speed; one
 * that is too slow, or was away too long, is told that there is a gap.
 */
export class EventLog implements Disposable {
  /** Tokens of another run of the agent mean nothing here. */
  readonly #run: string = randomUUID().slice(0, 8);
  readonly #kept: Event[] = [];
  /** Number of the next event. */
  #next = 0;
  #waiting = new Set<() => void>();
  readonly #stops: readonly (() => void)[];

  constructor(hypervisor: Hypervisor, operations: Operations) {
    this.#stops = [
      hypervisor.onChange(({ uid, name, what, detail }) => this.#add({ time: new Date(), type: `vm-${what}`, name, uid, detail })),
      operations.onOperation((operation) =>
        this.#add({
          time: new Date(),
          type: "operation",
          name: operation.name,
          uid: operation.uid,
          detail: `${operation.action}: ${operation.state}`,
          operation,
        }),
      ),
    ];
  }

  /** Events after the token, or from now on; ends when the signal aborts. */
  async *watch(resumeToken: string, signal: AbortSignal): AsyncGenerator<HostEvent, void, undefined> {
    const place = this.#placeOf(resumeToken);
    let at = place ?? this.#next;
    if (place === undefined && resumeToken !== "") yield this.#gap(at);
    while (!signal.aborted) {
      const oldest = this.#next - this.#kept.length;
      if (at < oldest) {
        at = oldest;
        yield this.#gap(at);
      } else if (at < this.#next) {
        yield { ...this.#kept[at - oldest]!, resumeToken: this.#token(at + 1) };
        at++;
      } else await this.#more(signal);
    }
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #add(event: Event): void {
    this.#kept.push(event);
    this.#next++;
    if (this.#kept.length > KEPT_EVENTS * 1.5) this.#kept.splice(0, this.#kept.length - KEPT_EVENTS);
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #gap(at: number): HostEvent {
    return {
      resumeToken: this.#token(at),
      time: new Date(),
      type: "gap",
      name: "",
      uid: "",
      detail: "Events before this one are not kept any more; take a new snapshot.",
    };
  }

  #token(place: number): string {
    return `${this.#run}.${place}`;
  }

  /** Undefined for a token of another run, or one that this run never gave. */
  #placeOf(token: string): number | undefined {
    const [run, place] = token.split(".");
    const number = Number(place);
    return run === this.#run && Number.isInteger(number) && number >= 0 && number <= this.#next ? number : undefined;
  }
}
