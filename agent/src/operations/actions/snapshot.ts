/**
 * Snapshots, as a person asks for them without a plan. Who owns the VM sees the difference that going back makes as
 * drift; owner and last-applied values stay those of now.
 */
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import { concludedAfresh, concludedBeside } from "../context.ts";
import type { Attempt, Outcome, Workshop } from "../context.ts";
import { refuseImpactOf, refuseProtected } from "../guard.ts";
import type { Intent } from "../intent.ts";
import { metadataOf } from "../metadata.ts";
import { requireDomain, wasBegun } from "./present.ts";

/** A name of digits alone could be taken for a number that QEMU itself gives to each snapshot. */
const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
const NAME_DOC = "1 to 63 letters, digits, dots, hyphens and underscores, starting with a letter";
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
    if (wasBegun(attempt, "snapshot") && same.description === wanted.description) return await concludedBeside(attempt, record, vm, true);
    throw problem("SNAPSHOT_EXISTS", `VM "${vm.name}" has a snapshot "${wanted.name}" already, of ${same.createdAt.toISOString()}.`, {
      hint: `Choose another name, or delete that one: ghost vm snapshot delete ${vm.name} ${wanted.name}`,
    });
  }
  if (vm.status === "running") refuseImpactOf(intent, vm, "live", " (the guest stands still while its memory is written)");
  progress({ phase: "snapshot" });
  await attempt.begin({ vm: record });
  await hypervisor.createSnapshot(vm.uid, wanted);
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
    await tellAgain(attempt, vm.uid).catch(() => undefined);
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

/** A machine that went back has the metadata of then: it is told those of now. */
export async function tellAgain({ hypervisor, store }: Pick<Workshop, "hypervisor" | "store">, uid: string): Promise<void> {
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
