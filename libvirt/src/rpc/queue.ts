/**
 * libvirtd reads nothing more from a client that has as many calls with it as `max_client_requests` allows (5, unless
 * configured): not even the question whether it is alive. So no more than one less are sent, and of those one is kept
 * for what never waits for a guest: destroying a domain must not stand behind guests that do not answer.
 */
export class CallQueue {
  readonly #most: number;
  readonly #high: (() => void)[] = [];
  readonly #low: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs it now or when its turn comes. Gives how to take it out of the line; true when it had not been run. */
  enter(run: () => void, isHighPriority: boolean): () => boolean {
    const line = isHighPriority ? this.#high : this.#low;
    line.push(run);
    this.#advance();
    return () => {
      const index = line.indexOf(run);
      if (index >= 0) line.splice(index, 1);
      return index >= 0;
    };
  }

  /** One that was run has been answered. */
  leave(): void {
    this.#running -= 1;
    this.#advance();
  }

  #advance(): void {
    for (;;) {
      const next =
        this.#running >= this.#most ? undefined : (this.#high.shift() ?? (this.#running < this.#lowMost ? this.#low.shift() : undefined));
      if (next === undefined) return;
      this.#running += 1;
      next();
    }
  }

  get #lowMost(): number {
    return Math.max(1, this.#most - 1);
  }
}
