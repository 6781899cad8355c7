/** Scripts that complete commands and options in a shell. They hold every name, so that pressing tab starts no process. */
import { IMPACTS } from "@ghost/schemas";
import type { Command, CommandEntry, Option } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export type LoadedEntry = CommandEntry & { readonly command: Command };

export function completionScript(shell: Shell, program: string, entries: readonly LoadedEntry[]): string {
  switch (shell) {
    case "bash":
      return bash(program, entries);
    case "zsh":
      return `#compdef ${program}\nautoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(program, entries)}`;
    case "fish":
      return fish(program, entries);
  }
}

function optionWords(command: Command): string[] {
  return [...Object.keys(command.options), "help"].map((name) => `--${name}`);
}

function choices(option: Option): readonly string[] {
  return option.kind === "impact" ? IMPACTS : (option.oneOf ?? []);
}

/** First words, and second words by first word. */
function words(entries: readonly CommandEntry[]): Map<string, string[]> {
  const tree = new Map<string, string[]>();
  for (const { name } of entries) {
    const [first = "", second] = name.split(" ");
    tree.set(first, [...(tree.get(first) ?? []), ...(second === undefined ? [] : [second])]);
  }
  return tree;
}

function bash(program: string, entries: readonly LoadedEntry[]): string {
  const tree = words(entries);
  const name = `_${program}`;
  const seen = [
    ...[...tree.keys()].map((first) => `      " ${first}") command="${first}" ;;`),
    ...[...tree].flatMap(([first, seconds]) => seconds.map((second) => `      "${first} ${second}") command="${first} ${second}" ;;`)),
  ];
  const groups = [...tree]
    .filter(([, seconds]) => seconds.length > 0)
    .map(([first, seconds]) => `    "${first}") words="${seconds.join(" ")}" ;;`);
  const commands = entries.map(({ name: of, command }) => {
    const positional = (command.positionals ?? []).flatMap(({ oneOf }) => oneOf ?? []).join(" ");
    return `    "${of}") words="${positional}"; [[ $cur == -* ]] && words="${optionWords(command).join(" ")}" ;;`;
  });
  const valued = new Map(
    entries.flatMap(({ command }) =>
      Object.entries(command.options).flatMap(([option, facts]) => (choices(facts).length > 0 ? [[option, choices(facts)] as const] : [])),
    ),
  );
  const values = [...valued].map(([option, all]) => `    --${option}) COMPREPLY=($(compgen -W "${all.join(" ")}" -- "$cur")); return ;;`);
  return `${[
    `${name}() {`,
    `  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" word`,
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    case "$command $word" in`,
    ...seen,
    "    esac",
    "  done",
    `  case "$prev" in`,
    ...values,
    "  esac",
    `  case "$command" in`,
    `    "") words="${[...tree.keys()].join(" ")}" ;;`,
    ...groups,
    ...commands,
    "  esac",
    `  COMPREPLY=($(compgen -W "$words" -- "$cur"))`,
    "}",
    `complete -o default -F ${name} ${program}`,
  ].join("\n")}\n`;
}

function fish(program: string, entries: readonly LoadedEntry[]): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const tree = words(entries);
  const lines = [`complete -c ${program} -f`];
  for (const [first, seconds] of tree) {
    const summary = entries.find(({ name }) => name === first)?.summary ?? seconds.join(", ");
    lines.push(`complete -c ${program} -n __fish_use_subcommand -a ${first} -d ${quote(summary)}`);
    for (const second of seconds) {
      const about = entries.find(({ name }) => name === `${first} ${second}`)?.summary ?? "";
      lines.push(
        `complete -c ${program} -n "__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${seconds.join(" ")}" -a ${second} -d ${quote(about)}`,
      );
    }
  }
  for (const { name, command } of entries) {
    const condition = name
      .split(" ")
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and ");
    for (const [option, facts] of Object.entries(command.options)) {
      const value = facts.kind === "boolean" ? "" : choices(facts).length > 0 ? ` -x -a ${quote(choices(facts).join(" "))}` : " -r -F";
      const alias = facts.alias === undefined ? "" : ` -s ${facts.alias}`;
      lines.push(`complete -c ${program} -n "${condition}" -l ${option}${alias}${value} -d ${quote(facts.doc)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
