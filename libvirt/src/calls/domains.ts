import {
  virConnectListAllDomainsFlags,
  virDomainCreateFlags,
  virDomainDefineFlags,
  virDomainDestroyFlagsValues,
  virDomainRebootFlagValues,
  virDomainShutdownFlagValues,
  virDomainUndefineFlagsValues,
  virDomainXMLFlags,
} from "../../gen/constants.ts";
import { isLibvirtError } from "../error.ts";
import { UNHURRIED } from "../rpc/caller.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { flagsOf } from "./flags.ts";
import { fromDomain, toDomain, toUuid } from "./reference.ts";
import type { Domain, DomainRef } from "./reference.ts";

/** All of them, or only those that run, do not, start with their host, have no stored definition, or were saved with their memory. */
export async function listDomains(
  caller: Caller,
  which: "all" | "active" | "inactive" | "autostart" | "transient" | "managed-save" = "all",
  options?: CallOptions,
): Promise<readonly Domain[]> {
  const flags = flagsOf(
    [virConnectListAllDomainsFlags.VIR_CONNECT_LIST_DOMAINS_ACTIVE, which === "active"],
    [virConnectListAllDomainsFlags.VIR_CONNECT_LIST_DOMAINS_INACTIVE, which === "inactive"],
    [virConnectListAllDomainsFlags.VIR_CONNECT_LIST_DOMAINS_AUTOSTART, which === "autostart"],
    [virConnectListAllDomainsFlags.VIR_CONNECT_LIST_DOMAINS_TRANSIENT, which === "transient"],
    [virConnectListAllDomainsFlags.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE, which === "managed-save"],
  );
  const { domains } = await caller.call("REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS", { need_results: 1, flags }, options);
  return domains.map(fromDomain);
}

/** Undefined when there is none. */
export async function findDomain(caller: Caller, uuid: string, options?: CallOptions): Promise<Domain | undefined> {
  return await orNone(async () =>
    fromDomain((await caller.call("REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID", { uuid: toUuid(uuid) }, options)).dom),
  );
}

/** Undefined when there is none. */
export async function findDomainByName(caller: Caller, name: string, options?: CallOptions): Promise<Domain | undefined> {
  return await orNone(async () => fromDomain((await caller.call("REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME", { name }, options)).dom));
}

/** Makes or replaces the stored definition; it starts nothing. `validate` (the default) holds the XML to libvirt's schema. */
export async function defineDomain(
  caller: Caller,
  xml: string,
  { validate = true, ...options }: CallOptions & { readonly validate?: boolean } = {},
): Promise<Domain> {
  const flags = flagsOf([virDomainDefineFlags.VIR_DOMAIN_DEFINE_VALIDATE, validate]);
  return fromDomain((await caller.call("REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS", { xml, flags }, options)).dom);
}

/** Starts a defined domain: from its managed save when there is one, unless `forceBoot` throws that away. */
export async function startDomain(
  caller: Caller,
  domain: DomainRef,
  { paused, forceBoot, ...options }: CallOptions & { readonly paused?: boolean; readonly forceBoot?: boolean } = {},
): Promise<Domain> {
  const flags = flagsOf(
    [virDomainCreateFlags.VIR_DOMAIN_START_PAUSED, paused],
    [virDomainCreateFlags.VIR_DOMAIN_START_FORCE_BOOT, forceBoot],
  );
  return fromDomain(
    (await caller.call("REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS", { dom: toDomain(domain), flags }, { ...UNHURRIED, ...options })).dom,
  );
}

/** How the guest is asked: by its power button, or by the agent inside it. Absent: libvirt chooses. */
export type PowerMode = "acpi" | "agent";

/** Asks the guest to shut down. Resolves when it was asked: whether it does comes as an event, or never. */
export async function shutdownDomain(
  caller: Caller,
  domain: DomainRef,
  { mode, ...options }: CallOptions & { readonly mode?: PowerMode } = {},
): Promise<void> {
  const flags = flagsOf(
    [virDomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN, mode === "acpi"],
    [virDomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT, mode === "agent"],
  );
  await caller.call("REMOTE_PROC_DOMAIN_SHUTDOWN_FLAGS", { dom: toDomain(domain), flags }, options);
}

export async function rebootDomain(
  caller: Caller,
  domain: DomainRef,
  { mode, ...options }: CallOptions & { readonly mode?: PowerMode } = {},
): Promise<void> {
  const flags = flagsOf(
    [virDomainRebootFlagValues.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN, mode === "acpi"],
    [virDomainRebootFlagValues.VIR_DOMAIN_REBOOT_GUEST_AGENT, mode === "agent"],
  );
  await caller.call("REMOTE_PROC_DOMAIN_REBOOT", { dom: toDomain(domain), flags }, options);
}

/** Presses the reset button: the guest is not asked. */
export async function resetDomain(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_RESET", { dom: toDomain(domain), flags: 0 }, options);
}

/** Pulls the plug; the definition stays. `graceful` fails instead of killing an emulator that does not end when asked. */
export async function destroyDomain(
  caller: Caller,
  domain: DomainRef,
  { graceful, ...options }: CallOptions & { readonly graceful?: boolean } = {},
): Promise<void> {
  const flags = flagsOf([virDomainDestroyFlagsValues.VIR_DOMAIN_DESTROY_GRACEFUL, graceful]);
  await caller.call("REMOTE_PROC_DOMAIN_DESTROY_FLAGS", { dom: toDomain(domain), flags }, options);
}

export async function suspendDomain(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_SUSPEND", { dom: toDomain(domain) }, options);
}

export async function resumeDomain(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_RESUME", { dom: toDomain(domain) }, options);
}

/** What goes with the definition. Without them libvirt refuses a domain that has such a thing. Disks always stay. */
export interface UndefineParts {
  readonly managedSave?: boolean;
  readonly snapshotsMetadata?: boolean;
  readonly checkpointsMetadata?: boolean;
  /** The firmware's variables: deleted, or left where they are. */
  readonly nvram?: "delete" | "keep";
  /** The state of an emulated TPM. Absent: what its definition says, mostly deleted. Since libvirt 8.9; an older one refuses it. */
  readonly tpm?: "delete" | "keep";
}

export async function undefineDomain(
  caller: Caller,
  domain: DomainRef,
  { managedSave, snapshotsMetadata, checkpointsMetadata, nvram, tpm, ...options }: CallOptions & UndefineParts = {},
): Promise<void> {
  const flags = flagsOf(
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE, managedSave],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, snapshotsMetadata],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA, checkpointsMetadata],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_NVRAM, nvram === "delete"],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM, nvram === "keep"],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_TPM, tpm === "delete"],
    [virDomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_KEEP_TPM, tpm === "keep"],
  );
  await caller.call("REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS", { dom: toDomain(domain), flags }, options);
}

/** Only while the domain is off. */
export async function renameDomain(caller: Caller, domain: DomainRef, newName: string, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_RENAME", { dom: toDomain(domain), new_name: newName, flags: 0 }, options);
}

/** The running machine's XML; with `inactive` what the next start uses, with `secure` its passwords too. */
export async function domainXml(
  caller: Caller,
  domain: DomainRef,
  { inactive, secure, ...options }: CallOptions & { readonly inactive?: boolean; readonly secure?: boolean } = {},
): Promise<string> {
  const flags = flagsOf([virDomainXMLFlags.VIR_DOMAIN_XML_INACTIVE, inactive], [virDomainXMLFlags.VIR_DOMAIN_XML_SECURE, secure]);
  return (await caller.call("REMOTE_PROC_DOMAIN_GET_XML_DESC", { dom: toDomain(domain), flags }, options)).xml;
}

/** Whether it has a stored definition; one without is gone with its end. */
export async function isPersistent(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<boolean> {
  return (await caller.call("REMOTE_PROC_DOMAIN_IS_PERSISTENT", { dom: toDomain(domain) }, options)).persistent !== 0;
}

export async function getAutostart(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<boolean> {
  return (await caller.call("REMOTE_PROC_DOMAIN_GET_AUTOSTART", { dom: toDomain(domain) }, options)).autostart !== 0;
}

/** Whether libvirt starts it when the host boots. */
export async function setAutostart(caller: Caller, domain: DomainRef, isOn: boolean, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_SET_AUTOSTART", { dom: toDomain(domain), autostart: isOn ? 1 : 0 }, options);
}

/** Writes the running machine's memory to a file of libvirt's and ends it; the next start goes on from there. */
export async function managedSave(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_MANAGED_SAVE", { dom: toDomain(domain), flags: 0 }, { ...UNHURRIED, ...options });
}

export async function hasManagedSave(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<boolean> {
  return (await caller.call("REMOTE_PROC_DOMAIN_HAS_MANAGED_SAVE_IMAGE", { dom: toDomain(domain), flags: 0 }, options)).result !== 0;
}

export async function removeManagedSave(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<void> {
  await caller.call("REMOTE_PROC_DOMAIN_MANAGED_SAVE_REMOVE", { dom: toDomain(domain), flags: 0 }, options);
}

async function orNone<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isLibvirtError(error, "VIR_ERR_NO_DOMAIN")) return undefined;
    throw error;
  }
}
