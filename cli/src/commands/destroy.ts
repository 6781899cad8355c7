import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC, TARGETS } from "../command/common-options.ts";
import { runChange } from "../flow/change.ts";
import { planFor } from "../flow/plan.ts";

export const destroy: Command = defineCommand({
  description:
    "Plans the deletion of every VM that the stack owns, disks too, and asks. A protected VM is refused; one with `on_remove: retain` is released and runs on.",
  options: { ...SPEC, ...APPLYING, ...TARGETS, ...CALLS, ...OUTPUT },
  examples: [
    { run: "ghost destroy", does: "delete all, after a question" },
    { run: "ghost destroy --yes --max-impact data-loss --max-destroy 2", does: "where nobody can be asked" },
    { run: "ghost destroy --target web", does: "one block's VMs" },
  ],
  graceful: true,
  run: ({ options }, session) =>
    runChange({
      flags: options,
      session,
      usage: "ghost destroy",
      makePlan: (surveyed, more) =>
        planFor(surveyed, options, session, { ...more, destroy: true, targets: options.target, exclude: options.exclude }),
    }),
});
