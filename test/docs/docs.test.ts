/** Everything the docs show is run: specs are planned and applied on simulated hosts, commands are typed as written. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { codes } from "@ghost/schemas";
import { ghost, tempFolder } from "../support/ghost.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface Block {
  readonly language: string;
  /** What follows the language on the opening line. */
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

function blocksOf(markdown: string): readonly Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    const opening = /^```(\w+) ?(.*)$/.exec(lines[start] ?? "");
    if (opening === null) continue;
    const end = lines.indexOf("```", start + 1);
    blocks.push({ language: opening[1] ?? "", info: opening[2] ?? "", text: lines.slice(start + 1, end).join("\n"), line: start + 1 });
    start = end;
  }
  return blocks;
}

async function readDoc(name: string): Promise<string> {
  return readFile(path.join(ROOT, "docs", name), "utf8");
}

/** A folder with a `ghost` command in front of the PATH. */
async function commandFolder(folder: string): Promise<string> {
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  await writeFile(path.join(bin, "ghost"), `#!/bin/sh\nexec "${process.execPath}" "${path.join(ROOT, "cli/bin/ghost.js")}" "$@"\n`);
  await chmod(path.join(bin, "ghost"), 0o755);
  return bin;
}

/** A real agent's address on the pages, and the simulated host that stands for it here. */
const [REAL, STAND_IN] = ["unix:/run/ghost/agent.sock", "embedded:.ghost/pc"];

for (const page of ["getting-started.md", "first-vm.md", "vm.md"]) {
  test(`the commands of ${page}, typed as written and in their order, do what the page says`, async () => {
    await using temp = await tempFolder();
    const bin = await commandFolder(temp.path);
    const cwd = path.join(temp.path, "home");
    await mkdir(cwd);
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, CI: "true" };
    // A page that does not end its simulated hosts leaves them to this.
    await using _ = { [Symbol.asyncDispose]: async () => void (await ghost(["agent", "stop"], { cwd })) };
    for (const block of blocksOf(await readDoc(page))) {
      const file = /^file=(.+)$/.exec(block.info)?.[1];
      if (file !== undefined) await writeFile(path.join(cwd, file), block.text.replace(REAL, STAND_IN));
      // `host`: what changes the machine, or needs a real one.
      if (block.language !== "sh" || block.info === "ci" || block.info === "host") continue;
      const { status, stdout, stderr } = spawnSync("sh", ["-ec", block.text], { cwd, env, encoding: "utf8", input: "" });
      assert.equal(status, 0, `line ${block.line}:\n${block.text}\n${stdout}\n${stderr}`);
    }
  });
}

suite("the spec by example", async () => {
  for (const block of blocksOf(await readDoc("spec.md"))) {
    test(`the spec at line ${block.line} is applied and then plans empty`, async () => {
      await using temp = await tempFolder();
      const spec = path.join(temp.path, "ghost.yaml");
      await writeFile(spec, block.text);
      const env = { WEB_PASSWORD: "correct horse" };
      const applied = await ghost(["apply", "-f", spec, "--yes"], { env });
      assert.equal(applied.code, 0, applied.stderr + applied.stdout);
      const planned = await ghost(["plan", "-f", spec, "--detailed-exitcode"], { env });
      assert.equal(planned.code, 0, planned.stderr + planned.stdout);
      assert.equal((await ghost(["agent", "stop", "-f", spec])).code, 0);
    });
  }
});

suite("examples", async () => {
  for (const name of (await readdir(path.join(ROOT, "examples"), { recursive: true })).filter(
    (file) => file.endsWith("ghost.yaml") && !file.includes("node_modules"),
  )) {
    test(`${name} is valid`, async () => {
      const { code, stdout, stderr } = await ghost(["validate", "-f", path.join(ROOT, "examples", name)]);
      assert.equal(code, 0, stdout + stderr);
    });
  }
});

test("docs/errors.md has one entry for each code, and no other", async () => {
  const headings = new Set([...(await readDoc("errors.md")).matchAll(/^### (\w+)$/gm)].map((match) => match[1]));
  assert.deepEqual(headings, new Set(Object.keys(codes)));
});

test("links between the pages lead somewhere", async () => {
  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    ...(await readdir(path.join(ROOT, "docs"), { recursive: true })).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
  ];
  for (const page of pages) {
    const text = await readFile(path.join(ROOT, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const file = path.join(ROOT, path.dirname(page), target);
      await assert.doesNotReject(
        readFile(file).catch((error: NodeJS.ErrnoException) => (error.code === "EISDIR" ? undefined : Promise.reject(error))),
        `${page} links to ${target}`,
      );
    }
  }
});
