import type { Impact } from "@ghost/schemas";
import type { ExitCode } from "../exit-code.ts";
import type { Session } from "../terminal/session.ts";

/** What an option's text becomes. `strings` may be repeated, every other kind is given once. */
export type OptionKind = "boolean" | "string" | "strings" | "integer" | "duration" | "impact";

export interface Option {
  readonly kind: OptionKind;
  /** One sentence, ends with a period. */
  readonly doc: string;
  /** What stands for the value in help: FILE, NAME=VALUE. */
  readonly value?: string;
  readonly alias?: string;
  readonly oneOf?: readonly string[];
  readonly required?: boolean;
  readonly min?: number;
}

export interface Positional {
  readonly name: string;
  readonly doc: string;
  readonly required?: boolean;
  /** Takes all that follow; only the last can. */
  readonly many?: boolean;
  readonly oneOf?: readonly string[];
}

export interface Example {
  readonly run: string;
  readonly does: string;
}

type ValueOf<O extends Option> = O extends { kind: "boolean" }
  ? boolean
  : O extends { kind: "strings" }
    ? readonly string[]
    : O extends { kind: "integer" | "duration" }
      ? number
      : O extends { kind: "impact" }
        ? Impact
        : O extends { oneOf: readonly (infer S)[] }
          ? S
          : string;

/** Values by option name, as parsed: `boolean` and `strings` are always there, durations are in milliseconds. */
export type OptionValues<O extends Readonly<Record<string, Option>>> = {
  readonly [K in keyof O]: O[K] extends { kind: "boolean" | "strings" } | { required: true } ? ValueOf<O[K]> : ValueOf<O[K]> | undefined;
};

export interface Invocation<O extends Readonly<Record<string, Option>> = Readonly<Record<string, Option>>> {
  readonly options: OptionValues<O>;
  readonly positionals: readonly string[];
}

/** One verb: what help, the reference page and shell completion say, and what it does. */
export interface Command<O extends Readonly<Record<string, Option>> = Readonly<Record<string, Option>>> {
  /** Whole sentences below the summary. */
  readonly description?: string;
  readonly positionals?: readonly Positional[];
  readonly options: O;
  readonly examples: readonly [Example, ...Example[]];
  /** Handles Ctrl-C itself through the session's signals; any other command just ends. */
  readonly graceful?: boolean;
  readonly run: (invocation: Invocation<O>, session: Session) => Promise<ExitCode>;
}

/** Where a command is found, without loading it: the rest is needed only by who runs it. */
export interface CommandEntry {
  /** `plan`, `op list`. */
  readonly name: string;
  /** A clause in lower case without a period. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Gives the command back with its options' types known to `run`. */
export function defineCommand<const O extends Readonly<Record<string, Option>>>(command: Command<O>): Command {
  return command as unknown as Command;
}
