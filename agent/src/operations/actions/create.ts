import { vmDemand } from "@ghost/engine";
import type { VmConfig } from "@ghost/schemas";
import { GhostError, problem, worstImpact } from "@ghost/schemas";
import type { ImageSource } from "../../hypervisor/driver.ts";
import { diskIdOf } from "../../hypervisor/identity.ts";
import type { VmRecord } from "../../store/records.ts";
import { removeEverything } from "../clean.ts";
import { changesOf, concluded, requireConfig, requireFreeName, requireSecret } from "../context.ts";
import type { Attempt, Outcome, Present } from "../context.ts";
import { isTakenUp, pathsOf, refuseForeign } from "../guard.ts";
import { pinnedImage, vmImage } from "../image.ts";
import { metadataOf } from "../metadata.ts";
import { findSettled, settle } from "../settle.ts";
import { diskSizes, guestSetup, toDomainConfig } from "../target.ts";
import { validateVm } from "../validate.ts";
import { isWaitedFor, waitUntilReady } from "../wait.ts";
import { admitChanges } from "./admit-changes.ts";
import { converge } from "./converge.ts";

/** Makes a VM and starts it. What fails on the way leaves nothing behind; what fails after the start leaves the VM. */
export async function createVm(attempt: Attempt): Promise<Outcome> {
  const { intent, store, admission } = attempt;
  const config = requireConfig(intent);
  validateVm(config);
  const present = await findSettled(attempt, intent.uid);
  if (present !== undefined) {
    refuseForeign(intent, present.vm, present.record);
    return await resume(attempt, present, config);
  }
  await clearName(attempt, intent.name);
  await requireFreeName(attempt, intent.name, intent.uid);
  if (store.settings.schedulable === false)
    throw problem(
      "HOST_NOT_SCHEDULABLE",
      `The host takes no new VMs (schedulable: false in its settings), so VM "${intent.name}" was not made.`,
      { hint: "Set schedulable: true in the agent's settings, or place the VM on another agent.", path: ["vms", intent.name, "agent"] },
    );
  requireSecret(attempt, config);
  const source = vmImage(intent, config, store);
  await admission.admit(intent.uid, intent.name, vmDemand(config));
  const record = newRecord(attempt, config);
  await attempt.begin({ vm: record });
  let made = await make(attempt, config, record, source);
  // It is there, complete and running: that is on record whatever else fails, and before anything is waited for.
  if (made.isAwaited) {
    await store.write({ vm: made });
    await waitUntilReady(attempt, config);
    made = { ...made, isAwaited: false };
  }
  try {
    return await concluded(attempt, made);
  } catch (reason) {
    await store.write({ vm: made });
    throw reason;
  }
}

/**
 * The uid is there: an earlier attempt of this plan made it, or the hypervisor lost it and it is defined again over
 * the disks that are left.
 */
async function resume(attempt: Attempt, present: Present, config: VmConfig): Promise<Outcome> {
  const { intent } = attempt;
  const changes = await changesOf(attempt, present.vm, config);
  // What is left to do of a create is to start it; more only where this same plan was to do that.
  const isHarmless = worstImpact(changes.map((change) => change.impact)) === "none";
  const isTaken = isTakenUp(intent, present.vm, present.record, { changes: pathsOf(changes), drops: [] });
  if (!isHarmless && present.domain !== undefined && !isTaken) {
    throw problem("VM_EXISTS", `VM "${present.vm.name}" (${intent.uid}) exists already and is not as this create wants it.`, {
      hint: "Plan again; the new plan changes the VM instead of making it.",
      path: ["vms", intent.name],
    });
  }
  await admitChanges(attempt, present.vm, config, changes);
  return await converge(attempt, present, config, changes);
}

/** A VM of this name whose making or deletion was cut off is settled first: what is complete keeps the name. */
async function clearName(attempt: Attempt, name: string): Promise<void> {
  const { store, hypervisor, intent } = attempt;
  const other = store.findVmByName(name);
  if (other === undefined || other.uid === intent.uid || other.owner !== intent.owner || other.phase === "ready") return;
  await settle(attempt, other, await hypervisor.find(other.uid));
}

function newRecord({ intent, now }: Attempt, config: VmConfig): VmRecord {
  const createdAt = now();
  return {
    uid: intent.uid,
    name: intent.name,
    owner: intent.owner,
    ownedSince: createdAt,
    config,
    applied: config,
    defaults: intent.defaults ?? {},
    imageDigest: "",
    diskIds: Object.fromEntries(Object.keys(diskSizes(config)).map((disk) => [disk, diskIdOf(intent.uid, disk)])),
    looseDisks: [],
    planHash: intent.planHash,
    gitCommit: intent.gitCommit,
    revision: "",
    phase: "creating",
    isAwaited: isStarted(config) && isWaitedFor(config),
    createdAt,
    appliedAt: createdAt,
  };
}

async function make(attempt: Attempt, config: VmConfig, record: VmRecord, source: ImageSource | undefined): Promise<VmRecord> {
  const { hypervisor, intent, signal, progress, store } = attempt;
  const { uid } = intent;
  const onProgress = progress;
  try {
    if (source !== undefined) progress({ phase: "image" });
    const image = source === undefined ? undefined : await pinnedImage(hypervisor, source, { signal, onProgress });
    const want = toDomainConfig(uid, config, record.diskIds);
    progress({ phase: "disk" });
    for (const [name, disk] of Object.entries(want.disks)) {
      signal.throwIfAborted();
      await hypervisor.createDisk(uid, name, disk, name === "root" ? image?.digest : undefined, { signal, onProgress });
    }
    signal.throwIfAborted();
    progress({ phase: "define" });
    const made: VmRecord = { ...record, phase: "ready", imageDigest: image?.digest ?? "" };
    await hypervisor.define(uid, want, metadataOf(made), guestSetup(config, intent.secrets));
    signal.throwIfAborted();
    if (isStarted(config)) {
      progress({ phase: "start" });
      await hypervisor.start(uid);
    }
    return made;
  } catch (reason) {
    progress({ phase: "clean" });
    try {
      await removeEverything(hypervisor, uid);
      await store.write({ dropVm: uid });
    } catch (second) {
      throw withSecond(reason, second, intent.name);
    }
    throw reason;
  }
}

function isStarted({ power = "running" }: VmConfig): boolean {
  return power === "running";
}

/** The record stays in phase `creating`: the next attempt, or the agent's next start, settles it. */
function withSecond(reason: unknown, second: unknown, name: string): GhostError {
  const first = GhostError.from(reason);
  const [why] = GhostError.from(second).diagnostics;
  return new GhostError(
    [
      ...first.diagnostics,
      {
        ...why,
        severity: "warning",
        detail: `What was made of VM "${name}" could not be removed either: ${why.detail}`,
        hint: "Apply again, or delete the VM; what is left of it is on record.",
      },
    ],
    { cause: reason },
  );
}
