import { diffVm } from "@ghost/engine";
import type { Change, ObservedTemplate, ObservedVm, VmConfig } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Domain, Hypervisor } from "../hypervisor/driver.ts";
import type { TemplateRecord, VmRecord } from "../store/records.ts";
import type { Store, StoreChange } from "../store/store.ts";
import type { Admission } from "./admission.ts";
import type { Intent } from "./intent.ts";
import { recordFromMetadata } from "./metadata.ts";
import { observeWithout } from "./observation.ts";
import { keepObserved, observeDomain } from "./observed-vm.ts";
import { PASSWORD_PATH } from "./target.ts";

/** What every operation of an agent works with. */
export interface Workshop {
  readonly hypervisor: Hypervisor;
  readonly store: Store;
  readonly admission: Pick<Admission, "admit">;
  readonly now: () => Date;
}

/** One attempt at one operation, while it holds the locks of its object. */
export interface Attempt extends Workshop {
  readonly intent: Intent;
  /** 1 for the first. */
  readonly number: number;
  /** Aborts when the operation is cancelled; its reason is a GhostError. */
  readonly signal: AbortSignal;
  readonly progress: (update: { phase: string; bytesDone?: number; bytesTotal?: number }) => void;
  /** Puts the record and the running operation on the disk: nothing is done to the host before that. */
  readonly begin: (record: Pick<StoreChange, "vm" | "template">) => Promise<void>;
}

/** How an attempt ended well; records and what is dropped are written together with the end of the operation. */
export interface Outcome {
  readonly noop: boolean;
  readonly record?: VmRecord;
  readonly dropVm?: string;
  readonly observed?: ObservedVm;
  readonly template?: TemplateRecord;
  readonly dropTemplate?: string;
  readonly observedTemplate?: ObservedTemplate;
}

/** A VM as it is now. */
export interface Present {
  readonly domain?: Domain;
  /** Absent for a VM that no agent made. */
  readonly record?: VmRecord;
  readonly vm: ObservedVm;
}

/** Reads a VM's live state; undefined when neither the host nor the records have it. */
export async function findPresent({ hypervisor, store }: Workshop, uid: string): Promise<Present | undefined> {
  const domain = await hypervisor.find(uid);
  const record = store.vms.get(uid) ?? (domain === undefined ? undefined : recordFromMetadata(domain));
  if (domain !== undefined) return { domain, ...(record !== undefined && { record }), vm: observeDomain(domain, record) };
  return record === undefined ? undefined : { record, vm: await observeWithout(hypervisor, record) };
}

/** What stands between a VM and a configuration, by the planner's own rules. */
export async function changesOf({ hypervisor }: Workshop, vm: ObservedVm, desired: VmConfig): Promise<Change[]> {
  const { capabilities } = await hypervisor.facts();
  return diffVm({ ...vm, desired, capabilities });
}

/** The configuration a step carries. PLAN_MISMATCH when it has none. */
export function requireConfig(intent: Intent): VmConfig {
  if (intent.vm === undefined)
    throw problem("PLAN_MISMATCH", `The step ${intent.stepId} says ${intent.action} and carries no configuration.`, {
      hint: "Plan again with the same version of Ghost as the agent's.",
    });
  if (intent.vm.name !== intent.name)
    throw problem(
      "PLAN_MISMATCH",
      `The step ${intent.stepId} is about "${intent.name}" and carries the configuration of "${intent.vm.name ?? ""}".`,
      { hint: "Plan again with the same version of Ghost as the agent's." },
    );
  return intent.vm;
}

/** SECRET_NOT_FOUND when a password is asked for and its value did not come along. */
export function requireSecret({ intent }: Pick<Attempt, "intent">, config: VmConfig): void {
  if (config.cloud_init?.password === undefined || intent.secrets[PASSWORD_PATH] !== undefined) return;
  throw problem(
    "SECRET_NOT_FOUND",
    `The value of ${PASSWORD_PATH} of VM "${intent.name}" did not come with the step; the agent does not keep it.`,
    { hint: "Apply where the secret's source can be read.", path: ["vms", intent.name, "cloud_init", "password"] },
  );
}

/** VM_EXISTS when another machine of the host has the name, managed or not. */
export async function requireFreeName({ hypervisor, store }: Workshop, name: string, uid: string): Promise<void> {
  const record = store.findVmByName(name);
  const other = record?.uid === uid ? undefined : record;
  const domain = other === undefined ? await hypervisor.findByName(name) : undefined;
  if (other === undefined && (domain === undefined || domain.uid === uid)) return;
  const owner = other?.owner ?? (domain === undefined ? "" : (recordFromMetadata(domain)?.owner ?? ""));
  const whose =
    owner === "" ? "belongs to nobody" : `belongs to ${owner}${other === undefined ? "" : ` since ${other.ownedSince.toISOString()}`}`;
  throw problem("VM_EXISTS", `The host has a VM named "${name}" already; it ${whose}.`, {
    hint: `Choose another name, or run "ghost adopt ${name}" to take it over.`,
    path: ["vms", name],
  });
}

/** The end of an attempt that changed a VM: its record as it is now, with the revision that a resumed plan accepts. */
export async function concluded(workshop: Workshop, { underway: _done, ...record }: VmRecord, noop = false): Promise<Outcome> {
  const { final, observed } = await recorded(workshop, record, true);
  return { noop, record: final, observed };
}

/**
 * The end of an attempt that is no part of the plan on record: that plan, taken up again, accepts the VM as it is now
 * only if it accepted it as it was `before`.
 */
export async function concludedBeside(workshop: Workshop, record: VmRecord, before: ObservedVm, noop = false): Promise<Outcome> {
  const { final, observed } = await recorded(workshop, record, record.revision === before.revision);
  return { noop, record: final, observed };
}

/** The end of an attempt after which no plan that was made before it holds, not even one that is taken up again. */
export async function concludedAfresh(workshop: Workshop, record: VmRecord): Promise<Outcome> {
  const { final, observed } = await recorded(workshop, record, false);
  return { noop: false, record: final, observed };
}

/** What an attempt that failed left, for the record: taken up again, its plan accepts that and does no more than it was to do. */
export async function leftOver(workshop: Workshop, record: VmRecord): Promise<VmRecord> {
  return (await recorded(workshop, record, true)).final;
}

async function recorded(
  { hypervisor }: Workshop,
  record: VmRecord,
  isAccepted: boolean,
): Promise<{ readonly final: VmRecord; readonly observed: ObservedVm }> {
  const domain = await hypervisor.find(record.uid);
  const observed = domain === undefined ? await observeWithout(hypervisor, record) : observeDomain(domain, record);
  const final: VmRecord = isAccepted ? { ...record, revision: observed.revision } : record;
  if (domain !== undefined) keepObserved(domain, final, observed);
  return { final, observed };
}
