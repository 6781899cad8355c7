import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineCommand } from "../command/command.ts";
import type { Command } from "../command/command.ts";
import { OUTPUT } from "../command/common-options.ts";
import { nearest } from "../command/nearest.ts";
import { usageProblem } from "../command/usage.ts";
import { EXIT } from "../exit-code.ts";

const SUFFIX = ".schema.json";

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
    const folder = schemaFolder();
    const names = (await readdir(folder)).filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
    if (name === undefined) {
      for (const found of names.toSorted()) {
        session.emit({ type: "schema", name: found });
        session.print(`${found}\n`);
      }
      return EXIT.ok;
    }
    if (!names.includes(name)) {
      const near = nearest(name, names);
      throw usageProblem(
        `There is no schema "${name}"; there are ${names.toSorted().join(", ")}.`,
        { usage: "ghost schema", summary: "" },
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
    session.printRaw(await readFile(path.join(folder, `${name}${SUFFIX}`), "utf8"));
    return EXIT.ok;
  },
});

/** schemas/json of the workspace or package; the bundle has a copy beside its entry. */
function schemaFolder(): string {
  const bundled = new URL("./schemas/", import.meta.url);
  return fileURLToPath(
    import.meta.url.endsWith(".mjs") ? bundled : new URL(".", import.meta.resolve("@ghost/schemas/json/plan.schema.json")),
  );
}
