import { render } from "ink";
import type { ApplyState } from "../progress/state.ts";
import { ApplyView } from "./ApplyView.tsx";

export interface LiveView {
  /** Draws the last state and leaves the terminal to others. */
  close(): Promise<void>;
}

/** Shows an apply on a terminal until it is closed. Keys stay with the terminal, so Ctrl-C is a signal as ever. */
export function showApply(state: ApplyState, stream: NodeJS.WriteStream, now: () => number): LiveView {
  const view = (): React.JSX.Element => <ApplyView state={state} now={now} rows={stream.rows ?? 24} />;
  const instance = render(view(), { stdout: stream, stderr: stream, exitOnCtrlC: false, patchConsole: false });
  return {
    async close() {
      instance.rerender(view());
      await instance.waitUntilRenderFlush?.();
      instance.clear();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}
