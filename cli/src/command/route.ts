/** Finds the command that a command line names. */
import type { GhostError } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { CommandEntry } from "./command.ts";
import { nearest } from "./nearest.ts";

export type Route =
  | { readonly kind: "command"; readonly entry: CommandEntry; readonly rest: readonly string[] }
  /** Help for everything, or for the commands below `prefix`. */
  | { readonly kind: "help"; readonly prefix: string; readonly asked: boolean };

/** Options that may stand before the command and take a value. */
const VALUED = new Set(["-f", "--file", "--var", "--var-file", "--json-into", "--parallel", "--timeout", "--address"]);

/**
 * The command of an argument list: its words may have options between them (`ghost --json op list`). `program` is
 * what the person typed, for messages. Throws USAGE with a did-you-mean.
 */
export function route(entries: readonly CommandEntry[], argv: readonly string[], program: string): Route {
  const words = wordPositions(argv);
  const word = (index: number): string | undefined => argv[words[index] ?? -1];
  if (word(0) === "help") {
    const named = words.slice(1).map((position) => argv[position]);
    return route(entries, [...named.filter((name) => name !== undefined), "--help"], program);
  }
  const asksHelp = argv.includes("--help") || argv.includes("-h");
  for (const length of [2, 1]) {
    const name = words
      .slice(0, length)
      .map((position) => argv[position])
      .join(" ");
    const entry = words.length >= length ? entries.find((candidate) => candidate.name === name) : undefined;
    if (entry !== undefined) {
      const used = new Set(words.slice(0, length));
      return { kind: "command", entry, rest: argv.filter((_, position) => !used.has(position)) };
    }
  }
  const first = word(0);
  if (first === undefined) {
    const option = argv.find((token) => token.startsWith("-") && token !== "--help" && token !== "-h");
    if (asksHelp || option === undefined) return { kind: "help", prefix: "", asked: asksHelp };
    if (option === "--version" || option === "-V") return route(entries, ["version"], program);
    throw problem("USAGE", `A command is missing before ${option}.`, { hint: `Run "${program} --help" for all of them.` });
  }
  const group = entries.filter(({ name }) => name.startsWith(`${first} `));
  const second = word(1);
  if (group.length > 0 && second === undefined) return { kind: "help", prefix: first, asked: asksHelp };
  throw group.length > 0 ? unknown(`${first} ${second}`, group, program) : unknown(first, entries, program);
}

function wordPositions(argv: readonly string[]): number[] {
  const positions: number[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const token = argv[index] ?? "";
    if (token === "--") break;
    if (!token.startsWith("-")) positions.push(index);
    else if (VALUED.has(token)) index += 1;
  }
  return positions;
}

function unknown(name: string, entries: readonly CommandEntry[], program: string): GhostError {
  const near = nearest(name, [...entries.map((entry) => entry.name), ...entries.map((entry) => entry.name.split(" ")[0] ?? "")]);
  return problem("USAGE", `There is no command "${program} ${name}".`, {
    hint: near === undefined ? `Run "${program} --help" for all of them.` : `Did you mean "${program} ${near}"?`,
  });
}
