import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { readSpec } from "../flow/spec.ts";
import { escapeLine } from "../output/escape.ts";
import { plural } from "../output/plan-model.ts";

export const validate: Command = defineCommand({
  description: "Tells every problem at once, each with its line. No agent is asked.",
  options: { ...SPEC, ...OUTPUT },
  examples: [
    { run: "ghost validate", does: "check ghost.yaml of this folder" },
    { run: "ghost validate -f base.yaml -f lab.yaml --var ram=4", does: "check two files that make one spec" },
    { run: "ghost validate -f - < ghost.yaml", does: "check what comes from stdin" },
  ],
  async run({ options }, session) {
    const { desired, sources } = await readSpec(options, session);
    const { stack, agents, vms, specHash } = desired;
    session.emit({ type: "valid", stack, agents: agents.length, vms: vms.length, spec_hash: specHash });
    const files = sources.map(({ file }) => escapeLine(file)).join(", ");
    session.print(
      `${files} ${sources.length === 1 ? "is" : "are"} valid: stack ${stack}, ${plural(agents.length, "agent")}, ${plural(vms.length, "VM")}.\n`,
    );
    return EXIT.ok;
  },
});
