import type { AgentLog } from "./assemble.ts";
import { stopOnSignals } from "./signals.ts";

/** An end that comes once, whether it is asked for or a signal asks; `stopped` resolves after it, whatever it threw. */
export function untilStopped(
  handleSignals: boolean,
  log: AgentLog,
  end: () => Promise<void>,
): { readonly stopped: Promise<void>; readonly stop: () => Promise<void> } {
  let hasStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (hasStopped = resolve));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= end().finally(() => {
      ignoreSignals?.();
      hasStopped();
    }));
  const ignoreSignals = handleSignals
    ? stopOnSignals(() => void stop().catch((err: unknown) => log.error({ err }, "The agent did not stop in order")))
    : undefined;
  return { stopped, stop };
}
