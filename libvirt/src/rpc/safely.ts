/** Runs a listener. What it throws is its own mistake: it ends the process as any uncaught error does, and nothing here. */
export function safely(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
