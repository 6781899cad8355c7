import { statfs } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import type { DomainXmlFacts } from "./domain-xml/from-domain-xml.ts";

/** Less is no room: a file system keeps some for itself, and a qcow2 grows by more than one block. */
const NO_ROOM_BYTES = 2 ** 20;

/** HOST_OUT_OF_DISK when one of a machine's disks is a file that cannot grow; `what` did not happen then. */
export async function outOfRoom({ disks }: Pick<DomainXmlFacts, "disks">, what: string, cause?: unknown): Promise<GhostError | undefined> {
  for (const folder of new Set(Object.values(disks).map(({ source }) => dirname(source)))) {
    // A volume of a pool, or a device: what room there is, its storage knows.
    if (!isAbsolute(folder) || folder.startsWith("/dev")) continue;
    const room = await statfs(folder).catch(() => undefined);
    if (room === undefined || room.bavail * room.bsize >= NO_ROOM_BYTES) continue;
    return problem(
      "HOST_OUT_OF_DISK",
      `${what}: the disk that holds ${folder} is full.`,
      { hint: "Make room on that disk (images that nobody uses: `ghost agent prune`), then run it again." },
      { cause },
    );
  }
  return undefined;
}
