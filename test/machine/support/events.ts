import type { DomainEvent } from "../../../libvirt/src/index.ts";

/** Keeps events, and lets a test wait for one of them. */
export interface EventLog {
  readonly listener: (event: DomainEvent) => void;
  /** In few words: `lifecycle started booted`, `device-added net0`. */
  readonly lines: string[];
  /** The first line from now on, or since the last one waited for, that starts so. */
  waitFor(start: string): Promise<string>;
}

export function eventLog(): EventLog {
  const lines: string[] = [];
  let seen = 0;
  let wake = (): void => {};
  return {
    lines,
    listener: (event) => {
      const { kind, domain: _domain, ...facts } = event;
      lines.push([kind, ...Object.values(facts)].join(" "));
      wake();
    },
    waitFor: async (start) => {
      for (;;) {
        const line = lines[seen];
        if (line === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else {
          seen += 1;
          if (line.startsWith(start)) return line;
        }
      }
    },
  };
}
