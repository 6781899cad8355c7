/**
 * The command line, by yargs: one command's options are the only ones yargs is told, so that every token has one
 * meaning. What yargs leaves as text becomes typed values here, and every mistake is a USAGE diagnostic.
 */
import type { GhostError, Impact } from "@ghost/schemas";
import { IMPACTS, isImpact, problem } from "@ghost/schemas";
import yargs from "yargs";
import type { Argv } from "yargs";
import type { Command, Example, Invocation, Option, Positional } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { nearest } from "./nearest.ts";

export interface CommandText {
  /** `ghost plan`. */
  readonly usage: string;
  readonly summary: string;
}

const HELP: Option = { kind: "boolean", alias: "h", doc: "Print this help." };

/** The values of a command line, or `"help"` when it asks for help. Throws USAGE. */
export function parseArguments(command: Command, argv: readonly string[], text: CommandText): Invocation | "help" {
  const parsed = parser(command, text).parse([...argv]) as Record<string, unknown> & { _: (string | number)[]; "--"?: string[] };
  if (parsed["help"] === true) return "help";
  const known = new Set([...Object.keys(command.options), "help", "_", "$0", "--"]);
  for (const name of Object.keys(parsed)) if (!known.has(name)) throw unknownOption(name, command, text);
  const options = Object.fromEntries(Object.entries(command.options).map(([name, option]) => [name, parseOption(name, option, parsed[name], text)]));
  const positionals = [...parsed._, ...(parsed["--"] ?? [])].map(String);
  checkPositionals(command.positionals ?? [], positionals, text);
  return { options: options as Invocation["options"], positionals };
}

/** The help page of a command, fitted to the width. */
export async function commandHelp(command: Command, text: CommandText, columns: number): Promise<string> {
  return `${await parser(command, text).wrap(columns).getHelp()}\n`;
}

/** `ghost apply [options] [FILE]`. */
export function usageLine(command: Command, usage: string): string {
  const positionals = (command.positionals ?? []).map(({ name, required, many }) => {
    const shown = many === true ? `${name}...` : name;
    return required === true ? ` ${shown}` : ` [${shown}]`;
  });
  return `${usage}${positionals.join("")} [options]`;
}

/** What help and the reference page say of an option after its name. */
export function optionDoc(option: Option): string {
  const one = option.kind === "impact" ? IMPACTS : option.oneOf;
  const value = one === undefined ? "" : ` One of ${one.join(", ")}.`;
  return `${option.doc}${value}${option.kind === "strings" ? " May be repeated." : ""}`;
}

export function usageProblem(detail: string, { usage }: CommandText, hint?: string): GhostError {
  return problem("USAGE", detail, { hint: hint ?? `Run "${usage} --help".` });
}

function parser(command: Command, text: CommandText): Argv {
  const positionals = (command.positionals ?? []).map(({ name, doc }) => `  ${name}  ${doc}`);
  const about = [`${text.summary.charAt(0).toUpperCase()}${text.summary.slice(1)}.`, ...(command.description === undefined ? [] : [command.description])];
  const usage = [`Usage: ${usageLine(command, text.usage)}`, "", about.join(" "), ...(positionals.length === 0 ? [] : ["", ...positionals])];
  const result = yargs()
    .scriptName("ghost")
    .locale("en")
    .exitProcess(false)
    .help(false)
    .version(false)
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
      "strip-aliased": true,
    })
    .usage(usage.join("\n"));
  for (const [name, option] of Object.entries({ ...command.options, help: HELP })) {
    const described = option.value === undefined ? optionDoc(option) : `${option.value}: ${optionDoc(option)}`;
    result.option(name, {
      type: option.kind === "boolean" ? "boolean" : "string",
      describe: described,
      ...(option.alias === undefined ? {} : { alias: option.alias }),
      ...(option.required === true ? { demandOption: false } : {}),
    });
  }
  for (const { run, does } of command.examples as readonly Example[]) result.example(run, does);
  return result;
}

function unknownOption(name: string, command: Command, text: CommandText): GhostError {
  const dashed = (option: string): string => (option.length === 1 ? `-${option}` : `--${option}`);
  const near = name.length === 1 ? undefined : nearest(name, [...Object.keys(command.options), "help"]);
  return usageProblem(`"${text.usage}" has no option ${dashed(name)}.`, text, near === undefined ? undefined : `Did you mean ${dashed(near)}?`);
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

function parseValue(name: string, option: Option, given: string, text: CommandText): string | number | Impact {
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
  return usageProblem(`${what} is "${given}"; it must be one of ${allowed.join(", ")}.`, text, near === undefined ? undefined : `Did you mean ${near}?`);
}

function checkPositionals(expected: readonly Positional[], given: readonly string[], text: CommandText): void {
  const last = expected.at(-1);
  for (const [index, { name, required, oneOf }] of expected.entries()) {
    const value = given[index];
    if (value === undefined && required === true) throw usageProblem(`${name} is missing.`, text);
    if (value === "") throw usageProblem(`${name} is empty.`, text);
    if (value !== undefined && oneOf !== undefined && !oneOf.includes(value)) throw notOneOf(name, value, oneOf, text);
  }
  if (last?.many !== true && given.length > expected.length) throw usageProblem(`"${given[expected.length]}" is one argument too many.`, text);
}
