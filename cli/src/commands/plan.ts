import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { CALLS, LIMITS, OUTPUT, PARTIAL, SPEC, TARGETS } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { openFleet } from "../flow/fleet.ts";
import { writeWhole } from "../flow/files.ts";
import { planExit, planFor, showPlan, survey } from "../flow/plan.ts";
import { quote, specWords } from "../flow/spec.ts";
import { hasChanges } from "../output/plan-model.ts";

export const plan: Command = defineCommand({
  description:
    "Compares the spec with the live state of the agents and says what each change does to the running machine. Changes nothing.",
  options: {
    ...SPEC,
    out: { kind: "string", alias: "o", value: "FILE", doc: "Save the plan; `ghost apply FILE` does exactly it." },
    format: { kind: "string", value: "FORMAT", oneOf: ["text", "markdown"], doc: "Markdown is the comment for a pull request." },
    "detailed-exitcode": { kind: "boolean", doc: "Exit with 2 when there are changes." },
    ...LIMITS,
    ...TARGETS,
    ...PARTIAL,
    ...CALLS,
    ...OUTPUT,
  },
  examples: [
    { run: "ghost plan", does: "what would change" },
    { run: "ghost plan -f shop/ --var web_count=3 --out plan.json", does: "save the plan of a folder of files, for ghost apply plan.json" },
    { run: "ghost plan --format markdown > comment.md", does: "the comment for a pull request" },
    { run: "ghost plan --json --detailed-exitcode | jq .summary", does: "for a script" },
  ],
  async run({ options }, session) {
    await using fleet = openFleet(session);
    const surveyed = await survey(options, fleet, session);
    const document = planFor(surveyed, options, session, { targets: options.target, exclude: options.exclude });
    if (options.out !== undefined) await writeWhole(options.out, `${JSON.stringify(document)}\n`, session);
    session.emit(document);
    if (options.format === "markdown") {
      const { renderPlanMarkdown } = await import("../output/plan-markdown.ts");
      if (!session.json) session.printRaw(await renderPlanMarkdown(document));
      session.tell(document.diagnostics.filter(({ severity }) => severity === "error"));
    } else await showPlan(document, session, session.print, session.result);
    const exit = planExit(document);
    if (exit !== EXIT.error && (hasChanges(document) || options.out !== undefined)) session.say(nextStep(options.out, specWords(options)));
    return exit === EXIT.ok && options["detailed-exitcode"] && hasChanges(document) ? EXIT.changes : exit;
  },
});

function nextStep(out: string | undefined, words: string): string {
  return out === undefined ? `\nTo do it: ghost apply${words}\n` : `\nSaved. To do exactly this: ghost apply ${quote(out)}\n`;
}
