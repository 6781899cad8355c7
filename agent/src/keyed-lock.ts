/** Locks by key, each held by one at a time and handed on in the order of asking. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Waits until every key is free, then holds them all until the result is called. Two that ask for the same keys in
   * another order do not block each other: the asking itself is ordered.
   */
  acquire(keys: readonly string[]): { readonly ready: Promise<void>; readonly release: () => void } {
    const wanted = [...new Set(keys)];
    const before = wanted.map((key) => this.#tails.get(key)).filter((tail) => tail !== undefined);
    let free = (): void => undefined;
    const mine = new Promise<void>((resolve) => (free = resolve));
    for (const key of wanted) this.#tails.set(key, mine);
    const handOn = (): void => {
      for (const key of wanted) if (this.#tails.get(key) === mine) this.#tails.delete(key);
      free();
    };
    if (before.length === 0) return { ready: Promise.resolve(), release: handOn };
    const ready = Promise.all(before).then(() => undefined);
    // Who gives up waiting still stands between those before and those after.
    return { ready, release: () => void ready.then(handOn) };
  }

  /** Waits for every key, and holds them all while it does the work. */
  async hold<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const lock = this.acquire(keys);
    try {
      await lock.ready;
      return await work();
    } finally {
      lock.release();
    }
  }
}

/** At most so many at once, in the order of asking. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Gives back how to let go. Throws the signal's reason when it is aborted first. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else {
        this.#waiting.delete(next);
        next();
      }
    };
  }

  #turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(take);
        reject(signal?.reason);
      };
      const take = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      this.#waiting.add(take);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }
}
