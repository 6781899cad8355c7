/**
 * The command line, by the parser of yargs: one command's options are the only ones it is told, so that every token has
 * one meaning. What it leaves as text becomes typed values here, and every mistake is a USAGE diagnostic.
 */
import type { GhostError } from "@ghost/schemas";
import { IMPACTS, isImpact } from "@ghost/schemas";
import yargsParser from "yargs-parser";
import type { Command, Invocation, Option, Positional } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { nearest } from "./nearest.ts";
import type { CommandText } from "./usage.ts";
import { HELP, usageProblem } from "./usage.ts";

/** The values of a command line, or `"help"` when it asks for help. Throws USAGE. */
export function parseArguments(command: Command, argv: readonly string[], text: CommandText): Invocation | "help" {
  const parsed = parseWords(command, checkedWords(argv, command, text));
  if (parsed["help"] === true) return "help";
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => [name, parseOption(name, option, parsed[name], text)]),
  );
  const positionals = [...parsed._, ...(parsed["--"] ?? [])].map(String);
  checkPositionals(command.positionals ?? [], positionals, text);
  return { options: options as Invocation["options"], positionals };
}

function parseWords(command: Command, words: string[]): yargsParser.Arguments {
  const options = Object.entries<Option>({ ...command.options, help: HELP });
  const namesOf = (isBoolean: boolean): string[] =>
    options.filter(([, { kind }]) => (kind === "boolean") === isBoolean).map(([name]) => name);
  return yargsParser(words, {
    boolean: namesOf(true),
    string: namesOf(false),
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
    },
  });
}

/**
 * The words for yargs: every option is one that the command has, and a value that yargs would take for an option
 * (`-` is stdin) is tied to its name. Without this, yargs makes an option of whatever starts with a dash.
 */
function checkedWords(argv: readonly string[], command: Command, text: CommandText): string[] {
  const options = new Map<string, Option>([...Object.entries(command.options), ["help", HELP]]);
  const byAlias = new Map([...options].flatMap(([name, { alias }]) => (alias === undefined ? [] : [[alias, name]])));
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") return [...words, ...argv.slice(index)];
    if (!/^-[^\d]/.test(word)) {
      words.push(word);
      continue;
    }
    const short = !word.startsWith("--");
    const [, given = "", value] = (short ? /^-(.)=?(.+)?$/s : /^--([^=]*)(?:=(.*))?$/s).exec(word) ?? [];
    const name = short ? (byAlias.get(given) ?? "") : given;
    const option = options.get(name);
    if (option === undefined) throw unknownOption(short ? `-${given}` : `--${given}`, [...options.keys()], text);
    if (option.kind === "boolean" && value !== undefined && !["true", "false"].includes(value))
      throw usageProblem(`${word} is not understood: --${name} takes no value.`, text);
    const next = argv[index + 1];
    if (option.kind !== "boolean" && value === undefined && next === "-") index += 1;
    const tied = value ?? (next === "-" && option.kind !== "boolean" ? "-" : undefined);
    words.push(tied === undefined ? `--${name}` : `--${name}=${tied}`);
  }
  return words;
}

function unknownOption(dashed: string, names: readonly string[], text: CommandText): GhostError {
  const near = dashed.startsWith("--") ? nearest(dashed.slice(2), names) : undefined;
  return usageProblem(`"${text.usage}" has no option ${dashed}.`, text, near === undefined ? undefined : `Did you mean --${near}?`);
}

function parseOption(name: string, option: Option, value: unknown, text: CommandText): unknown {
  if (option.kind === "boolean") return value === true || (Array.isArray(value) && value.at(-1) === true);
  const texts = value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
  const shown = option.value ?? "a value";
  if (texts.includes("")) throw usageProblem(`--${name} needs ${shown}.`, text);
  if (option.kind === "strings") return texts;
  if (texts.length > 1) throw usageProblem(`--${name} is given ${texts.length} times; it can only have one value.`, text);
  const [given] = texts;
  if (given === undefined) {
    if (option.required === true) throw usageProblem(`--${name} is missing.`, text);
    return undefined;
  }
  return parseValue(name, option, given, text);
}

function parseValue(name: string, option: Option, given: string, text: CommandText): string | number {
  switch (option.kind) {
    case "duration": {
      const ms = parseDuration(given);
      if (ms === undefined || ms === 0) throw usageProblem(`--${name} is "${given}"; it must be a time like 90s, 5m or 1h30m.`, text);
      return ms;
    }
    case "integer": {
      const min = option.min ?? 0;
      const number = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
      if (!(number >= min)) throw usageProblem(`--${name} is "${given}"; it must be a whole number from ${min}.`, text);
      return number;
    }
    case "impact":
      if (!isImpact(given)) throw notOneOf(`--${name}`, given, IMPACTS, text);
      return given;
    default:
      if (option.oneOf !== undefined && !option.oneOf.includes(given)) throw notOneOf(`--${name}`, given, option.oneOf, text);
      return given;
  }
}

function notOneOf(what: string, given: string, allowed: readonly string[], text: CommandText): GhostError {
  const near = nearest(given, allowed);
  return usageProblem(
    `${what} is "${given}"; it must be one of ${allowed.join(", ")}.`,
    text,
    near === undefined ? undefined : `Did you mean ${near}?`,
  );
}

function checkPositionals(expected: readonly Positional[], given: readonly string[], text: CommandText): void {
  const last = expected.at(-1);
  for (const [index, { name, required, oneOf }] of expected.entries()) {
    const value = given[index];
    if (value === undefined && required === true) throw usageProblem(`${name} is missing.`, text);
    if (value === "") throw usageProblem(`${name} is empty.`, text);
    if (value !== undefined && oneOf !== undefined && !oneOf.includes(value)) throw notOneOf(name, value, oneOf, text);
  }
  if (last?.many !== true && given.length > expected.length)
    throw usageProblem(`"${given[expected.length]}" is one argument too many.`, text);
}
