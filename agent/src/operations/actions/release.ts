import type { Underway, VmRecord } from "../../store/records.ts";
import { concluded } from "../context.ts";
import type { Attempt, Outcome } from "../context.ts";
import { refuseForeign, refuseStale } from "../guard.ts";
import { metadataOf } from "../metadata.ts";
import { findSettled } from "../settle.ts";

const NOTHING: Underway = { changes: [], drops: [] };

/** Takes the owner from a VM and leaves everything else as it is. */
export async function releaseVm(attempt: Attempt): Promise<Outcome> {
  const { intent, hypervisor } = attempt;
  const present = await findSettled(attempt, intent.uid);
  if (present === undefined || present.vm.owner === "") return { noop: true, ...(present !== undefined && { observed: present.vm }) };
  const { vm, record } = present;
  refuseForeign(intent, vm, record);
  refuseStale(intent, vm, record, NOTHING);
  if (record === undefined) throw new RangeError("a VM with an owner has a record");
  const released: VmRecord = {
    ...record,
    owner: "",
    ownedSince: attempt.now(),
    applied: {},
    planHash: intent.planHash,
    gitCommit: intent.gitCommit,
  };
  await attempt.begin({ vm: { ...record, planHash: intent.planHash, revision: "", underway: NOTHING } });
  attempt.progress({ phase: "release" });
  if (present.domain !== undefined) await hypervisor.change(vm.uid, { metadata: metadataOf(released) }, { live: false });
  return await concluded(attempt, released);
}
