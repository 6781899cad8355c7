/** How often to ask a silent server whether it is alive, and how many questions may stay unanswered. Libvirt's own: 5 s, 5. */
export interface KeepAlive {
  readonly intervalMs: number;
  readonly count: number;
}

/** Asks when nothing was heard for an interval; gives up after `count` questions without a sound. */
export class KeepAliveTimer implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #heard = true;
  #asked = 0;

  constructor({ intervalMs, count }: KeepAlive, { ask, giveUp }: { readonly ask: () => void; readonly giveUp: () => void }) {
    this.#timer = setInterval(() => {
      if (this.#heard) {
        this.#heard = false;
        this.#asked = 0;
      } else if (this.#asked >= count) {
        giveUp();
      } else {
        this.#asked += 1;
        ask();
      }
    }, intervalMs);
    // It watches a connection; it is no reason for a process to stay.
    this.#timer.unref();
  }

  /** Anything that comes is a sign of life. */
  heard(): void {
    this.#heard = true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
