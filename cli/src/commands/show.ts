import { checkPlan } from "@ghost/engine";
import type { Diagnostic, PlanDocument } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { readPlan } from "../flow/files.ts";
import { planExit, showPlan } from "../flow/plan.ts";

export const show: Command = defineCommand({
  description: "Shows it as `ghost plan` did when it was made, and says when it has expired or was changed since; no agent is asked.",
  positionals: [{ name: "FILE", doc: "A plan saved by `ghost plan --out`; - is stdin.", required: true }],
  options: {
    format: { kind: "string", value: "FORMAT", oneOf: ["text", "markdown"], doc: "Markdown is the comment for a pull request." },
    ...OUTPUT,
  },
  examples: [
    { run: "ghost show plan.json", does: "read a saved plan" },
    { run: "ghost show plan.json --format markdown", does: "the comment for a pull request" },
  ],
  async run({ options, positionals: [file = ""] }, session) {
    const plan = await readPlan(file, session);
    session.emit(plan);
    if (options.format === "markdown" && !session.json) {
      const { renderPlanMarkdown } = await import("../output/plan-markdown.ts");
      session.printRaw(await renderPlanMarkdown(plan));
    } else await showPlan(plan, session, session.print, session.result);
    const remarks = remarksOn(plan);
    session.report(remarks);
    return remarks.some(({ severity }) => severity === "error") ? EXIT.error : planExit(plan);
  },
});

/** Why the plan would be refused by now, beside what it says itself. An old plan can still be read. */
function remarksOn(plan: PlanDocument): Diagnostic[] {
  return checkPlan(plan, new Date())
    .filter((found) => !plan.diagnostics.includes(found))
    .map((found) => (found.code === "PLAN_EXPIRED" ? { ...found, severity: "warning" } : found));
}
