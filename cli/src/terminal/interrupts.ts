/** Presses closer together than this are one: a launcher may hand on a signal that the terminal sent as well. */
const ONE_PRESS_MS = 100;

export interface Interrupts {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly stop: AbortSignal;
  /** Aborted by the second, or when the terminal goes away. */
  readonly detach: AbortSignal;
}

/** Turns signals of the process into abort signals. Call once. */
export function watchInterrupts(target: NodeJS.EventEmitter = process, now: () => number = () => performance.now()): Interrupts {
  const stop = new AbortController();
  const detach = new AbortController();
  let lastAt = Number.NEGATIVE_INFINITY;
  const press = (): void => {
    const at = now();
    if (at - lastAt < ONE_PRESS_MS) return;
    lastAt = at;
    if (stop.signal.aborted) detach.abort();
    else stop.abort();
  };
  target.on("SIGINT", press);
  target.on("SIGTERM", press);
  target.on("SIGHUP", () => {
    stop.abort();
    detach.abort();
  });
  return { stop: stop.signal, detach: detach.signal };
}
