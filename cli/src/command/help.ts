/** The help page of a command, laid out by yargs; loaded only to be printed. */
import yargs from "yargs";
import type { Argv } from "yargs";
import type { Command, Option } from "./command.ts";
import type { CommandText } from "./usage.ts";
import { HELP, optionDoc, usageLine } from "./usage.ts";

/** Fitted to the width. */
export async function commandHelp(command: Command, text: CommandText, columns: number): Promise<string> {
  return `${await helpPage(command, text).wrap(columns).getHelp()}\n`;
}

/** Options stand under their names in help, `--out FILE`, which is why this is not what parses. */
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
