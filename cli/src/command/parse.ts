/**
 * The command line, by yargs: one command's options are the only ones yargs is told, so that every token has one
 * meaning. What yargs leaves as text becomes typed values here, and every mistake is a USAGE diagnostic.
 */
import type { GhostError } from "@ghost/schemas";
import { IMPACTS, isImpact, problem } from "@ghost/schemas";
import yargs from "yargs";
import type { Argv } from "yargs";
import type { Command, Invocation, Option, Positional } from "./command.ts";
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
  const parsed = parser(command).parse(checkedWords(argv, command, text)) as Record<string, unknown> & {
    _: (string | number)[];
    "--"?: string[];
  };
  if (parsed["help"] === true) return "help";
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => [name, parseOption(name, option, parsed[name], text)]),
  );
  const positionals = [...parsed._, ...(parsed["--"] ?? [])].map(String);
  checkPositionals(command.positionals ?? [], positionals, text);
  return { options: options as Invocation["options"], positionals };
}

/** The help page of a command, fitted to the width. */
export async function commandHelp(command: Command, text: CommandText, columns: number): Promise<string> {
  return `${await helpPage(command, text).wrap(columns).getHelp()}\n`;
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

/** Yargs with the command's options and nothing of its own behaviour. */
function parser(command: Command): Argv {
  const result = bare().parserConfiguration({
    "boolean-negation": false,
    "camel-case-expansion": false,
    "dot-notation": false,
    "greedy-arrays": false,
    "parse-numbers": false,
    "parse-positional-numbers": false,
    "populate--": true,
    "strip-aliased": true,
  });
  for (const [name, { kind, alias }] of Object.entries({ ...command.options, help: HELP })) {
    result.option(name, { type: kind === "boolean" ? "boolean" : "string", ...(alias === undefined ? {} : { alias }) });
  }
  return result;
}

/** The same options under their names in help, `--out FILE`, which is why it is not the one that parses. */
function helpPage(command: Command, text: CommandText): Argv {
  const positionals = (command.positionals ?? []).map(({ name, doc }) => `  ${name}  ${doc}`);
  const about = [
    `${text.summary.charAt(0).toUpperCase()}${text.summary.slice(1)}.`,
    ...(command.description === undefined ? [] : [command.description]),
  ];
  const usage = [
    `Usage: ${usageLine(command, text.usage)}`,
    "",
    about.join(" "),
    ...(positionals.length === 0 ? [] : ["", ...positionals]),
  ];
  const examples = command.examples.map(({ run, does }) => `  # ${does}\n  ${run}`);
  const page = bare()
    .usage(usage.join("\n"))
    .epilogue(`Examples:\n${examples.join("\n\n")}`);
  for (const [name, option] of Object.entries<Option>({ ...command.options, help: HELP })) {
    page.option(option.value === undefined ? name : `${name} ${option.value}`, {
      describe: optionDoc(option),
      ...(option.alias === undefined ? {} : { alias: option.alias }),
    });
  }
  return page;
}

function bare(): Argv {
  return yargs().scriptName("ghost").locale("en").exitProcess(false).help(false).version(false);
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
