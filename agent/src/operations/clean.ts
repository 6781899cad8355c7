import type { Domain, Hypervisor } from "../hypervisor/driver.ts";

/** Removes a VM with everything of it: definition and disks, whatever of them there is. Safe to repeat. */
export async function removeEverything(hypervisor: Hypervisor, uid: string): Promise<void> {
  const domain = await hypervisor.find(uid);
  if (domain !== undefined && domain.status !== "stopped") await hypervisor.powerOff(uid);
  // Also without a definition: what a removal or a making that was cut off has left is more than disks.
  await hypervisor.undefine(uid, { disks: "delete" });
  for (const id of await hypervisor.listDisks(uid)) await hypervisor.deleteDisk(uid, id);
}

/**
 * Deletes the disks of a change that was cut off: those made and not attached yet, and those detached and not deleted
 * yet. What is attached stays. Without a definition nothing says what belongs to the VM, so nothing is deleted.
 * Gives the disks that are still loose: one that cannot be deleted waits for the next chance.
 */
export async function settleLooseDisks(hypervisor: Hypervisor, uid: string, loose: readonly string[]): Promise<readonly string[]> {
  if (loose.length === 0) return loose;
  const domain = await hypervisor.find(uid);
  if (domain === undefined) return loose;
  const attached = attachedDisks(domain);
  const left: string[] = [];
  for (const id of loose) if (!attached.has(id)) await hypervisor.deleteDisk(uid, id).catch(() => left.push(id));
  return left;
}

/** Ids of the disks that a domain has, running or stored. */
export function attachedDisks(domain: Domain): ReadonlySet<string> {
  return new Set([...Object.values(domain.live.disks), ...Object.values(domain.stored.disks)].map((disk) => disk.id));
}
