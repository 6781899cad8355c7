import type { DomainEventKind } from "@ghost/libvirt";
import type { LibvirtParts } from "../parts.ts";

export interface WaitLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Events are lost while libvirtd is down, and some changes have none. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Waits until something is so with a domain: looks at once, at each of these events, and from time to time. False when the
 * time is over; throws the signal's reason.
 */
export async function until(
  { ask }: Pick<LibvirtParts, "ask">,
  uid: string,
  kinds: readonly DomainEventKind[],
  { timeoutMs, signal }: WaitLimits,
  isSo: () => Promise<boolean>,
): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs;
  let wake: (() => void) | undefined;
  let isAwake = false;
  const onEvent = (): void => {
    isAwake = true;
    wake?.();
  };
  const stopListening = await ask.subscribe(kinds, ({ domain }) => {
    if (domain.uuid === uid) onEvent();
  });
  signal?.addEventListener("abort", onEvent);
  try {
    for (;;) {
      signal?.throwIfAborted();
      isAwake = false;
      if (await isSo()) return true;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return false;
      if (isAwake) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, LOOK_AGAIN_MS));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = undefined;
    }
  } finally {
    signal?.removeEventListener("abort", onEvent);
    await stopListening();
  }
}
