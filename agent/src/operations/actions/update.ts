import type { ObservedVm } from "@ghost/schemas";
import type { VmRecord } from "../../store/records.ts";
import { changesOf, requireConfig } from "../context.ts";
import type { Attempt, Outcome } from "../context.ts";
import { pathsOf, refuseForeign, refuseStale } from "../guard.ts";
import { requireSettled } from "../settle.ts";
import { validateVm } from "../validate.ts";
import { admitChanges } from "./admit-changes.ts";
import { converge } from "./converge.ts";

/** Brings a VM of this owner to the step's configuration. */
export async function updateVm(attempt: Attempt): Promise<Outcome> {
  const { intent } = attempt;
  const config = requireConfig(intent);
  validateVm(config);
  const present = await requireSettled(attempt, intent);
  const changes = await changesOf(attempt, present.vm, config);
  // What is done already needs no permission: it is asked first.
  if (changes.length > 0 || present.vm.owner !== intent.owner) {
    refuseForeign(intent, present.vm, present.record);
    refuseStale(intent, present.vm, present.record, { changes: pathsOf(changes), drops: [] });
    await admitChanges(attempt, present.vm, config, changes);
  }
  return await converge(attempt, present, config, changes);
}

/** Takes over a VM of nobody's or of another owner, and brings it to the step's configuration. */
export async function adoptVm(attempt: Attempt): Promise<Outcome> {
  const { intent } = attempt;
  const config = requireConfig(intent);
  validateVm(config);
  const present = await requireSettled(attempt, intent);
  const changes = await changesOf(attempt, present.vm, config);
  if (changes.length > 0 || present.vm.owner !== intent.owner) {
    refuseStale(intent, present.vm, present.record, { changes: pathsOf(changes), drops: [] });
    await admitChanges(attempt, present.vm, config, changes);
  }
  const record = present.vm.owner === intent.owner ? present.record : adoptedRecord(attempt, present.vm, present.record);
  return await converge(attempt, { ...present, ...(record !== undefined && { record }) }, config, changes);
}

function adoptedRecord({ intent, now }: Attempt, vm: ObservedVm, record: VmRecord | undefined): VmRecord {
  const ownedSince = now();
  return {
    uid: vm.uid,
    name: vm.name,
    owner: intent.owner,
    ownedSince,
    config: record?.config ?? vm.live,
    applied: {},
    defaults: intent.defaults ?? record?.defaults ?? {},
    imageDigest: record?.imageDigest ?? "",
    diskIds: vm.diskIds,
    looseDisks: record?.looseDisks ?? [],
    planHash: intent.planHash,
    gitCommit: intent.gitCommit,
    revision: "",
    phase: "ready",
    isAwaited: record?.isAwaited ?? false,
    createdAt: record?.createdAt ?? ownedSince,
  };
}
