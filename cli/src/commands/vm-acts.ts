/** `ghost vm suspend|resume|restart`: what a person does to one VM without a plan. */
import type { VmAction } from "@ghost/proto/client";
import { defineCommand } from "../command/command.ts";
import type { Command, OptionValues } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import type { ExitCode } from "../exit-code.ts";
import { carryOut, CEILING } from "../flow/vm-act.ts";
import { CONNECTION, VM, withHost } from "../flow/vm-agent.ts";
import type { Session } from "../terminal/session.ts";
import { tellPower } from "./vm.ts";

const OPTIONS = { ...CEILING, ...CONNECTION, ...OUTPUT } as const;

export const vmSuspend: Command = defineCommand({
  description:
    "The guest stands still, with its memory, until `ghost vm resume`; it keeps the host's memory meanwhile. Its impact is stop.",
  positionals: [VM],
  options: OPTIONS,
  examples: [{ run: "ghost vm suspend my-vm", does: "let a VM stand still" }],
  run: ({ options, positionals: [vm = ""] }, session) => act("suspend", vm, options, session),
});

export const vmResume: Command = defineCommand({
  positionals: [VM],
  options: OPTIONS,
  examples: [{ run: "ghost vm resume my-vm", does: "let a suspended VM go on" }],
  run: ({ options, positionals: [vm = ""] }, session) => act("resume", vm, options, session),
});

export const vmRestart: Command = defineCommand({
  description:
    "Asks the guest to shut down, powers it off when it does not within stop_timeout_s, and starts it again. What waits for the next boot takes effect.",
  positionals: [VM],
  options: OPTIONS,
  examples: [
    { run: "ghost vm restart my-vm", does: "shut a VM down and start it again" },
    { run: "ghost vm restart my-vm --max-impact live", does: "is refused: a restart is worse than live" },
  ],
  run: ({ options, positionals: [vm = ""] }, session) => act("restart", vm, options, session),
});

async function act(action: VmAction, vm: string, options: OptionValues<typeof OPTIONS>, session: Session): Promise<ExitCode> {
  const maxImpact = options["max-impact"];
  return await withHost(options, session, async (host, agent) => {
    const { vm: after } = await carryOut(host, agent, { vm, action, ...(maxImpact && { maxImpact }) }, session);
    tellPower(session, vm, after?.status ?? "gone");
    return EXIT.ok;
  });
}
