import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { suite, test } from "node:test";
import { COMMANDS } from "../commands/index.ts";
import { completionScript } from "./completion.ts";

const ENTRIES = await Promise.all(COMMANDS.map(async (entry) => ({ ...entry, command: await entry.load() })));
const BASH = completionScript("bash", "ghost", ENTRIES);

/** What bash offers after these words; the last is the one that is typed. */
function complete(...words: string[]): readonly string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `${BASH}\nCOMP_WORDS=(ghost ${quoted}); COMP_CWORD=${words.length}; _ghost; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
}

suite("completion in bash", () => {
  test("commands", () => assert.deepEqual(complete("vers"), ["version"]));
  test("second words", () => assert.deepEqual(complete("vm", "st"), ["start", "stop", "status"]));
  test("options of the command", () => assert.deepEqual(complete("vm", "stop", "--fo"), ["--force"]));
  test("options after others", () => assert.deepEqual(complete("vm", "--json", "list", "--addr"), ["--address"]));
  test("choices of an argument", () => assert.deepEqual(complete("completion", ""), ["bash", "zsh", "fish"]));
  test("nothing where nothing is known", () => assert.deepEqual(complete("vm", "stop", "zz"), [""]));
});

test("every shell's script names every command", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, "ghost", ENTRIES);
    for (const { name } of ENTRIES)
      for (const word of name.split(" ")) assert.match(script, new RegExp(`\\b${word}\\b`), `${shell}: ${name}`);
  }
});
