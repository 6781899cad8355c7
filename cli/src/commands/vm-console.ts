/** `ghost vm console`: a VM's serial console on this terminal, or through a pipe. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostClient, VmConsole } from "@ghost/proto/client";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { TERMINAL } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { CONNECTION, VM, withHost } from "../flow/vm-agent.ts";
import { findVm } from "../flow/vm-of-host.ts";
import { escapeLine } from "../output/escape.ts";
import { withRawKeys } from "../terminal/keyboard.ts";
import type { Session } from "../terminal/session.ts";

/** Ctrl-], as telnet and virsh have it. */
const LEAVE_KEY = 0x1d;
const LINGER_MS = 1_000;
/** How long the host may say that a machine runs whose console has ended. */
const SETTLE_MS = 3_000;
const POLL_MS = 100;
/** Colours off, cursor on: whatever the guest left behind. */
const RESET = Buffer.from("\u001b[0m\u001b[?25h");

type End = "left" | "input-over" | "console-over" | "nobody-reads";

export const vmConsole: Command = defineCommand({
  description:
    "Every key goes to the VM; Ctrl-] leaves it. Without a terminal, stdin is typed and stdout gets what the VM writes. One person at a time has a console.",
  positionals: [VM],
  options: {
    force: { kind: "boolean", doc: "Take the console from whoever has it." },
    linger: {
      kind: "duration",
      value: "TIME",
      doc: "When what is piped in has ended: leave after the VM has been silent for so long; 1s when not given.",
    },
    ...CONNECTION,
    ...TERMINAL,
  },
  examples: [
    { run: "ghost vm console web", does: "sit at a VM's serial console" },
    { run: "echo uptime | ghost vm console web --linger 5s", does: "type one line, and read until it is quiet" },
  ],
  graceful: true,
  async run({ options, positionals: [vm = ""] }, session) {
    try {
      const ended = await withHost(options, session, async (host) => {
        await using console = await host.openConsole(vm, { force: options.force, signal: session.stop });
        try {
          return await tellEnd(await converse(console, vm, options.linger ?? LINGER_MS, session), host, vm, session);
        } catch (lost) {
          return { lost };
        }
      });
      if (typeof ended === "number") return ended;
      // The agent was reached: how it is named is not what went wrong.
      throw ended.lost;
    } catch (reason) {
      if (session.stop.aborted) return EXIT.interrupted;
      throw reason;
    }
  },
});

async function converse(console: VmConsole, vm: string, lingerMs: number, session: Session): Promise<End> {
  const stdin = session.stdin();
  const isKeyboard = session.facts.canAsk;
  let heardAt = performance.now();
  const show = async (): Promise<End> => {
    for await (const bytes of console.output) {
      heardAt = performance.now();
      if (!(await session.printBytes(bytes))) return "nobody-reads";
    }
    return "console-over";
  };
  if (!isKeyboard) {
    const shown = show();
    const first = await Promise.race([shown, type(console, stdin, false)]);
    if (first !== "input-over") return first;
    heardAt = performance.now();
    for (let leftMs = lingerMs; leftMs > 0; leftMs = lingerMs - (performance.now() - heardAt)) {
      const end = await Promise.race([shown, sleep(leftMs)]);
      if (end !== undefined) return end;
    }
    return "input-over";
  }
  session.say(`This is the console of VM ${escapeLine(vm)}; Ctrl-] leaves it. Where nothing is seen, Enter may help.\n`);
  try {
    return await withRawKeys(stdin, () => Promise.race([show(), type(console, stdin, true)]));
  } finally {
    if (session.facts.stdoutObeys) await session.printBytes(RESET);
    session.say("\n");
  }
}

/** Types what comes until it ends, or until the key is pressed that leaves. */
async function type(console: VmConsole, stdin: NodeJS.ReadableStream, isKeyboard: boolean): Promise<End> {
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    const leave = isKeyboard ? bytes.indexOf(LEAVE_KEY) : -1;
    if (leave !== 0) await console.write(leave < 0 ? bytes : bytes.subarray(0, leave));
    if (leave >= 0) return "left";
  }
  return isKeyboard ? "left" : "input-over";
}

async function tellEnd(end: End, host: HostClient, vm: string, session: Session): Promise<ExitCode> {
  const name = escapeLine(vm);
  if (end === "left") session.say(`Left the console of VM ${name}.\n`);
  if (end !== "console-over") return EXIT.ok;
  const options = { signal: session.stop };
  let after = await findVm(host, vm, options);
  // A machine that stops lets go of its console first.
  for (let waitedMs = 0; after?.vm.status === "running" && waitedMs < SETTLE_MS; waitedMs += POLL_MS) {
    await sleep(POLL_MS, undefined, options);
    after = await findVm(host, vm, options);
  }
  if (after === undefined || after.vm.status !== "running") {
    session.say(`The console of VM ${name} ended: it is ${after === undefined ? "gone" : escapeLine(after.vm.status)}.\n`);
    return EXIT.ok;
  }
  session.say(`The console of VM ${name} ended although it is running: somebody else took it, or the VM was started again.\n`);
  return EXIT.error;
}
