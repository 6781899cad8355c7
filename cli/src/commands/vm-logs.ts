/** `ghost vm logs`: what a VM wrote on its serial console. */
import type { HostClient } from "@ghost/proto/client";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { TERMINAL } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { CONNECTION, VM, withHost } from "../flow/vm-agent.ts";
import { escapeLine } from "../output/escape.ts";
import { GuestText } from "../output/guest-text.ts";

/** Asked for first, for some lines; doubled until they are within. */
const FIRST_BYTES = 64 * 1024;
const NEWLINE = 10;

export const vmLogs: Command = defineCommand({
  description:
    "On a terminal, control characters of the guest are taken out or made visible; into a file or a pipe goes every byte as it was written.",
  positionals: [VM],
  options: {
    tail: { kind: "integer", min: 1, value: "N", doc: "Only the last so many lines; all that is kept when not given." },
    follow: { kind: "boolean", doc: "Go on with what is written, until Ctrl-C." },
    ...CONNECTION,
    ...TERMINAL,
  },
  examples: [
    { run: "ghost vm logs web --tail 50", does: "the end of what a VM wrote when it started" },
    { run: "ghost vm logs web --follow", does: "watch it start" },
    { run: "ghost vm logs web > boot.log", does: "every byte of it" },
  ],
  async run({ options, positionals: [vm = ""] }, session) {
    return await withHost(options, session, async (host) => {
      const { follow } = options;
      const { stop: signal } = session;
      const tailBytes = options.tail === undefined ? undefined : await bytesOfLines(host, vm, options.tail, signal);
      const text = session.facts.stdoutObeys ? new GuestText() : undefined;
      let isEmpty = true;
      for await (const bytes of host.consoleLog(vm, { ...(tailBytes !== undefined && { tailBytes }), follow, signal })) {
        isEmpty = false;
        const isTaken = await session.printBytes(text === undefined ? bytes : Buffer.from(text.push(bytes)));
        if (!isTaken) return EXIT.ok;
      }
      if (text !== undefined) session.print(text.end());
      if (isEmpty) session.say(`VM ${escapeLine(vm)} has written nothing on its console.\n`);
      return EXIT.ok;
    });
  },
});

/** How much of the end of the log its last lines are; of a last line that is not finished, that too. */
async function bytesOfLines(host: HostClient, vm: string, lines: number, signal: AbortSignal): Promise<number> {
  for (let wanted = FIRST_BYTES; ; wanted *= 2) {
    const end = Buffer.concat(await Array.fromAsync(host.consoleLog(vm, { tailBytes: wanted, signal })));
    let left = lines;
    for (let at = end.length - 2; at >= 0; at -= 1) {
      if (end[at] === NEWLINE && (left -= 1) === 0) return end.length - at - 1;
    }
    if (end.length < wanted) return end.length;
  }
}
