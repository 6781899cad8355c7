import type { GhostError } from "@ghost/schemas";
import { IMPACTS, problem } from "@ghost/schemas";
import type { Command, Option } from "./command.ts";

export interface CommandText {
  /** `ghost plan`. */
  readonly usage: string;
  readonly summary: string;
}

/** Every command has it. */
export const HELP: Option = { kind: "boolean", alias: "h", doc: "Print this help." };

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
