/**
 * What the agent writes with a domain, so that the hypervisor alone is enough to rebuild a lost record: owner,
 * configuration, last-applied values. JSON; never a secret.
 */
import { canonicalJson } from "@ghost/engine";
import type { VmConfig } from "@ghost/schemas";
import type { Domain } from "../hypervisor/driver.ts";
import type { VmRecord } from "../store/records.ts";

/** Raised when the meaning of a field changes; other versions are not read. */
const FORMAT = 1;

interface Metadata {
  readonly ghost: typeof FORMAT;
  /** Of the domain that it was written with: a clone has a copy of all this, and is somebody else's machine. */
  readonly uid: string;
  readonly owner: string;
  readonly owned_since: string;
  readonly config: VmConfig;
  /** Absent when it is the same as `config`, as it nearly always is. */
  readonly applied?: VmConfig;
  readonly defaults: VmConfig;
  readonly image_digest: string;
  readonly plan_hash: string;
  readonly git_commit: string;
  readonly created_at: string;
  readonly applied_at?: string;
}

export function metadataOf(record: VmRecord): string {
  const metadata: Metadata = {
    ghost: FORMAT,
    uid: record.uid,
    owner: record.owner,
    owned_since: record.ownedSince.toISOString(),
    config: record.config,
    ...(canonicalJson(record.applied) !== canonicalJson(record.config) && { applied: record.applied }),
    defaults: record.defaults,
    image_digest: record.imageDigest,
    plan_hash: record.planHash,
    git_commit: record.gitCommit,
    created_at: record.createdAt.toISOString(),
    ...(record.appliedAt !== undefined && { applied_at: record.appliedAt.toISOString() }),
  };
  return JSON.stringify(metadata);
}

/** The record that a domain's metadata tells of; undefined for a domain that no agent made, like a clone of one. */
export function recordFromMetadata(domain: Domain): VmRecord | undefined {
  const metadata = parse(domain.metadata);
  if (metadata?.uid !== domain.uid) return undefined;
  const { name } = domain.stored;
  return {
    uid: domain.uid,
    name,
    owner: metadata.owner,
    ownedSince: new Date(metadata.owned_since),
    config: { ...metadata.config, name },
    applied: metadata.applied ?? metadata.config,
    defaults: metadata.defaults,
    imageDigest: metadata.image_digest,
    diskIds: Object.fromEntries(Object.entries(domain.stored.disks).map(([disk, { id }]) => [disk, id])),
    looseDisks: [],
    planHash: metadata.plan_hash,
    gitCommit: metadata.git_commit,
    revision: "",
    phase: "ready",
    isAwaited: false,
    createdAt: new Date(metadata.created_at),
    ...(metadata.applied_at !== undefined && { appliedAt: new Date(metadata.applied_at) }),
  };
}

/**
 * What the machine was last told counts, where the plan on record told it and the record did not get to its end: from
 * its metadata come the configuration and what follows from it.
 */
export function withTold(record: VmRecord, domain: Domain): VmRecord {
  if (record.revision !== "" || record.planHash === "") return record;
  const told = recordFromMetadata(domain);
  if (told === undefined || told.planHash !== record.planHash) return record;
  const { config, applied, defaults, imageDigest, gitCommit, appliedAt } = told;
  return { ...record, config, applied, defaults, imageDigest, gitCommit, ...(appliedAt !== undefined && { appliedAt }) };
}

function parse(text: string): Metadata | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Metadata>;
    const isOurs = value.ghost === FORMAT && typeof value.owner === "string" && isObject(value.config) && isObject(value.defaults);
    return isOurs ? (value as Metadata) : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
