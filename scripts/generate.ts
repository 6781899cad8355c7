/**
 * Rewrites everything that is generated and committed. `npm run check` fails when the result differs from what is
 * there. With names as arguments (`proto`, `schemas`, `docs`) only those parts.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { schemaDocuments } from "../schemas/src/faces/documents.ts";
import { referencePages } from "../schemas/src/faces/reference-page.ts";
import { validatorFiles } from "./validators.ts";

const root = path.join(import.meta.dirname, "..");

const parts: Readonly<Record<string, () => void>> = {
  proto: () => {
    execFileSync("npx", ["buf", "generate"], { cwd: path.join(root, "proto"), stdio: "inherit" });
  },
  schemas: () => {
    const documents = schemaDocuments();
    writeFolder(
      "schemas/json",
      Object.entries(documents).map(([name, document]) => [`${name}.schema.json`, `${JSON.stringify(document, undefined, 2)}\n`]),
    );
    writeFolder("schemas/gen", validatorFiles(documents));
  },
  docs: () => {
    writeFolder(
      "docs/reference",
      Object.entries(referencePages()).map(([name, text]) => [`${name}.md`, text]),
    );
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(parts) : wanted) {
  const generate = parts[name];
  if (generate === undefined) throw new Error(`There is no part "${name}"; there are ${Object.keys(parts).join(", ")}.`);
  generate();
}

/** Makes the folder hold exactly these files. */
function writeFolder(folder: string, files: readonly (readonly [name: string, text: string])[]): void {
  const absolute = path.join(root, folder);
  mkdirSync(absolute, { recursive: true });
  const names = new Set(files.map(([name]) => name));
  for (const name of readdirSync(absolute)) if (!names.has(name)) rmSync(path.join(absolute, name), { recursive: true });
  for (const [name, text] of files) writeFileSync(path.join(absolute, name), text);
}
