import type { Operation } from "@ghost/schemas";

/** Updates within one phase are told this often at most. */
const UPDATE_MS = 50;

/** An operation as its followers see it: its state now, every later one that matters, and its end. */
export class Followed {
  #operation: Operation;
  #end!: (operation: Operation) => void;
  #listeners = new Set<(operation: Operation) => void>();
  #isScheduled = false;
  #toldPhase: string;
  #toldAtMs = 0;
  /** Resolves with the operation's last state; never rejects. */
  readonly ended: Promise<Operation>;

  constructor(operation: Operation) {
    this.#operation = operation;
    this.#toldPhase = operation.phase;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  static ended(operation: Operation): Followed {
    const followed = new Followed(operation);
    followed.end(operation);
    return followed;
  }

  get operation(): Operation {
    return this.#operation;
  }

  /** Hears of later states until the end, which `ended` tells. Gives back how to stop. */
  follow(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Several updates in one turn of the event loop are told as one. */
  update(operation: Operation): void {
    this.#operation = operation;
    if (this.#isScheduled || this.#listeners.size === 0) return;
    const isSamePhase = operation.phase === this.#toldPhase;
    if (isSamePhase && performance.now() - this.#toldAtMs < UPDATE_MS) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#toldPhase = this.#operation.phase;
      this.#toldAtMs = performance.now();
      for (const listener of this.#listeners) listener(this.#operation);
    });
  }

  end(operation: Operation): void {
    this.#operation = operation;
    this.#listeners.clear();
    this.#end(operation);
  }
}
