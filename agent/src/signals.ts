/**
 * Calls `stop` at the first SIGTERM or SIGINT. At the second the process ends at once, as if it had never listened:
 * the journal has the rest. Gives back how to listen no more.
 */
export function stopOnSignals(stop: () => void): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    if (!isStopping) {
      isStopping = true;
      return stop();
    }
    ignore();
    process.kill(process.pid, signal);
  };
  let isStopping = false;
  const ignore = (): void => {
    process.off("SIGTERM", listener);
    process.off("SIGINT", listener);
  };
  process.on("SIGTERM", listener);
  process.on("SIGINT", listener);
  return ignore;
}
