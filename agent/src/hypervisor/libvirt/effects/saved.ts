import { hasManagedSave } from "@ghost/libvirt";
import { problem } from "@ghost/schemas";
import type { LibvirtParts, Reading } from "../parts.ts";

/**
 * HOST_ERROR for a stopped machine whose memory libvirt keeps (managed save): it goes on with the devices, processors and
 * disks of then, whatever is stored since.
 */
export async function refuseSaved({ ask }: Pick<LibvirtParts, "ask">, { ref, isActive, domain }: Reading): Promise<void> {
  if (isActive || !(await hasManagedSave(ask, ref))) return;
  const { name } = domain.stored;
  throw problem("HOST_ERROR", `VM "${name}" was saved while it ran, and its next start goes on from there, as it was then.`, {
    hint: `Start it and apply again, or throw the saved memory away: virsh managedsave-remove ${name}`,
  });
}
