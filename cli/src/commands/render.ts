import { explainEffective, renderEffective } from "@ghost/engine";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { readSpec } from "../flow/spec.ts";

export const render: Command = defineCommand({
  description: "Variables, templates and replicas are resolved; the result is a spec again. No agent is asked.",
  options: { ...SPEC, explain: { kind: "boolean", doc: "Say behind each value where it comes from." }, ...OUTPUT },
  examples: [
    { run: "ghost render", does: "the spec as the planner sees it" },
    { run: "ghost render --explain --var ram=4", does: "with the origin of each value" },
  ],
  async run({ options }, session) {
    const { desired } = await readSpec(options, session);
    if (!session.json) session.printRaw(renderEffective(desired, { explain: options.explain }));
    for (const value of explainEffective(desired)) session.emit({ type: "value", ...value });
    return EXIT.ok;
  },
});
