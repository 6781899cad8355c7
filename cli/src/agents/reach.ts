import path from "node:path";
import { problem } from "@ghost/schemas";
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
  session: Pick<Session, "cwd" | "stop">,
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
  return `unix:${await ensureEmbedded(dir, { signal: session.stop })}`;
}
