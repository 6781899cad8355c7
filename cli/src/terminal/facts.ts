/** What the surroundings can show and whether somebody is there to answer. */
export interface TerminalFacts {
  readonly stdoutIsTerminal: boolean;
  /** Whatever was asked for, what is printed reaches a terminal, which obeys control characters. */
  readonly stdoutObeys: boolean;
  readonly stderrIsTerminal: boolean;
  readonly colorOut: boolean;
  readonly colorErr: boolean;
  /** Views that redraw themselves are shown, on stderr. */
  readonly live: boolean;
  /** Somebody can be asked: stdin and stderr are a terminal and this is no CI. */
  readonly canAsk: boolean;
}

export interface Surroundings {
  readonly stdinIsTTY: boolean;
  readonly stdoutIsTTY: boolean;
  readonly stderrIsTTY: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** `--no-tty` */
  readonly noTty: boolean;
  /** `--no-color` */
  readonly noColor: boolean;
  readonly json: boolean;
}

/** `CI`, `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` count as elsewhere; an empty value or `0`, `false` does not. */
export function terminalFacts({ env, ...given }: Surroundings): TerminalFacts {
  const isSet = (name: string): boolean => !["", "0", "false"].includes((env[name] ?? "").toLowerCase());
  const someone = !given.noTty && !isSet("CI");
  const capable = env["TERM"] !== "dumb";
  const forced = isSet("FORCE_COLOR") && !given.noColor;
  const mayColor = !given.noColor && (env["NO_COLOR"] ?? "") === "" && capable;
  const stdoutIsTerminal = given.stdoutIsTTY && someone;
  const stderrIsTerminal = given.stderrIsTTY && someone;
  return {
    stdoutIsTerminal,
    stdoutObeys: given.stdoutIsTTY,
    stderrIsTerminal,
    colorOut: forced || (stdoutIsTerminal && mayColor),
    colorErr: forced || (stderrIsTerminal && mayColor),
    live: stderrIsTerminal && mayColor && !given.json,
    canAsk: given.stdinIsTTY && given.stderrIsTTY && someone,
  };
}
