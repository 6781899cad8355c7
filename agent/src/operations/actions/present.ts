/** What acts without a plan stand on: a VM that an agent manages, and how it stands to an earlier attempt. */
import { problem } from "@ghost/schemas";
import type { Domain } from "../../hypervisor/driver.ts";
import type { VmRecord } from "../../store/records.ts";
import type { Attempt, Present } from "../context.ts";
import { refuseForeign } from "../guard.ts";
import { requireSettled } from "../settle.ts";

/** The VM with its record and its domain. OWNED_BY_OTHER for a machine that no agent manages, HOST_ERROR for one that is missing. */
export async function requireDomain(attempt: Attempt): Promise<Present & { readonly record: VmRecord; readonly domain: Domain }> {
  const present = await requireSettled(attempt, attempt.intent);
  const { record, domain, vm } = present;
  if (record === undefined) {
    refuseForeign(attempt.intent, vm, undefined);
    throw problem("VM_NOT_FOUND", `VM "${vm.name}" has no record on this agent.`);
  }
  if (domain === undefined)
    throw problem("HOST_ERROR", `VM "${vm.name}" is on record, but ${vm.statusReason}.`, {
      hint: "Apply its spec: the VM is defined again over the disks that are left.",
    });
  return { ...present, record, domain };
}

/** HOST_ERROR for a machine that is to come up again, and would be gone with its end. */
export function refusePassing({ isPassing, stored: { name } }: Domain): void {
  if (isPassing !== true) return;
  throw problem("HOST_ERROR", `Somebody removed the definition of VM "${name}" while it runs, so it would not come up again.`, {
    hint: `Give it its definition again: virsh dumpxml ${name} > ${name}.xml && virsh define ${name}.xml. Or stop it and apply its spec: it is defined again over its disks.`,
  });
}

/**
 * True when an earlier attempt at this operation had begun its effect: it told that phase before it put itself on the
 * journal. Asked before this attempt begins.
 */
export function wasBegun({ store, intent, number }: Attempt, phase: string): boolean {
  return number > 1 && store.findOperation(intent.operationId)?.phase === phase;
}
