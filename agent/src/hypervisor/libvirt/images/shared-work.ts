import type { CallOptions, Progress } from "../../driver.ts";

interface Running<T> {
  readonly result: Promise<T>;
  readonly listeners: Set<Progress>;
  readonly abort: AbortController;
  callers: number;
}

/** Work that everybody who asks for the same key at the same time shares. It is aborted when the last of them gives up. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Throws the signal's reason when this caller gives up; the last one to do so waits until the work has really ended. */
  async run(key: string, { signal, onProgress }: CallOptions, work: (options: Required<CallOptions>) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const running = await this.#join(key, work);
    running.callers += 1;
    if (onProgress !== undefined) running.listeners.add(onProgress);
    let leave = (): void => undefined;
    const left = new Promise<"left">((resolve) => {
      leave = () => resolve("left");
      signal?.addEventListener("abort", leave, { once: true });
      if (signal?.aborted === true) leave();
    });
    try {
      const first = await Promise.race([running.result.then((value) => ({ value })), left]);
      if (first !== "left") return first.value;
      if (running.callers === 1) {
        running.abort.abort(signal?.reason);
        await running.result.catch(() => undefined);
      }
      throw signal?.reason;
    } finally {
      running.callers -= 1;
      if (onProgress !== undefined) running.listeners.delete(onProgress);
      signal?.removeEventListener("abort", leave);
    }
  }

  /** What is going on already, unless it is being given up: then that has to end before it can begin anew. */
  async #join(key: string, work: (options: Required<CallOptions>) => Promise<T>): Promise<Running<T>> {
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) return this.#begin(key, work);
      if (!running.abort.signal.aborted) return running;
      await running.result.catch(() => undefined);
    }
  }

  #begin(key: string, work: (options: Required<CallOptions>) => Promise<T>): Running<T> {
    const listeners = new Set<Progress>();
    const abort = new AbortController();
    const onProgress: Progress = (update) => listeners.forEach((listener) => listener(update));
    const result = work({ signal: abort.signal, onProgress }).finally(() => this.#running.delete(key));
    // Whoever joins awaits it; nobody may be left to do so when it is given up.
    result.catch(() => undefined);
    const running = { result, listeners, abort, callers: 0 };
    this.#running.set(key, running);
    return running;
  }
}
