import path from "node:path";
import { embeddedSocketPath } from "@ghost/agent/embedded-path";
import type { Diagnostic, PlanAgent } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { escapeLine } from "../output/escape.ts";
import type { Session } from "../terminal/session.ts";

const EMBEDDED = "embedded:";

/** Folder of an `embedded:DIR` address, absolute; undefined for any other address. */
export function embeddedFolder(address: string, cwd: string): string | undefined {
  return address.startsWith(EMBEDDED) ? path.resolve(cwd, address.slice(EMBEDDED.length)) : undefined;
}

export interface ReachOptions {
  /** What only reads makes no agent where there is none: a mistyped folder is not an empty host. */
  readonly reading?: boolean;
}

/** The address to connect to; an embedded agent is started first. */
export async function reachAddress(
  address: string,
  session: Pick<Session, "cwd" | "stop" | "say" | "facts">,
  { reading = false }: ReachOptions = {},
): Promise<string> {
  const dir = embeddedFolder(address, session.cwd);
  if (dir === undefined) return address;
  const { ensureEmbedded, hasAgent } = await import("./embedded.ts");
  if (reading && !hasAgent(dir)) {
    throw problem("AGENT_START", `There is no agent in the folder ${dir}, so there is nothing to read.`, {
      hint: `Correct ${address}. The first ghost plan or ghost apply of a spec with that address makes an agent there.`,
    });
  }
  const onSlow = (): void => {
    if (session.facts.stderrIsTerminal) session.say(`Starting the agent of ${escapeLine(dir)} …\n`);
  };
  return `unix:${await ensureEmbedded(dir, { signal: session.stop, onSlow })}`;
}

/** Problems of embedded agents with the address that the spec has, and with what helps: nobody starts those by hand. */
export function namesEmbedded(
  agents: readonly Pick<PlanAgent, "name" | "address">[],
  cwd: string,
): (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[] {
  const addresses = new Map(agents.map(({ name, address }) => [name, address]));
  return (diagnostics) =>
    diagnostics.map((diagnostic) => {
      const address = addresses.get(diagnostic.agent ?? "") ?? "";
      const dir = embeddedFolder(address, cwd);
      if (dir === undefined || diagnostic.code !== "AGENT_UNREACHABLE") return diagnostic;
      const detail = diagnostic.detail.replaceAll(`unix:${embeddedSocketPath(dir)}`, address);
      return { ...diagnostic, detail, hint: "Apply again: the agent is started by itself." };
    });
}
