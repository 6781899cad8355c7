import type { CommandEntry } from "./command.ts";

const ABOUT: Readonly<Record<string, string>> = {
  ghost: "Virtual machines on machines you own, from a spec in git.",
  ghostctl: "Virtual machines of one Ghost Agent, one command at a time.",
};

/** Which commands are shown together, in the order of a day's work. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ["Write a spec", ["init", "validate", "fmt", "render", "export"]],
  ["Plan and apply", ["plan", "show", "graph", "apply", "destroy"]],
  ["Look and decide", ["status", "drift", "adopt", "release", "forget"]],
  ["Operations, agents, machines", ["op", "agent", "vm"]],
  ["Ghost itself", ["provider", "schema", "completion", "version"]],
];

/** Help without a command: everything, or the commands below `prefix`. */
export function overviewHelp(entries: readonly CommandEntry[], program: string, prefix: string, columns: number): string {
  const shown = entries.filter(({ name }) => prefix === "" || name.startsWith(`${prefix} `));
  const width = Math.max(...shown.map(({ name }) => name.length)) + 2;
  const line = ({ name, summary }: CommandEntry): string => {
    const left = `  ${name.padEnd(width)}`;
    return left.length + summary.length <= columns ? left + summary : `  ${name}\n      ${summary}`;
  };
  const first = (name: string): string => name.split(" ")[0] ?? "";
  const groups =
    prefix === "" && program === "ghost" ? GROUPS : [["Commands", [...new Set(shown.map(({ name }) => first(name)))]] as const];
  const sections = groups
    .map(([title, names]) => [title, names.flatMap((wanted) => shown.filter(({ name }) => first(name) === wanted))] as const)
    .filter(([, members]) => members.length > 0)
    .map(([title, members]) => [`${title}:`, ...members.map(line)].join("\n"));
  const usage = `Usage: ${program} ${prefix === "" ? "" : `${prefix} `}COMMAND [options]`;
  const more = `Run "${program} ${prefix === "" ? "" : `${prefix} `}COMMAND --help" for the options of a command and examples.`;
  return [...(prefix === "" ? [ABOUT[program] ?? ""] : []), usage, ...sections, more].join("\n\n").concat("\n");
}
