/**
 * Rewrites everything that is generated and committed. `npm run check` fails when the result differs from what is
 * there. With names as arguments (`proto`, `schemas`, `libvirt`, `cdk`, `docs`) only those parts.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PROVIDER_NAME } from "@ghost/schemas";
import { ghostProvider } from "../provider/src/ghost/provider.ts";
import { schemaDocuments } from "../schemas/src/faces/documents.ts";
import { referencePages } from "../schemas/src/faces/reference-page.ts";
import { providerSchema, staleBindings } from "./cdk/bindings.ts";
import { FRAMEWORKS, packageFolder } from "./cdk/packages.ts";
import { descriptorsModule } from "./descriptors.ts";
import { libvirtProtocol } from "./libvirt-protocol.ts";
import { registryPages } from "./registry-docs.ts";
import { validatorFiles } from "./validators.ts";

const root = path.join(import.meta.dirname, "..");
const buf = path.join(root, "node_modules/.bin/buf");

const parts: Readonly<Record<string, () => void | Promise<void>>> = {
  proto: () => {
    writeFolder("proto/gen", [...generatedByBuf("proto"), ["descriptors.ts", descriptorsModule(buf, path.join(root, "proto"))]]);
  },
  provider: () => writeFolder("provider/gen", generatedByBuf("provider/proto")),
  schemas: () => {
    const documents = schemaDocuments();
    writeFolder(
      "schemas/json",
      Object.entries(documents).map(([name, document]) => [`${name}.schema.json`, `${JSON.stringify(document, undefined, 2)}\n`]),
    );
    writeFolder("schemas/gen", validatorFiles(documents));
  },
  // Its sources are not part of the repository (libvirt/README.md): without them the table stays as it is.
  libvirt: () => {
    const source = process.env["GHOST_LIBVIRT_SOURCE"];
    if (source !== undefined) writeFolder("libvirt/gen", libvirtProtocol(source));
  },
  cdk: () => {
    writeFolder("provider/cdk/gen", [["schema.json", `${JSON.stringify(providerSchema(), undefined, 2)}\n`]]);
    for (const framework of FRAMEWORKS) {
      const files = staleBindings(framework);
      if (files !== undefined) writeFolder(`${packageFolder(framework)}/src`, files);
    }
  },
  docs: async () => {
    // Loaded here: the commands load what the other parts have just made.
    const { cliReference } = await import("../cli/src/reference.ts");
    const pages = { ...referencePages(), cli: await cliReference() };
    writeFolder(
      "docs/reference",
      Object.entries(pages).map(([name, text]) => [`${name}.md`, text]),
    );
    writeFolder(
      "provider/docs",
      Object.entries(registryPages(PROVIDER_NAME, ghostProvider(""))).map(([name, text]) => [`${name}.md`, text]),
    );
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(parts) : wanted) {
  const generate = parts[name];
  if (generate === undefined) throw new Error(`There is no part "${name}"; there are ${Object.keys(parts).join(", ")}.`);
  await generate();
}

/** What the plugins of the folder's buf.gen.yaml make of its contracts. */
function generatedByBuf(folder: string): readonly (readonly [name: string, text: string])[] {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "ghost-generate-"));
  try {
    execFileSync(buf, ["generate", "--output", scratch], { cwd: path.join(root, folder), stdio: "inherit" });
    const generated = path.join(scratch, "gen");
    return filesIn(generated).map((name) => [name, readFileSync(path.join(generated, name), "utf8")] as const);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Makes the folder hold exactly these files. What is current is not touched: whoever reads it meanwhile is not disturbed. */
function writeFolder(folder: string, files: readonly (readonly [name: string, text: string])[]): void {
  const absolute = path.join(root, folder);
  mkdirSync(absolute, { recursive: true });
  const present = new Set(filesIn(absolute));
  for (const [name, text] of files) {
    const file = path.join(absolute, name);
    if (!present.delete(name) || readFileSync(file, "utf8") !== text) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  for (const name of present) rmSync(path.join(absolute, name));
}

function filesIn(folder: string): readonly string[] {
  return globSync("**/*.*", { cwd: folder }).map((name) => name.replaceAll(path.sep, "/"));
}
