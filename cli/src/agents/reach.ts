import path from "node:path";
import type { Session } from "../terminal/session.ts";

const EMBEDDED = "embedded:";

/** Folder of an `embedded:DIR` address, absolute; undefined for any other address. */
export function embeddedFolder(address: string, cwd: string): string | undefined {
  return address.startsWith(EMBEDDED) ? path.resolve(cwd, address.slice(EMBEDDED.length)) : undefined;
}

/** The address to connect to; an embedded agent is started first. */
export async function reachAddress(address: string, session: Pick<Session, "cwd" | "stop">): Promise<string> {
  const dir = embeddedFolder(address, session.cwd);
  if (dir === undefined) return address;
  const { ensureEmbedded } = await import("./embedded.ts");
  return `unix:${await ensureEmbedded(dir, { signal: session.stop })}`;
}
