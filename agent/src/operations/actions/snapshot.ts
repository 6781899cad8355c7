/**
 * Snapshots, as a person asks for them without a plan. Who owns the VM sees the difference that going back makes as
 * drift; owner and last-applied values stay those of now.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { problem } from "@ghost/schemas";
import type { GhostError, Operation } from "@ghost/schemas";
import { concludedAfresh, concludedBeside } from "../context.ts";
import type { Attempt, Outcome, Workshop } from "../context.ts";
import { refuseImpactOf, refuseProtected } from "../guard.ts";
import type { Intent } from "../intent.ts";
import { metadataOf } from "../metadata.ts";
import { requireDomain, wasBegun } from "./present.ts";

/** A name of digits alone could be taken for a number that QEMU itself gives to each snapshot. */
const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
const NAME_DOC = "1 to 63 letters, digits, dots, hyphens and underscores, starting with a letter";
/** The phase in which a guest stands still. */
const MEMORY = "memory";
const TRIES = 20;
const PAUSE_MS = 500;
const DESCRIPTION_MAX_CHARS = 1000;
/** What XML has no way to write, and what a terminal would act on. */
const NOT_TEXT = /[^\P{Cc}\n\t]|\p{Cs}|[\ufffe\uffff]/u;

/** Keeps what the VM is now. A running guest stands still while its memory is written. */
export async function createSnapshot(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const wanted = requireSnapshot(intent);
  refuseBadWords(wanted);
  const { vm, record } = await requireDomain(attempt);
  const same = (await hypervisor.snapshots(vm.uid)).find(({ name }) => name === wanted.name);
  if (same !== undefined) {
    // The attempt before made it and could not tell any more.
    if ((wasBegun(attempt, MEMORY) || wasBegun(attempt, "snapshot")) && same.description === wanted.description)
      return await concludedBeside(attempt, record, vm, true);
    throw problem("SNAPSHOT_EXISTS", `VM "${vm.name}" has a snapshot "${wanted.name}" already, of ${same.createdAt.toISOString()}.`, {
      hint: `Choose another name, or delete that one: ghost vm snapshot delete ${vm.name} ${wanted.name}`,
    });
  }
  const isRunning = vm.status === "running";
  if (isRunning) refuseImpactOf(intent, vm, "live", " (the guest stands still while its memory is written)");
  progress({ phase: isRunning ? MEMORY : "snapshot" });
  await attempt.begin({ vm: record });
  try {
    await hypervisor.createSnapshot(vm.uid, wanted);
  } catch (reason) {
    if (isRunning) await onceBack(attempt, () => resumeIfPaused(attempt, vm.uid));
    throw reason;
  }
  return await concludedBeside(attempt, record, vm);
}

/** Makes the VM what it was: what its disks got since is lost, and so is what runs now. */
export async function revertToSnapshot(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const { name } = requireSnapshot(intent);
  const { vm, record } = await requireDomain(attempt);
  const names = (await hypervisor.snapshots(vm.uid)).map((each) => each.name);
  if (!names.includes(name)) throw notFound(vm.name, name, names);
  refuseProtected(intent, vm, "data-loss");
  refuseImpactOf(intent, vm, "data-loss", ` (what its disks got since the snapshot "${name}" is lost)`);
  progress({ phase: "revert" });
  await attempt.begin({ vm: record });
  try {
    await hypervisor.revertSnapshot(vm.uid, name);
  } catch (reason) {
    // It may have gone back all the same.
    await onceBack(attempt, () => tellAgain(attempt, vm.uid));
    throw reason;
  }
  await tellAgain(attempt, vm.uid);
  return await concludedAfresh(attempt, record);
}

/** Forgets what was kept; the machine stays as it is. */
export async function deleteSnapshot(attempt: Attempt): Promise<Outcome> {
  const { hypervisor, intent, progress } = attempt;
  const { name } = requireSnapshot(intent);
  const { vm, record } = await requireDomain(attempt);
  const names = (await hypervisor.snapshots(vm.uid)).map((each) => each.name);
  if (!names.includes(name)) {
    if (wasBegun(attempt, "snapshot")) return await concludedBeside(attempt, record, vm, true);
    throw notFound(vm.name, name, names);
  }
  progress({ phase: "snapshot" });
  await attempt.begin({ vm: record });
  await hypervisor.deleteSnapshot(vm.uid, name);
  return await concludedBeside(attempt, record, vm);
}

/** What is left to do after an act on a snapshot was cut off, as its journal tells. */
export async function settleAct(workshop: Workshop, { action, phase, uid }: Pick<Operation, "action" | "phase" | "uid">): Promise<void> {
  if (action === "snapshot-revert") await tellAgain(workshop, uid);
  if (action === "snapshot-create" && phase === MEMORY) await resumeIfPaused(workshop, uid);
}

/** A hypervisor that went away while it made a snapshot lets the guest stand still. */
async function resumeIfPaused({ hypervisor }: Pick<Workshop, "hypervisor">, uid: string): Promise<void> {
  if ((await hypervisor.find(uid))?.status === "paused") await hypervisor.resume(uid);
}

/**
 * Puts in order what an act that failed has left. Where the hypervisor went away in the middle, that waits until it is
 * back: nothing else could be done with the VM meanwhile. Given up after some tries, and when the operation is cancelled.
 */
async function onceBack({ hypervisor, signal }: Attempt, task: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < TRIES && !signal.aborted;) {
    const isBack = await hypervisor.ping().then(
      () => true,
      () => false,
    );
    if (isBack) {
      tries++;
      try {
        return await task();
      } catch {
        // Mostly because the hypervisor is still busy with what was cut off.
      }
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A machine that went back has the metadata of then: it is told those of now. */
async function tellAgain({ hypervisor, store }: Pick<Workshop, "hypervisor" | "store">, uid: string): Promise<void> {
  const [record, domain] = [store.vms.get(uid), await hypervisor.find(uid)];
  if (record === undefined || domain === undefined) return;
  const metadata = metadataOf(record);
  if (domain.metadata !== metadata) await hypervisor.change(uid, { metadata }, { live: false });
}

function requireSnapshot({ snapshot }: Intent): { readonly name: string; readonly description: string } {
  if (snapshot !== undefined) return snapshot;
  throw problem("VM_INVALID", "The request does not name a snapshot.", { hint: "Give the snapshot's name." });
}

function refuseBadWords({ name, description }: { readonly name: string; readonly description: string }): void {
  if (!NAME.test(name)) throw problem("VM_INVALID", `The snapshot's name is ${JSON.stringify(name)}; it must be ${NAME_DOC}.`);
  if (description.length > DESCRIPTION_MAX_CHARS || NOT_TEXT.test(description))
    throw problem(
      "VM_INVALID",
      `The snapshot's description must have at most ${DESCRIPTION_MAX_CHARS} characters, and no control characters.`,
    );
}

function notFound(vm: string, name: string, names: readonly string[]): GhostError {
  return problem("SNAPSHOT_NOT_FOUND", `VM "${vm}" has no snapshot "${name}".`, {
    hint: names.length === 0 ? "It has none at all." : `It has ${names.toSorted().join(", ")}.`,
  });
}
