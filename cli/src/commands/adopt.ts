import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC } from "../command/common-options.ts";
import { runChange } from "../flow/change.ts";
import { narrowToVms } from "../flow/objects.ts";
import { planFor } from "../flow/plan.ts";

export const adopt: Command = defineCommand({
  description:
    "The VM needs a block in the spec; what differs from it changes with the adoption, and the plan says what that does. `ghost export --adopt` writes such blocks.",
  positionals: [{ name: "AGENT/NAME", doc: "VMs that belong to nobody, or to somebody else.", required: true, many: true }],
  options: { ...SPEC, ...APPLYING, ...CALLS, ...OUTPUT },
  examples: [
    { run: "ghost adopt desk/web", does: "take over a VM that somebody made by hand" },
    { run: "ghost adopt desk/web desk/db --yes --max-impact restart", does: "two of them, without a question" },
  ],
  graceful: true,
  run: ({ options, positionals }, session) =>
    runChange({
      flags: options,
      session,
      usage: "ghost adopt",
      makePlan({ desired, ...rest }, more) {
        const narrowed = narrowToVms(desired, positionals, "Write its block into the spec first; ghost export --adopt prints one.");
        const adopting = { ...narrowed, vms: narrowed.vms.map((vm) => ({ ...vm, adopt: true })) };
        return planFor({ ...rest, desired: adopting }, options, session, { ...more, targets: adopting.vms.map(({ name }) => name) });
      },
    }),
});
