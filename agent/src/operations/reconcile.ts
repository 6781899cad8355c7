import type { Operation } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import type { VmRecord } from "../store/records.ts";
import { removeEverything, settleLooseDisks } from "./clean.ts";
import type { Workshop } from "./context.ts";
import { recordFromMetadata } from "./metadata.ts";

export interface Reconciliation {
  /** Operations that were under way when the agent ended. */
  readonly interrupted: readonly Operation[];
  /** One sentence for each thing that was put right. */
  readonly notes: readonly string[];
}

/**
 * Brings journal, records and hypervisor together after a start, by the rules at the top of operations.ts. Nothing
 * may be under way. Throws when the hypervisor does not answer: then it is to be called again.
 */
export async function reconcile(workshop: Workshop): Promise<Reconciliation> {
  const { hypervisor, store, now } = workshop;
  const domains = new Map((await hypervisor.list()).map((domain) => [domain.uid, domain]));
  const notes: string[] = [];
  for (const record of Array.from(store.vms.values())) await settleRecord(workshop, record, domains.get(record.uid), notes);
  for (const domain of domains.values()) {
    const record = store.vms.has(domain.uid) ? undefined : recordFromMetadata(domain);
    if (record === undefined || store.findVmByName(record.name) !== undefined) continue;
    await store.write({ vm: record });
    notes.push(`The record of VM "${record.name}" was lost and is rebuilt from the hypervisor.`);
  }
  const interrupted: Operation[] = [];
  for (const operation of store.activeOperations()) {
    const ended = {
      ...operation,
      state: "interrupted" as const,
      endedAt: now(),
      diagnostics: [
        ...operation.diagnostics,
        {
          code: "OPERATION_INTERRUPTED" as const,
          severity: "error" as const,
          detail: `The agent ended while it was to ${operation.action} "${operation.name}" (${operation.phase}).`,
          hint: "Apply again: what is done already is not done twice.",
        },
      ],
    };
    await store.write({ operation: ended });
    interrupted.push(ended);
  }
  return { interrupted, notes };
}

async function settleRecord({ hypervisor, store }: Workshop, record: VmRecord, domain: Domain | undefined, notes: string[]): Promise<void> {
  const { uid, name } = record;
  if (domain === undefined) {
    // What is ready stays on record, and is shown as missing; unless it is nobody's and nothing is left of it.
    if (record.phase === "ready" && (record.owner !== "" || (await hypervisor.listDisks(uid)).length > 0)) return;
    await removeEverything(hypervisor, uid);
    await store.write({ dropVm: uid });
    if (record.phase === "ready") notes.push(`VM "${name}", which belonged to nobody, is gone; its record is dropped.`);
    else
      notes.push(
        record.phase === "creating"
          ? `VM "${name}" was not made to its end; what there was of it is removed.`
          : `VM "${name}" was being deleted; the rest of it is removed.`,
      );
    return;
  }
  if (record.phase === "creating" && !(await isComplete(hypervisor.listDisks(uid), domain))) {
    await removeEverything(hypervisor, uid);
    await store.write({ dropVm: uid });
    notes.push(`VM "${name}" was not made to its end; what there was of it is removed.`);
    return;
  }
  const looseDisks = await settleLooseDisks(hypervisor, uid, record.looseDisks);
  const settled: VmRecord = {
    ...record,
    phase: "ready",
    imageDigest: record.imageDigest || (recordFromMetadata(domain)?.imageDigest ?? ""),
    looseDisks,
    diskIds: Object.fromEntries(Object.entries(domain.stored.disks).map(([disk, { id }]) => [disk, id])),
  };
  if (record.phase === "creating") notes.push(`VM "${name}" was defined when the agent ended; it is kept, ${domain.status}.`);
  if (record.phase === "deleting") notes.push(`VM "${name}" was to be deleted and is still there; it is kept.`);
  if (record.looseDisks.length > 0) notes.push(`A change of VM "${name}" was cut off; disks that it left over are removed.`);
  if (JSON.stringify(settled) === JSON.stringify(record)) return;
  await store.write({ vm: settled });
}

async function isComplete(disks: Promise<readonly string[]>, domain: Domain): Promise<boolean> {
  const there = new Set(await disks);
  return Object.values(domain.stored.disks).every((disk) => there.has(disk.id));
}
