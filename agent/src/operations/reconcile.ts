import type { Operation } from "@ghost/schemas";
import { settleAct } from "./actions/snapshot.ts";
import type { Workshop } from "./context.ts";
import { recordFromMetadata } from "./metadata.ts";
import { settle } from "./settle.ts";

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
  // Before anything of the metadata is believed.
  for (const operation of store.activeOperations()) await settleAct(workshop, operation);
  const domains = new Map((await hypervisor.list()).map((domain) => [domain.uid, domain]));
  const notes: string[] = [];
  for (const record of Array.from(store.vms.values())) notes.push(...(await settle(workshop, record, domains.get(record.uid))));
  for (const domain of domains.values()) {
    const record = store.vms.has(domain.uid) ? undefined : recordFromMetadata(domain);
    if (record === undefined || store.findVmByName(record.name) !== undefined) continue;
    await store.write({ vm: record });
    notes.push(`The record of VM "${record.name}" was lost and is rebuilt from the hypervisor.`);
  }
  for (const { uid, name, phase } of Array.from(store.templates.values())) {
    if (phase !== "creating") continue;
    await store.write({ dropTemplate: uid });
    notes.push(`Template "${name}" was not made to its end; its record is dropped.`);
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
