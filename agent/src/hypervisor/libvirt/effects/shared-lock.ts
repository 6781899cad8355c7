/** Many may work under it at the same time, or one alone: disks are made from images that nobody may remove meanwhile. */
export class SharedLock {
  readonly #sharing = new Set<Promise<unknown>>();
  #alone: Promise<unknown> | undefined;

  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    const result = work();
    const settled = result.catch(() => undefined);
    this.#sharing.add(settled);
    try {
      return await result;
    } finally {
      this.#sharing.delete(settled);
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    const result = Promise.all(this.#sharing).then(work);
    this.#alone = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#alone = undefined;
    }
  }
}
