/*
 * Brings an existing VM to a configuration.
 *
 * (1) Every check is done before; here the changes are carried out, each as softly as its impact allows.
 * (2) New disks are made before the guest goes down, old ones are deleted after nothing uses them any more. Both are
 *     on record as loose from before the first until after the last: a crash in between deletes exactly those that
 *     are not attached.
 *     Before anything of the machine is changed, and after it went down, it is looked at again: what came meanwhile
 *     is nobody's to undo.
 * (3) A definition is changed in place, never removed and made again; one that vanished is made over the disks that
 *     are left.
 * (4) A guest that was taken down and is to be up is up again at the end, also when a change failed meanwhile. No other
 *     guest is started or resumed, unless that is the change.
 */
import { findAwaited, isActive, own, sameValue } from "@ghost/engine";
import type { Change, VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Domain, Hypervisor } from "../../hypervisor/driver.ts";
import { diskIdOf } from "../../hypervisor/identity.ts";
import type { VmRecord } from "../../store/records.ts";
import { settleLooseDisks } from "../clean.ts";
import { concluded, concludedBeside, leftOver, requireSecret } from "../context.ts";
import type { Attempt, Outcome, Present } from "../context.ts";
import { isTakenUp, pathsOf, stale } from "../guard.ts";
import { pinnedImage, vmImage } from "../image.ts";
import { metadataOf, withTold } from "../metadata.ts";
import { changedParts, diskSizes, guestSetup, toDomainConfig } from "../target.ts";
import { isWaitedFor, waitUntilReady } from "../wait.ts";
import { refusePassing } from "./present.ts";

/** Attributes that make the root disk anew when they change with impact `data-loss`. */
const MAKES_ROOT_ANEW: ReadonlySet<string> = new Set([
  "image",
  "image_url",
  "image_sha256",
  "image_path",
  "disk_gb",
  "cloud_init",
  "ssh_keys",
]);
const SEEDS_GUEST: ReadonlySet<string> = new Set(["cloud_init", "ssh_keys"]);

/** `present.record` may be one that is only about to be written: an adopted VM's. */
export async function converge(attempt: Attempt, present: Present, config: VmConfig, changes: readonly Change[]): Promise<Outcome> {
  const { intent, store } = attempt;
  const record = present.record;
  if (record === undefined) throw new RangeError("a VM without a record is adopted first");
  const applied: VmRecord = {
    ...record,
    config,
    applied: config,
    name: config.name ?? record.name,
    planHash: intent.planHash,
    gitCommit: intent.gitCommit,
    phase: "ready",
    appliedAt: attempt.now(),
  };
  const isAdoption = present.vm.owner !== record.owner;
  if (changes.length === 0 && !isAdoption && present.domain !== undefined) {
    // A step before ended while it waited.
    const isWaited = findAwaited(config, present.vm) !== undefined;
    if (isWaited) {
      await attempt.begin({ vm: record });
      await waitUntilReady(attempt, config);
    }
    const same: VmRecord = {
      ...applied,
      planHash: record.planHash,
      gitCommit: record.gitCommit,
      looseDisks: await settleLooseDisks(attempt.hypervisor, record.uid, record.looseDisks),
      ...(record.appliedAt !== undefined && { appliedAt: record.appliedAt }),
      isAwaited: record.isAwaited && !isWaited,
    };
    const isOwnEnd = intent.planHash !== "" && record.planHash === intent.planHash;
    return isOwnEnd ? await concluded(attempt, same, !isWaited) : await concludedBeside(attempt, same, present.vm, !isWaited);
  }

  const task = await toTask(attempt, present, config, changes);
  refuseOtherDisks(attempt, present, task);
  if (task.seedsGuest) requireSecret(attempt, config);
  const isAwaited = task.isUpAfter && isWaitedFor(config) && (task.comesUp || record.isAwaited);
  const begun: VmRecord = {
    ...record,
    // A rename counts from here on: if it is cut off, the domain's old name is what differs.
    name: applied.name,
    planHash: intent.planHash,
    revision: "",
    underway: {
      // What is taken down is started again, also by the attempt that takes this one up.
      changes: [...pathsOf(changes), ...(task.goesDown || present.domain === undefined ? ["power"] : [])],
      drops: task.droppedDisks,
    },
    looseDisks: [...record.looseDisks, ...task.madeDisks, ...task.droppedDisks],
    // What was waited for before is so until this is done.
    isAwaited: isAwaited || record.isAwaited,
  };
  await attempt.begin({ vm: begun });
  let done: VmRecord;
  try {
    done = await carryOut(attempt, present, config, task, { ...applied, isAwaited }, begun);
    done = { ...done, looseDisks: await settleLooseDisks(attempt.hypervisor, record.uid, record.looseDisks) };
  } catch (reason) {
    await tidyUp(attempt, task, begun, record.name).catch(() => undefined);
    throw reason;
  }
  if (isAwaited && (task.comesUp || present.vm.status === "running")) {
    const { record: vm } = await concluded(attempt, done);
    if (vm !== undefined) await store.write({ vm });
    await waitUntilReady(attempt, config);
    done = { ...done, isAwaited: false };
  }
  return await concluded(attempt, done);
}

/** PLAN_STALE when a change that is taken up again would delete a disk that it was not to delete. */
function refuseOtherDisks({ intent }: Attempt, { vm, record, domain }: Present, { droppedDisks }: Task): void {
  if (intent.promise === undefined || domain === undefined || intent.promise.revision === vm.revision || droppedDisks.length === 0) return;
  if (!isTakenUp(intent, vm, record, { changes: [], drops: droppedDisks })) throw stale(intent, vm);
}

interface Task {
  readonly isUp: boolean;
  readonly isUpAfter: boolean;
  readonly goesDown: boolean;
  /** Started or resumed at the end: after going down, or because that is the change. */
  readonly comesUp: boolean;
  readonly makesRootAnew: boolean;
  readonly seedsGuest: boolean;
  /** Every disk of the VM afterwards. */
  readonly diskIds: Readonly<Record<string, string>>;
  /** Names of disks that are made, by id. */
  readonly made: Readonly<Record<string, string>>;
  readonly madeDisks: readonly string[];
  readonly droppedDisks: readonly string[];
}

async function toTask(
  { intent, hypervisor }: Attempt,
  { vm, domain }: Present,
  config: VmConfig,
  changes: readonly Change[],
): Promise<Task> {
  const { capabilities } = await hypervisor.facts();
  const lossy = changes.filter((change) => change.impact === "data-loss");
  const makesRootAnew = lossy.some((change) => MAKES_ROOT_ANEW.has(change.path[0] ?? ""));
  const presentIds = domain === undefined ? vm.diskIds : { ...idsOf(domain.live.disks), ...idsOf(domain.stored.disks) };
  const shrunk = new Set(lossy.filter((change) => change.path[0] === "disks" && change.path.length === 3).map((change) => change.path[1]));
  const diskIds: Record<string, string> = {};
  const made: Record<string, string> = {};
  for (const name of Object.keys(diskSizes(config))) {
    const kept = own(presentIds, name);
    const isAnew = kept === undefined || (name === "root" ? makesRootAnew : shrunk.has(name));
    // The operation's id names the generation: a repeated attempt makes the same disk, another plan another one.
    const id = isAnew ? diskIdOf(vm.uid, name, intent.operationId) : kept;
    diskIds[name] = id;
    if (id !== kept) made[id] = name;
  }
  const droppedDisks = Object.entries(presentIds)
    .filter(([name, id]) => own(diskIds, name) !== id)
    .map(([, id]) => id);
  const isUp = domain !== undefined && isActive(domain.status);
  const isUpAfter = config.power === "unmanaged" ? isUp : config.power !== "stopped";
  const unplugs = lossy.some((change) => change.path[0] === "disks");
  const goesDown =
    isUp &&
    (!isUpAfter ||
      makesRootAnew ||
      (unplugs && !capabilities.disk_plug) ||
      changes.some((change) => change.impact === "restart" || change.impact === "replace"));
  return {
    isUp,
    isUpAfter,
    goesDown,
    comesUp: isUpAfter && (goesDown || domain === undefined || changes.some((change) => change.path[0] === "power")),
    makesRootAnew,
    seedsGuest: makesRootAnew || changes.some((change) => SEEDS_GUEST.has(change.path[0] ?? "")),
    diskIds,
    made,
    madeDisks: Object.keys(made),
    droppedDisks,
  };
}

async function carryOut(
  attempt: Attempt,
  present: Present,
  config: VmConfig,
  task: Task,
  applied: VmRecord,
  begun: VmRecord,
): Promise<VmRecord> {
  const { hypervisor, store, intent, signal, progress } = attempt;
  const { uid } = present.vm;
  const sizes = diskSizes(config);
  let after: VmRecord = { ...applied, diskIds: task.diskIds };

  if (Object.values(task.made).includes("root")) {
    const source = vmImage(intent, config, store);
    if (source !== undefined) {
      progress({ phase: "image" });
      after = { ...after, imageDigest: (await pinnedImage(hypervisor, source, { signal, onProgress: progress })).digest };
    }
  }
  const there = new Set(task.madeDisks.length === 0 ? [] : await hypervisor.listDisks(uid));
  if (task.madeDisks.some((id) => !there.has(id))) progress({ phase: "disk" });
  for (const [id, name] of Object.entries(task.made)) {
    signal.throwIfAborted();
    if (!there.has(id))
      await hypervisor.createDisk(
        uid,
        name,
        { id, sizeGb: sizes[name] ?? 0 },
        name === "root" && after.imageDigest !== "" ? after.imageDigest : undefined,
        { signal, onProgress: progress },
      );
  }
  signal.throwIfAborted();

  // From here on a cancelled operation would leave the VM half changed: it goes on to its end.
  let domain = present.domain;
  if (domain !== undefined && task.madeDisks.length > 0) domain = await requireUnmoved(attempt, present, domain, task.isUp);
  if (domain !== undefined && task.goesDown) {
    refusePassing(domain);
    await shutDown(attempt, domain, config);
    domain = await requireUnmoved(attempt, present, domain, false);
  }
  progress({ phase: "define" });
  const want = toDomainConfig(uid, config, task.diskIds, domain?.stored);
  // What is done is on record at once, with the machine and here: a later failure does not undo it.
  const keep = async (record: VmRecord): Promise<void> => {
    const { revision, underway, looseDisks } = begun;
    await store.write({ vm: { ...record, revision, ...(underway && { underway }), looseDisks } });
  };
  if (domain === undefined) {
    await hypervisor.define(uid, want, metadataOf(after), guestSetup(config, intent.secrets));
    await keep(after);
  } else {
    const defined = task.seedsGuest ? withSeedOf(after, begun) : after;
    await hypervisor.change(uid, { ...changedParts(domain, want), metadata: metadataOf(defined) }, { live: isActive(domain.status) });
    await keep(defined);
    for (const [name, disk] of Object.entries(want.disks)) {
      const before = own(domain.live.disks, name);
      if (before?.id === disk.id && before.sizeGb < disk.sizeGb) {
        progress({ phase: "disk" });
        await hypervisor.growDisk(uid, name, disk.sizeGb);
      }
    }
    if (task.seedsGuest) {
      await hypervisor.setGuest(uid, guestSetup(config, intent.secrets));
      after = { ...after, guestChangedAt: attempt.now() };
      if (metadataOf(after) !== metadataOf(defined)) await hypervisor.change(uid, { metadata: metadataOf(after) }, { live: false });
      await keep(after);
    }
  }
  for (const id of task.droppedDisks) await hypervisor.deleteDisk(uid, id);

  if (task.comesUp) {
    const now = await hypervisor.find(uid);
    if (now?.status === "paused") await hypervisor.resume(uid);
    else if (now !== undefined && now.status !== "running") {
      progress({ phase: "start" });
      await hypervisor.start(uid);
    }
  }
  return after;
}

/** A record whose guest still has the setup of another one. */
function withSeedOf(after: VmRecord, before: VmRecord): VmRecord {
  const seeded = (config: VmConfig, { cloud_init, ssh_keys }: VmConfig): VmConfig => {
    const { cloud_init: _init, ssh_keys: _keys, ...rest } = config;
    return { ...rest, ...(cloud_init && { cloud_init }), ...(ssh_keys && { ssh_keys }) };
  };
  return { ...after, config: seeded(after.config, before.config), applied: seeded(after.applied, before.applied) };
}

async function shutDown({ hypervisor, progress }: Attempt, domain: Domain, config: VmConfig): Promise<void> {
  progress({ phase: "stop" });
  // A paused guest cannot shut down.
  if (domain.status === "paused") await hypervisor.resume(domain.uid);
  await hypervisor.stop(domain.uid, { timeoutMs: (config.stop_timeout_s ?? 60) * 1000 });
}

/**
 * The domain as it is now, up or down as the change has it so far. PLAN_STALE when anything else of it moved since the
 * change was checked: it would be undone, and nobody said so.
 */
async function requireUnmoved({ hypervisor, intent }: Attempt, { vm }: Present, before: Domain, isUp: boolean): Promise<Domain> {
  const now = await hypervisor.find(before.uid);
  const isSame =
    now !== undefined &&
    isActive(now.status) === isUp &&
    sameValue(now.stored, before.stored) &&
    (!isUp || (sameValue(now.live.disks, before.live.disks) && sameValue(now.live.nics, before.live.nics)));
  if (isSame) return now;
  throw problem("PLAN_STALE", `VM "${vm.name}" was changed by somebody else while the step was under way. The step was not carried on.`, {
    hint: "Plan again and look at what the new plan says.",
    path: ["vms", intent.name],
  });
}

/** After a failure: no loose disk, and a guest that was up is up. What cannot be done now, the next start of the agent does. */
async function tidyUp(attempt: Attempt, task: Task, begun: VmRecord, oldName: string): Promise<void> {
  const { hypervisor, store, intent, progress } = attempt;
  progress({ phase: "clean" });
  await startAgain(hypervisor, task, begun.uid);
  const kept = store.vms.get(begun.uid) ?? begun;
  const looseDisks = await settleLooseDisks(hypervisor, begun.uid, begun.looseDisks);
  const domain = await hypervisor.find(begun.uid);
  // A domain that has the new name was renamed; one that has neither name was renamed by somebody else.
  const name = domain !== undefined && domain.stored.name === intent.name ? intent.name : oldName;
  const left: VmRecord = domain === undefined ? kept : { ...withTold(kept, domain), diskIds: idsOf(domain.stored.disks) };
  await store.write({ vm: await leftOver(attempt, { ...left, name, looseDisks }) });
}

async function startAgain(hypervisor: Hypervisor, task: Task, uid: string): Promise<void> {
  if (!task.goesDown || !task.isUpAfter) return;
  const domain = await hypervisor.find(uid);
  if (domain?.status === "stopped") await hypervisor.start(uid).catch(() => undefined);
}

function idsOf(disks: Domain["live"]["disks"]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(disks).map(([name, disk]) => [name, disk.id]));
}
