/** What an operation that was cut off left behind, put in order: on every start, and before the next operation. */
import { problem } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import type { VmRecord } from "../store/records.ts";
import { removeEverything, settleLooseDisks } from "./clean.ts";
import { findPresent } from "./context.ts";
import type { Present, Workshop } from "./context.ts";
import type { Intent } from "./intent.ts";
import { recordFromMetadata, withTold } from "./metadata.ts";

/**
 * Brings one record and its domain together by rule (8) at the top of operations.ts. A machine that is complete is
 * never removed. Nothing may be under way on it. Gives a sentence for each thing that was put right.
 */
export async function settle({ hypervisor, store }: Workshop, record: VmRecord, domain: Domain | undefined): Promise<readonly string[]> {
  const { uid, name, phase } = record;
  if (domain === undefined) {
    // What is ready stays on record, and is shown as missing; unless it is nobody's and nothing is left of it.
    if (phase === "ready" && (record.owner !== "" || (await hypervisor.listDisks(uid)).length > 0)) return [];
    await removeEverything(hypervisor, uid);
    await store.write({ dropVm: uid });
    if (phase === "ready") return [`VM "${name}", which belonged to nobody, is gone; its record is dropped.`];
    if (phase === "creating") return [`VM "${name}" was not made to its end; what there was of it is removed.`];
    return [`VM "${name}" was being deleted; the rest of it is removed.`];
  }
  if (phase === "creating" && !(await isComplete(hypervisor.listDisks(uid), domain))) {
    await removeEverything(hypervisor, uid);
    await store.write({ dropVm: uid });
    return [`VM "${name}" was not made to its end; what there was of it is removed.`];
  }
  const notes: string[] = [];
  const looseDisks = await settleLooseDisks(hypervisor, uid, record.looseDisks);
  const told = withTold(record, domain);
  const settled: VmRecord = {
    ...told,
    phase: "ready",
    imageDigest: told.imageDigest || (recordFromMetadata(domain)?.imageDigest ?? ""),
    looseDisks,
    diskIds: diskIdsOf(domain) ?? record.diskIds,
  };
  if (phase === "creating") notes.push(`VM "${name}" was defined when its making was cut off; it is kept, ${domain.status}.`);
  if (phase === "deleting") notes.push(`VM "${name}" was to be deleted and is still there; it is kept.`);
  if (record.looseDisks.length > looseDisks.length)
    notes.push(`A change of VM "${name}" was cut off; disks that it left over are removed.`);
  if (JSON.stringify(settled) !== JSON.stringify(record)) await store.write({ vm: settled });
  return notes;
}

/** Reads a VM's live state under its lock, settled if an operation on it was cut off; undefined when it is not there. */
export async function findSettled(workshop: Workshop, uid: string): Promise<Present | undefined> {
  const present = await findPresent(workshop, uid);
  if (present?.record === undefined || present.record.phase === "ready") return present;
  await settle(workshop, present.record, present.domain);
  return await findPresent(workshop, uid);
}

/** As findSettled; VM_NOT_FOUND when it is gone. */
export async function requireSettled(workshop: Workshop, intent: Intent): Promise<Present> {
  const present = await findSettled(workshop, intent.uid);
  if (present !== undefined) return present;
  throw problem("VM_NOT_FOUND", `VM "${intent.name}" (${intent.uid}) is not on this host any more.`, {
    hint: "Plan again; the new plan makes it anew if the spec still has it.",
    path: ["vms", intent.name],
  });
}

/** Undefined for a domain that has none: it may be one that cannot be read now, and its disks are still its own. */
function diskIdsOf({ stored: { disks } }: Domain): VmRecord["diskIds"] | undefined {
  const ids = Object.entries(disks).map(([disk, { id }]) => [disk, id] as const);
  return ids.length === 0 ? undefined : Object.fromEntries(ids);
}

/** What somebody attached meanwhile is no part of the making. */
async function isComplete(disks: Promise<readonly string[]>, domain: Domain): Promise<boolean> {
  const there = new Set(await disks);
  return Object.values(domain.stored.disks).every((disk) => disk.isForeign === true || there.has(disk.id));
}
