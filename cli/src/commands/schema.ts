import { schemaDocuments } from "@ghost/schemas/documents";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { nearest } from "../command/nearest.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";

export const schema: Command = defineCommand({
  description:
    "Editors check a spec with the schema named ghost: put `# yaml-language-server: $schema=ghost.schema.json` on its first line. Without a name, the names are printed.",
  positionals: [{ name: "NAME", doc: "Which schema." }],
  options: OUTPUT,
  examples: [
    { run: "ghost schema", does: "the names of all schemas" },
    { run: "ghost schema ghost > ghost.schema.json", does: "the schema of a spec, for an editor" },
    { run: "ghost schema plan", does: "the schema of a saved plan" },
  ],
  async run({ positionals: [name] }, session) {
    const documents = schemaDocuments();
    const names = Object.keys(documents).toSorted();
    if (name === undefined) {
      for (const found of names) {
        session.emit({ type: "schema", name: found });
        session.print(`${found}\n`);
      }
      return EXIT.ok;
    }
    if (!names.includes(name)) {
      const near = nearest(name, names);
      throw usageProblem(
        `There is no schema "${name}"; there are ${names.join(", ")}.`,
        { usage: "ghost schema", summary: "" },
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
    session.printRaw(`${JSON.stringify(documents[name], undefined, 2)}\n`);
    return EXIT.ok;
  },
});
