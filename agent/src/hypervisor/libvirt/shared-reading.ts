/**
 * A reading that takes its time, made for everybody who wants it. There is one at a time; who asks while it is made has
 * the next one, with all others who do. So each is told what was true at some time after they asked, and any number who
 * ask at once cost two readings.
 *
 * A reading that fails has failed for those who wait behind it too: a host that does not answer is waited for once.
 */
export class SharedReading<T> {
  readonly #read: () => Promise<T>;
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  get(): Promise<T> {
    if (this.#current === undefined) return this.#begin();
    return (this.#next ??= this.#current.then(() => this.#begin()));
  }

  #begin(): Promise<T> {
    this.#next = undefined;
    const reading = this.#read();
    this.#current = reading;
    reading.then(
      () => {
        if (this.#next === undefined) this.#current = undefined;
      },
      () => {
        this.#current = undefined;
        this.#next = undefined;
      },
    );
    return reading;
  }
}
