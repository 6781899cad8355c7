import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { golden } from "../../../test/support/golden.ts";
import { COMMANDS, GHOSTCTL_COMMANDS } from "../commands/index.ts";
import { cliReference } from "../reference.ts";
import { completionScript } from "./completion.ts";
import { overviewHelp } from "./overview.ts";
import { commandHelp } from "./help.ts";

suite("help", () => {
  for (const columns of [80, 40]) {
    test(`of everything, ${columns} columns`, (t) =>
      golden(t, import.meta.url, `help-${columns}.txt`, overviewHelp(COMMANDS, "ghost", "", columns)));
  }
  test("of a group", (t) => golden(t, import.meta.url, "help-op.txt", overviewHelp(COMMANDS, "ghost", "op", 80)));
  test("of ghostctl", (t) => golden(t, import.meta.url, "help-ghostctl.txt", overviewHelp(GHOSTCTL_COMMANDS, "ghostctl", "", 80)));

  for (const { name, summary, load } of COMMANDS) {
    test(`of ${name}`, async (t) => {
      const command = await load();
      const text = await commandHelp(command, { usage: `ghost ${name}`, summary }, 80);
      golden(t, import.meta.url, `help-${name.replaceAll(" ", "-")}.txt`, text);
      assert.match(text, /\nExamples:\n {2}# /);
      for (const { run } of command.examples) assert.match(run, /\bghost(ctl)?\b/);
    });
  }

  test("every command is in a group of the overview", () => {
    const text = overviewHelp(COMMANDS, "ghost", "", 80);
    for (const { name } of COMMANDS) assert.match(text, new RegExp(`^  ${name} `, "m"), name);
  });

  test("summaries are clauses, documentation is sentences", async () => {
    for (const { name, summary, load } of COMMANDS) {
      assert.match(summary, /^[a-z].*[^.]$/, name);
      const command = await load();
      if (command.description !== undefined) assert.match(command.description, /^[A-Z`].*\.$/, name);
      for (const [option, { doc }] of Object.entries(command.options)) assert.match(doc, /^[A-Z`].*\.$/, `${name} --${option}`);
      for (const { doc } of command.positionals ?? []) assert.match(doc, /^[A-Z`].*\.$/, name);
    }
  });
});

test("the reference page has every command and option", async () => {
  const page = await cliReference();
  for (const { name, load } of COMMANDS) {
    const at = page.indexOf(`## ghost ${name}\n`);
    assert.ok(at > 0, name);
    for (const option of Object.keys((await load()).options)) assert.ok(page.indexOf(`\`--${option}`, at) > 0, `${name} --${option}`);
  }
});

test("a completion script is as its golden file says", async (t) => {
  const entries = await Promise.all(GHOSTCTL_COMMANDS.map(async (entry) => ({ ...entry, command: await entry.load() })));
  golden(t, import.meta.url, "completion.fish", completionScript("fish", "ghostctl", entries));
});
