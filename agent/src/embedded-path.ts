import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { problem } from "@ghost/schemas";

/** A unix socket's path holds 107 bytes on Linux and 103 on macOS; some of them are kept in reserve. */
const SOCKET_PATH_MAX_BYTES = 100;

/**
 * Where the embedded agent of a folder listens: `agent.sock` inside it, or, where that path is too long for a
 * socket, a short one that follows from it, in a folder of this user's among the temporary files. AGENT_START when
 * somebody else has that folder.
 */
export function embeddedSocketPath(dir: string): string {
  const inside = path.join(path.resolve(dir), "agent.sock");
  if (Buffer.byteLength(inside) <= SOCKET_PATH_MAX_BYTES) return inside;
  const uid = process.getuid?.();
  const folder = path.join(tmpdir(), `ghost-${uid ?? "agents"}`);
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found !== undefined && (!found.isDirectory() || (uid !== undefined && found.uid !== uid))) {
    throw problem("AGENT_START", `The folder ${folder} is not this user's, so no socket is looked for there.`, {
      hint: "Use a folder with a shorter path, so that the socket fits into it.",
    });
  }
  return path.join(folder, `${createHash("sha256").update(path.resolve(dir)).digest("hex").slice(0, 16)}.sock`);
}
