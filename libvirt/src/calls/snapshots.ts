import { virDomainSnapshotCreateFlags, virDomainSnapshotDeleteFlags, virDomainSnapshotRevertFlags } from "../../gen/constants.ts";
import type { remote_nonnull_domain_snapshot } from "../../gen/types.ts";
import { isLibvirtError } from "../error.ts";
import { UNHURRIED } from "../rpc/caller.ts";
import type { CallOptions, Caller } from "../rpc/caller.ts";
import { flagsOf } from "./flags.ts";
import { toDomain } from "./reference.ts";
import type { DomainRef } from "./reference.ts";

export interface SnapshotOptions extends CallOptions {
  /** Leave memory out, as after pulling the plug. */
  readonly diskOnly?: boolean;
  /** All disks or none. */
  readonly atomic?: boolean;
  /** Have the guest's agent flush its file systems. With `diskOnly` only. */
  readonly quiesce?: boolean;
}

/** Gives the snapshot's name: the one in the XML, or libvirt's (the time). */
export async function createSnapshot(
  caller: Caller,
  domain: DomainRef,
  xml: string,
  { diskOnly, atomic, quiesce, ...options }: SnapshotOptions = {},
): Promise<string> {
  const flags = flagsOf(
    [virDomainSnapshotCreateFlags.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY, diskOnly],
    [virDomainSnapshotCreateFlags.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC, atomic],
    [virDomainSnapshotCreateFlags.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE, quiesce],
  );
  return (
    await caller.call(
      "REMOTE_PROC_DOMAIN_SNAPSHOT_CREATE_XML",
      { dom: toDomain(domain), xml_desc: xml, flags },
      { ...UNHURRIED, ...options },
    )
  ).snap.name;
}

/** Their names, in no order. */
export async function listSnapshots(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<readonly string[]> {
  const { snapshots } = await caller.call(
    "REMOTE_PROC_DOMAIN_LIST_ALL_SNAPSHOTS",
    { dom: toDomain(domain), need_results: 1, flags: 0 },
    options,
  );
  return snapshots.map(({ name }) => name);
}

/** The one that what the domain has now began at; undefined when there is none. */
export async function currentSnapshot(caller: Caller, domain: DomainRef, options?: CallOptions): Promise<string | undefined> {
  try {
    return (await caller.call("REMOTE_PROC_DOMAIN_SNAPSHOT_CURRENT", { dom: toDomain(domain), flags: 0 }, options)).snap.name;
  } catch (error) {
    if (isLibvirtError(error, "VIR_ERR_NO_DOMAIN_SNAPSHOT")) return undefined;
    throw error;
  }
}

export async function snapshotXml(caller: Caller, domain: DomainRef, name: string, options?: CallOptions): Promise<string> {
  return (await caller.call("REMOTE_PROC_DOMAIN_SNAPSHOT_GET_XML_DESC", { snap: toSnapshot(domain, name), flags: 0 }, options)).xml;
}

/** Goes back to it: what the disks have since is lost. Running or paused afterwards as it was then, unless said. */
export async function revertSnapshot(
  caller: Caller,
  domain: DomainRef,
  name: string,
  { then, force, ...options }: CallOptions & { readonly then?: "running" | "paused"; readonly force?: boolean } = {},
): Promise<void> {
  const flags = flagsOf(
    [virDomainSnapshotRevertFlags.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING, then === "running"],
    [virDomainSnapshotRevertFlags.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED, then === "paused"],
    [virDomainSnapshotRevertFlags.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE, force],
  );
  await caller.call("REMOTE_PROC_DOMAIN_REVERT_TO_SNAPSHOT", { snap: toSnapshot(domain, name), flags }, { ...UNHURRIED, ...options });
}

/** Its children get its parent, unless `children` deletes them too. */
export async function deleteSnapshot(
  caller: Caller,
  domain: DomainRef,
  name: string,
  { children, metadataOnly, ...options }: CallOptions & { readonly children?: boolean; readonly metadataOnly?: boolean } = {},
): Promise<void> {
  const flags = flagsOf(
    [virDomainSnapshotDeleteFlags.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN, children],
    [virDomainSnapshotDeleteFlags.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY, metadataOnly],
  );
  await caller.call("REMOTE_PROC_DOMAIN_SNAPSHOT_DELETE", { snap: toSnapshot(domain, name), flags }, { ...UNHURRIED, ...options });
}

function toSnapshot(domain: DomainRef, name: string): remote_nonnull_domain_snapshot {
  return { name, dom: toDomain(domain) };
}
