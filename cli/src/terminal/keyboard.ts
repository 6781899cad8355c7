/** A terminal's keys as they are pressed: none is a signal, none is shown, no line is waited for. */
import type { ReadStream } from "node:tty";

/**
 * Hands the keys over until `use` ends, however it does; then the terminal is as it was. A stream that is no terminal is
 * left alone.
 */
export async function withRawKeys<T>(stdin: NodeJS.ReadableStream, use: () => Promise<T>): Promise<T> {
  const terminal = stdin as Partial<ReadStream>;
  const setRaw = (isRaw: boolean): void => void terminal.setRawMode?.(isRaw);
  const restore = (): void => setRaw(false);
  // For what ends the process from elsewhere.
  process.once("exit", restore);
  setRaw(true);
  try {
    return await use();
  } finally {
    process.off("exit", restore);
    restore();
    stdin.pause();
  }
}
