import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import { COMMANDS, GHOSTCTL_COMMANDS } from "../commands/index.ts";
import { nearest } from "./nearest.ts";
import { route } from "./route.ts";

function routed(...argv: string[]): string {
  const found = route(COMMANDS, argv, "ghost");
  return found.kind === "help" ? `help:${found.prefix}:${found.asked}` : [found.entry.name, ...found.rest].join("|");
}

suite("route", () => {
  const cases: readonly (readonly [argv: readonly string[], want: string])[] = [
    [["version"], "version"],
    [["--version"], "version"],
    [["vm", "list", "--json"], "vm list|--json"],
    [["--json", "vm", "list"], "vm list|--json"],
    [["vm", "--json", "list"], "vm list|--json"],
    [["--address", "vm", "vm", "list"], "vm list|--address|vm"],
    [["schema", "vm"], "schema|vm"],
    [["vm", "stop", "--", "--odd"], "vm stop|--|--odd"],
    [[], "help::false"],
    [["--help"], "help::true"],
    [["help"], "help::true"],
    [["help", "vm", "list"], "vm list|--help"],
    [["help", "vm"], "help:vm:true"],
    [["vm"], "help:vm:false"],
    [["vm", "--help"], "help:vm:true"],
    [["schema", "--help"], "schema|--help"],
  ];
  for (const [argv, want] of cases) test(`ghost ${argv.join(" ")}`, () => assert.equal(routed(...argv), want));

  for (const [argv, hint] of [
    [["verison"], /"ghost version"/],
    [["vm", "lst"], /"ghost vm list"/],
    [["vmm"], /"ghost vm"/],
    [["xyzzyx"], /ghost --help/],
    [["--json"], /ghost --help/],
  ] as const) {
    test(`refuses ghost ${argv.join(" ")}`, () => {
      assert.throws(
        () => routed(...argv),
        (error) => error instanceof GhostError && error.diagnostics[0].code === "USAGE" && hint.test(error.diagnostics[0].hint ?? ""),
      );
    });
  }

  test("ghostctl has the commands of the original and no other", () => {
    assert.deepEqual(
      GHOSTCTL_COMMANDS.map(({ name }) => name),
      ["vm create", "vm delete", "vm start", "vm stop", "vm status", "vm list", "version"],
    );
  });
});

test("nearest finds what was meant, and nothing where nothing is near", () => {
  const words = ["plan", "apply", "status", "export"];
  for (const [typed, want] of [
    ["paln", "plan"],
    ["aply", "apply"],
    ["statsu", "status"],
    ["exprot", "export"],
    ["zebra", undefined],
    ["p", undefined],
  ] as const) {
    assert.equal(nearest(typed, words), want, typed);
  }
});
