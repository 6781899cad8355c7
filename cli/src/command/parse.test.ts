import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError } from "@ghost/schemas";
import type { Command } from "./command.ts";
import { APPLYING, CALLS, OUTPUT, SPEC } from "./common-options.ts";
import { commandHelp } from "./help.ts";
import { parseArguments } from "./parse.ts";

const TEXT = { usage: "ghost try", summary: "try something" };
const COMMAND = {
  description: "A command for tests.",
  positionals: [{ name: "FILE", doc: "A file." }],
  options: {
    ...SPEC,
    ...APPLYING,
    ...CALLS,
    out: { kind: "string", value: "FILE", doc: "Where to." },
    format: { kind: "string", oneOf: ["text", "markdown"], doc: "How." },
    ...OUTPUT,
  },
  examples: [{ run: "ghost try", does: "try" }],
  run: async () => 0,
} as const satisfies Command;

/** What is not empty of the parsed line. */
function parse(...argv: string[]): unknown {
  const parsed = parseArguments(COMMAND, argv, TEXT);
  if (parsed === "help") return parsed;
  const options = Object.fromEntries(
    Object.entries<unknown>(parsed.options).filter(
      ([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
    ),
  );
  return parsed.positionals.length === 0 ? options : { ...options, _: parsed.positionals };
}

suite("parseArguments", () => {
  const good: readonly (readonly [argv: readonly string[], want: unknown])[] = [
    [[], {}],
    [["-f", "a.yaml", "--file", "b", "--file=c"], { file: ["a.yaml", "b", "c"] }],
    [["-f", "-"], { file: ["-"] }],
    [["--file", "-"], { file: ["-"] }],
    [["-fa.yaml"], { file: ["a.yaml"] }],
    [["--var", "x=", "--var", "y=a=b", "--var=z=-1"], { var: ["x=", "y=a=b", "z=-1"] }],
    [["--timeout", "1h30m"], { timeout: 5_400_000 }],
    [["--max-impact", "data-loss", "--max-destroy", "0"], { "max-impact": "data-loss", "max-destroy": 0 }],
    [["--no-tty", "--no-color", "-y"], { "no-tty": true, "no-color": true, yes: true }],
    [["--json=false"], {}],
    [["plan.json", "--json"], { json: true, _: ["plan.json"] }],
    [["--", "--odd"], { _: ["--odd"] }],
    [["--format", "markdown"], { format: "markdown" }],
    [["--help"], "help"],
  ];
  for (const [argv, want] of good) {
    test(`ghost try ${argv.join(" ")}`, () => assert.deepEqual(parse(...argv), want));
  }

  const bad: readonly (readonly [argv: readonly string[], detail: RegExp, hint?: RegExp])[] = [
    [["--max-impct", "live"], /no option --max-impct/, /--max-impact/],
    [["-z"], /no option -z/],
    [["--constructor"], /no option --constructor/],
    [["--__proto__", "1"], /no option --__proto__/],
    [["--no-json"], /no option --no-json/],
    [["--file.x", "1"], /no option --file\.x/, /--file/],
    [["--out"], /--out needs FILE/],
    [["--out", "--json"], /--out needs FILE/],
    [["--out="], /--out needs FILE/],
    [["--out", "a", "--out", "b"], /--out is given 2 times/],
    [["--yes=maybe"], /--yes takes no value/],
    [["--timeout", "5"], /like 90s, 5m or 1h30m/],
    [["--timeout", "0s"], /like 90s/],
    [["--parallel", "0"], /whole number from 1/],
    [["--max-destroy", "-1"], /whole number from 0/],
    [["--max-destroy", "1e3"], /whole number/],
    [["--max-impact", "rstart"], /must be one of none, /, /restart/],
    [["--format", "md"], /one of text, markdown/],
    [["a", "b"], /"b" is one argument too many/],
    [[""], /FILE is empty/],
  ];
  for (const [argv, detail, hint] of bad) {
    test(`refuses ghost try ${argv.join(" ")}`, () => {
      assert.throws(
        () => parse(...argv),
        (error) =>
          error instanceof GhostError &&
          error.diagnostics[0].code === "USAGE" &&
          detail.test(error.diagnostics[0].detail) &&
          (hint ?? /--help|Did you mean/).test(error.diagnostics[0].hint ?? ""),
      );
    });
  }

  test("an unknown option is told even beside --help", () => assert.throws(() => parse("-h", "--nothing"), GhostError));
});

test("help fits the width", async () => {
  const text = await commandHelp(COMMAND, TEXT, 60);
  for (const line of text.split("\n")) assert.ok(line.length <= 60, line);
});
