/** What the agent remembers, and the rows that hold it. */
import type { DatabaseSync } from "node:sqlite";
import type { AgentTemplateConfig, Diagnostic, Operation, OperationState, TemplatePhase, VmConfig, VmPhase } from "@ghost/schemas";
import { statement } from "../sqlite.ts";

/** What a change that was begun may do: taken up again, it does no more. */
export interface Underway {
  /** Paths of attributes, at most two names deep. */
  readonly changes: readonly string[];
  /** Ids of the disks whose content is deleted. */
  readonly drops: readonly string[];
}

export interface VmRecord {
  readonly uid: string;
  readonly name: string;
  /** `spec:<stack>`, `terraform:<stack>`, `agent`, or empty after a release. */
  readonly owner: string;
  readonly ownedSince: Date;
  /** The VM's whole configuration as Ghost left it; for what no hypervisor can tell it is the only source. */
  readonly config: VmConfig;
  /** What the owner applied last. */
  readonly applied: VmConfig;
  readonly defaults: VmConfig;
  readonly imageDigest: string;
  /** Identity of each disk by name, the root disk under `root`. */
  readonly diskIds: Readonly<Record<string, string>>;
  /** Disks that an operation is about to attach or to delete: after a crash, those not attached are deleted. */
  readonly looseDisks: readonly string[];
  /** Plan of the last change, set before the change begins. */
  readonly planHash: string;
  readonly gitCommit: string;
  /** Revision that the last change ended or failed with; empty while one is under way or after it was cut off. */
  readonly revision: string;
  /** Of the last change, until it succeeds. */
  readonly underway?: Underway;
  readonly phase: VmPhase;
  /** A step is about to start it, or did, and has not seen since what `wait_for` names. */
  readonly isAwaited: boolean;
  readonly createdAt: Date;
  readonly appliedAt?: Date;
  /** When the guest's seed was written that it reads at its next boot. */
  readonly guestChangedAt?: Date;
}

export interface TemplateRecord {
  readonly uid: string;
  readonly name: string;
  /** `spec:<stack>`, `terraform:<stack>`, or empty after a release. */
  readonly owner: string;
  readonly ownedSince: Date;
  readonly config: AgentTemplateConfig;
  /** What the template is pinned to; empty while it is `creating`. */
  readonly digest: string;
  /** Zero when the hypervisor does not tell. */
  readonly sizeBytes: number;
  /** Plan of the last change. */
  readonly planHash: string;
  readonly gitCommit: string;
  readonly phase: TemplatePhase;
  readonly createdAt: Date;
  readonly appliedAt?: Date;
}

/** A line of the journal: an operation without the object it changed, and with what it was asked to do. */
export interface OperationRecord extends Omit<Operation, "vm" | "template" | "createdAt"> {
  readonly stepHash: string;
  readonly createdAt: Date;
}

export function writeVm(database: DatabaseSync, vm: VmRecord): void {
  statement(
    database,
    `INSERT INTO vms (uid, name, owner, owned_since, config, applied, defaults, image_digest, disk_ids, loose_disks, plan_hash, git_commit, revision, phase, created_at, applied_at, guest_changed_at, underway, awaited)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (uid) DO UPDATE SET name = excluded.name, owner = excluded.owner, owned_since = excluded.owned_since, config = excluded.config, applied = excluded.applied,
       defaults = excluded.defaults, image_digest = excluded.image_digest, disk_ids = excluded.disk_ids, loose_disks = excluded.loose_disks, plan_hash = excluded.plan_hash,
       git_commit = excluded.git_commit, revision = excluded.revision, phase = excluded.phase, created_at = excluded.created_at, applied_at = excluded.applied_at, guest_changed_at = excluded.guest_changed_at, underway = excluded.underway, awaited = excluded.awaited`,
  ).run(
    vm.uid,
    vm.name,
    vm.owner,
    vm.ownedSince.getTime(),
    JSON.stringify(vm.config),
    JSON.stringify(vm.applied),
    JSON.stringify(vm.defaults),
    vm.imageDigest,
    JSON.stringify(vm.diskIds),
    JSON.stringify(vm.looseDisks),
    vm.planHash,
    vm.gitCommit,
    vm.revision,
    vm.phase,
    vm.createdAt.getTime(),
    vm.appliedAt?.getTime() ?? null,
    vm.guestChangedAt?.getTime() ?? null,
    vm.underway === undefined ? null : JSON.stringify(vm.underway),
    vm.isAwaited ? 1 : 0,
  );
}

export function deleteVm(database: DatabaseSync, uid: string): void {
  statement(database, "DELETE FROM vms WHERE uid = ?").run(uid);
}

export function readVms(database: DatabaseSync): VmRecord[] {
  return database
    .prepare("SELECT * FROM vms")
    .all()
    .map((row) => ({
      uid: String(row["uid"]),
      name: String(row["name"]),
      owner: String(row["owner"]),
      ownedSince: new Date(Number(row["owned_since"])),
      config: parse<VmConfig>(row["config"]),
      applied: parse<VmConfig>(row["applied"]),
      defaults: parse<VmConfig>(row["defaults"]),
      imageDigest: String(row["image_digest"]),
      diskIds: parse<Record<string, string>>(row["disk_ids"]),
      looseDisks: parse<string[]>(row["loose_disks"]),
      planHash: String(row["plan_hash"]),
      gitCommit: String(row["git_commit"]),
      revision: String(row["revision"]),
      phase: row["phase"] as VmPhase,
      isAwaited: row["awaited"] === 1,
      createdAt: new Date(Number(row["created_at"])),
      ...(row["applied_at"] !== null && { appliedAt: new Date(Number(row["applied_at"])) }),
      ...(row["guest_changed_at"] !== null && { guestChangedAt: new Date(Number(row["guest_changed_at"])) }),
      ...(row["underway"] !== null && { underway: parse<Underway>(row["underway"]) }),
    }));
}

export function writeTemplate(database: DatabaseSync, template: TemplateRecord): void {
  statement(
    database,
    `INSERT INTO templates (uid, name, owner, owned_since, config, digest, size_bytes, plan_hash, git_commit, phase, created_at, applied_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (uid) DO UPDATE SET name = excluded.name, owner = excluded.owner, owned_since = excluded.owned_since, config = excluded.config, digest = excluded.digest,
       size_bytes = excluded.size_bytes, plan_hash = excluded.plan_hash, git_commit = excluded.git_commit, phase = excluded.phase, created_at = excluded.created_at, applied_at = excluded.applied_at`,
  ).run(
    template.uid,
    template.name,
    template.owner,
    template.ownedSince.getTime(),
    JSON.stringify(template.config),
    template.digest,
    template.sizeBytes,
    template.planHash,
    template.gitCommit,
    template.phase,
    template.createdAt.getTime(),
    template.appliedAt?.getTime() ?? null,
  );
}

export function deleteTemplate(database: DatabaseSync, uid: string): void {
  statement(database, "DELETE FROM templates WHERE uid = ?").run(uid);
}

export function readTemplates(database: DatabaseSync): TemplateRecord[] {
  return database
    .prepare("SELECT * FROM templates")
    .all()
    .map((row) => ({
      uid: String(row["uid"]),
      name: String(row["name"]),
      owner: String(row["owner"]),
      ownedSince: new Date(Number(row["owned_since"])),
      config: parse<AgentTemplateConfig>(row["config"]),
      digest: String(row["digest"]),
      sizeBytes: Number(row["size_bytes"]),
      planHash: String(row["plan_hash"]),
      gitCommit: String(row["git_commit"]),
      phase: row["phase"] as TemplatePhase,
      createdAt: new Date(Number(row["created_at"])),
      ...(row["applied_at"] !== null && { appliedAt: new Date(Number(row["applied_at"])) }),
    }));
}

export function writeOperation(database: DatabaseSync, operation: OperationRecord): void {
  statement(
    database,
    `INSERT INTO operations (id, step_id, step_hash, kind, action, name, uid, plan_hash, owner, state, phase, bytes_done, bytes_total, diagnostics, noop, attempt, created_at, ended_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, uid = excluded.uid, state = excluded.state, phase = excluded.phase, bytes_done = excluded.bytes_done,
       bytes_total = excluded.bytes_total, diagnostics = excluded.diagnostics, noop = excluded.noop, attempt = excluded.attempt, created_at = excluded.created_at, ended_at = excluded.ended_at`,
  ).run(
    operation.id,
    operation.stepId,
    operation.stepHash,
    operation.kind,
    operation.action,
    operation.name,
    operation.uid,
    operation.planHash,
    operation.owner,
    operation.state,
    operation.phase,
    operation.bytesDone,
    operation.bytesTotal,
    JSON.stringify(operation.diagnostics),
    operation.noop ? 1 : 0,
    operation.attempt,
    operation.createdAt.getTime(),
    operation.endedAt?.getTime() ?? null,
  );
}

export function findOperation(database: DatabaseSync, id: string): OperationRecord | undefined {
  const row = statement(database, "SELECT * FROM operations WHERE id = ?").get(id);
  return row === undefined ? undefined : toOperation(row);
}

/** Newest first. */
export function readOperations(database: DatabaseSync, limit: number): OperationRecord[] {
  return statement(database, "SELECT * FROM operations ORDER BY seq DESC LIMIT ?").all(limit).map(toOperation);
}

/** Operations that have not ended, newest first. */
export function readActiveOperations(database: DatabaseSync): OperationRecord[] {
  return statement(database, "SELECT * FROM operations WHERE state IN ('pending', 'running') ORDER BY seq DESC").all().map(toOperation);
}

/** Removes operations that ended before a moment, and the oldest ended ones beyond `keep` operations in all. */
export function pruneOperations(database: DatabaseSync, keep: number, endedBefore: Date): void {
  statement(
    database,
    `DELETE FROM operations WHERE state NOT IN ('pending', 'running')
     AND (ended_at < ? OR seq <= (SELECT seq FROM operations ORDER BY seq DESC LIMIT 1 OFFSET ?))`,
  ).run(endedBefore.getTime(), keep);
}

function toOperation(row: Record<string, unknown>): OperationRecord {
  return {
    id: String(row["id"]),
    stepId: String(row["step_id"]),
    stepHash: String(row["step_hash"]),
    kind: String(row["kind"]),
    action: String(row["action"]),
    name: String(row["name"]),
    uid: String(row["uid"]),
    planHash: String(row["plan_hash"]),
    owner: String(row["owner"]),
    state: row["state"] as OperationState,
    phase: String(row["phase"]),
    bytesDone: Number(row["bytes_done"]),
    bytesTotal: Number(row["bytes_total"]),
    diagnostics: parse<Diagnostic[]>(row["diagnostics"]),
    noop: row["noop"] === 1,
    attempt: Number(row["attempt"]),
    createdAt: new Date(Number(row["created_at"])),
    ...(row["ended_at"] !== null && { endedAt: new Date(Number(row["ended_at"])) }),
  };
}

function parse<T>(text: unknown): T {
  return JSON.parse(String(text)) as T;
}
