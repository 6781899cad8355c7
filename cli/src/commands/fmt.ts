import path from "node:path";
import { formatSpec } from "@ghost/engine";
import type { Diagnostic, Diagnostics } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT, SPEC } from "../command/common-options.ts";
import { EXIT } from "../exit-code.ts";
import { writeWhole } from "../flow/files.ts";
import { loadSources } from "../flow/spec.ts";
import { escapeLine } from "../output/escape.ts";

export const fmt: Command = defineCommand({
  description:
    "Two spaces of indentation and the reference's order of keys; comments stay where they belong. With -f - the result goes to stdout.",
  options: { file: SPEC.file, check: { kind: "boolean", doc: "Write nothing; exit with 1 when a file would change." }, ...OUTPUT },
  examples: [
    { run: "ghost fmt", does: "format ghost.yaml of this folder" },
    { run: "ghost fmt --check -f shop/", does: "in CI: name the files that are not formatted" },
    { run: "ghost fmt -f - < draft.yaml", does: "from stdin to stdout" },
  ],
  async run({ options }, session) {
    const problems: Diagnostic[] = [];
    let changed = 0;
    for (const source of await loadSources(options.file, session)) {
      const { text, diagnostics } = await formatSpec(source);
      problems.push(...diagnostics);
      if (text === undefined) continue;
      const isStdin = source.file === "<stdin>";
      if (isStdin && !options.check) session.printRaw(text);
      if (text === source.text) continue;
      changed += 1;
      session.emit({ type: "formatted", file: source.file });
      if (isStdin && !options.check) continue;
      if (!options.check) await writeWhole(path.resolve(session.cwd, source.file), text, session);
      session.print(`${escapeLine(source.file)}\n`);
    }
    if (problems.length > 0) throw new GhostError(problems as readonly Diagnostic[] as Diagnostics);
    return options.check && changed > 0 ? EXIT.error : EXIT.ok;
  },
});
