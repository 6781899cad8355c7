/** The CLI's reference page, made of what the commands say of themselves. */
import type { CommandEntry } from "./command/command.ts";
import { optionDoc, usageLine } from "./command/usage.ts";
import { COMMANDS } from "./commands/index.ts";
import { EXIT } from "./exit-code.ts";

const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "Done.",
  error: "An error was reported; an agent that cannot be reached is one.",
  changes: "There are changes (`--detailed-exitcode`).",
  partial: "Done in part (`--partial`): the objects of agents that could not be reached are unknown.",
  interrupted: "Ended by Ctrl-C.",
};

const ENVIRONMENT: readonly (readonly [name: string, means: string])[] = [
  ["`GHOST_VAR_name`", "Value of the variable `name` where neither `--var` nor `--var-file` gives one."],
  ["`GHOST_AGENT_ADDRESS`", "Agent of `ghost vm` and `ghostctl` where `--address` is not given."],
  ["`GHOST_NODE`", "The Node, 24 or newer, that Terraform starts the provider on; the PATH's where it is not set."],
  ["`CI`", "Set: no questions, plain lines."],
  ["`NO_COLOR`", "Set: plain lines without colours."],
  ["`FORCE_COLOR`", "Set: colours even where no terminal is."],
  ["`GHOST_DEBUG`", "`1`: what went wrong inside Ghost is printed with an error, for a bug report."],
];

/** docs/reference/cli.md, whole. */
export async function cliReference(): Promise<string> {
  const sections = await Promise.all(COMMANDS.map(section));
  return `${[
    "<!-- Made by `npm run generate` from the commands themselves. -->",
    "# Commands",
    "`ghost COMMAND --help` prints the same. stdout carries the result and stderr the talk; with `--json` stdout carries one JSON object per line, each with a `type`.",
    "`ghostctl vm …` is the command line of the original Ghost Agent; `ghost vm …` has the same commands and more.",
    "## Exit codes",
    table(
      ["code", "means"],
      Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANING[name as keyof typeof EXIT]]),
    ),
    "## Environment",
    table(["variable", "means"], ENVIRONMENT),
    ...sections,
  ].join("\n\n")}\n`;
}

async function section(entry: CommandEntry): Promise<string> {
  const command = await entry.load();
  const positionals = (command.positionals ?? []).map(({ name, doc }) => [`\`${name}\``, doc] as const);
  const options = Object.entries(command.options).map(([name, option]) => {
    const value = option.value === undefined ? "" : ` ${option.value}`;
    return [`${option.alias === undefined ? "" : `\`-${option.alias}\`, `}\`--${name}${value}\``, optionDoc(option)] as const;
  });
  return [
    `## ghost ${entry.name}`,
    `${entry.summary.charAt(0).toUpperCase()}${entry.summary.slice(1)}.${command.description === undefined ? "" : ` ${command.description}`}`,
    `\`\`\`sh\n${usageLine(command, `ghost ${entry.name}`)}\n\`\`\``,
    ...(positionals.length === 0 ? [] : [table(["argument", "means"], positionals)]),
    table(["option", "means"], options),
    `\`\`\`sh\n${command.examples.map(({ run, does }) => `${run}  # ${does}`).join("\n")}\n\`\`\``,
  ].join("\n\n");
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n");
}
