import { fateOfDisks } from "@ghost/engine";
import type { Underway, VmRecord } from "../../store/records.ts";
import { attachedDisks, removeEverything } from "../clean.ts";
import { leftOver } from "../context.ts";
import type { Attempt, Outcome } from "../context.ts";
import { refuseForeign, refuseImpactOf, refuseProtected, refuseStale } from "../guard.ts";
import { findSettled } from "../settle.ts";

/** Deletes a VM with its disks, by uid: another VM of the same name is none of its business. */
export async function deleteVm(attempt: Attempt): Promise<Outcome> {
  const { intent, hypervisor, progress } = attempt;
  const present = await findSettled(attempt, intent.uid);
  if (present === undefined) return { noop: true };
  const { vm, record } = present;
  refuseForeign(intent, vm, record);
  const task: Underway = {
    changes: [],
    drops: [...(present.domain === undefined ? Object.values(vm.diskIds) : attachedDisks(present.domain))],
  };
  refuseStale(intent, vm, record, task);
  refuseProtected(intent, vm, "data-loss");
  refuseImpactOf(intent, vm, "data-loss", ` (the VM is deleted; ${fateOfDisks(vm)})`);
  if (record === undefined) throw new RangeError("a VM with an owner has a record");

  const deleting: VmRecord = { ...record, phase: "deleting", planHash: intent.planHash, revision: "", underway: task };
  await attempt.begin({ vm: deleting });
  try {
    // From here on a cancelled operation would leave the guest off: it goes on to its end.
    progress({ phase: "stop" });
    if (present.domain !== undefined && present.domain.status !== "stopped") await hypervisor.powerOff(vm.uid);
    progress({ phase: "delete" });
    await removeEverything(hypervisor, vm.uid);
  } catch (reason) {
    await putBack(attempt, deleting, vm.status === "running").catch(() => undefined);
    throw reason;
  }
  return { noop: false, dropVm: vm.uid };
}

/**
 * As long as the definition is there, the VM is there, and runs if it did. Without it, or when that cannot be told, the
 * record stays `deleting`, and it is settled at the next chance.
 */
async function putBack(attempt: Attempt, deleting: VmRecord, wasRunning: boolean): Promise<void> {
  const { hypervisor, store } = attempt;
  const domain = await hypervisor.find(deleting.uid);
  if (domain === undefined) return;
  if (wasRunning && domain.status === "stopped") await hypervisor.start(deleting.uid).catch(() => undefined);
  await store.write({ vm: await leftOver(attempt, { ...deleting, phase: "ready" }) });
}
