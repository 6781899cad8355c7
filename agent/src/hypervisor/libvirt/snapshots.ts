import { problem } from "@ghost/schemas";
import type { Hypervisor } from "../driver.ts";
import type { LibvirtParts } from "./parts.ts";

export function snapshotCalls(
  _parts: LibvirtParts,
): Pick<Hypervisor, "snapshots" | "createSnapshot" | "revertSnapshot" | "deleteSnapshot"> {
  const notYet = (): Promise<never> => Promise.reject(problem("UNSUPPORTED", "This agent cannot do that."));
  return { snapshots: notYet, createSnapshot: notYet, revertSnapshot: notYet, deleteSnapshot: notYet };
}
