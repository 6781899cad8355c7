/** The rows of `host.db`, and the domains that they stand for. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { VmStatus } from "@ghost/schemas";
import { statement } from "../../sqlite.ts";
import type { Domain, DomainConfig, DomainDisk } from "../driver.ts";
import { diskIdOf } from "../identity.ts";

/** A domain's configuration with its disks by id: how large a disk is, the disk itself knows. */
export interface StoredConfig extends Omit<DomainConfig, "disks"> {
  readonly disks: Readonly<Record<string, string>>;
}

export interface DomainRow {
  readonly uid: string;
  readonly status: VmStatus;
  readonly statusReason: string;
  readonly stored: StoredConfig;
  /** Of the running machine; absent while it is off. */
  readonly live?: StoredConfig;
  readonly metadata: string;
  /** GuestSetup as JSON, without its password. */
  readonly guest: string;
  /** The guest does not react to a request to shut down. */
  readonly ignoresAcpi: boolean;
  readonly guestAgent: boolean;
  readonly address?: string;
  readonly startedAtMs?: number;
}

export interface DiskRow {
  readonly owner: string;
  readonly id: string;
  readonly name: string;
  readonly sizeGb: number;
  readonly imageDigest: string;
}

type SqlRow = Record<string, unknown>;

export function readDomains(database: DatabaseSync): SqlRow[] {
  return statement(database, "SELECT * FROM domains").all();
}

export function toDomainRow(row: SqlRow): DomainRow {
  return {
    uid: String(row["uid"]),
    status: row["status"] as VmStatus,
    statusReason: String(row["status_reason"]),
    stored: JSON.parse(String(row["stored"])),
    ...(typeof row["live"] === "string" && { live: JSON.parse(row["live"]) }),
    metadata: String(row["metadata"]),
    guest: String(row["guest"]),
    ignoresAcpi: row["ignores_acpi"] === 1,
    guestAgent: row["guest_agent"] === 1,
    ...(typeof row["address"] === "string" && { address: row["address"] }),
    ...(row["started_at"] !== null && { startedAtMs: Number(row["started_at"]) }),
  };
}

/** Two rows with the same text are the same domain in the same state. */
export function fingerprint(columns: readonly unknown[], disks: ReadonlyMap<string, DiskRow> | undefined): string {
  let text = columns.join("\u0000");
  for (const disk of disks?.values() ?? []) text += `\u0000${disk.id}=${disk.sizeGb}`;
  return text;
}

export function writeDomain(database: DatabaseSync, row: DomainRow): void {
  statement(
    database,
    `INSERT INTO domains (uid, name, status, status_reason, stored, live, metadata, guest, ignores_acpi, guest_agent, address, started_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (uid) DO UPDATE SET name = excluded.name, status = excluded.status, status_reason = excluded.status_reason, stored = excluded.stored,
         live = excluded.live, metadata = excluded.metadata, guest = excluded.guest, ignores_acpi = excluded.ignores_acpi, guest_agent = excluded.guest_agent,
         address = excluded.address, started_at = excluded.started_at`,
  ).run(...columnsOf(row));
}

/** A row's columns in the order of the table. */
export function columnsOf(row: DomainRow): SQLInputValue[] {
  return [
    row.uid,
    row.stored.name,
    row.status,
    row.statusReason,
    JSON.stringify(row.stored),
    row.live === undefined ? null : JSON.stringify(row.live),
    row.metadata,
    row.guest,
    row.ignoresAcpi ? 1 : 0,
    row.guestAgent ? 1 : 0,
    row.address ?? null,
    row.startedAtMs ?? null,
  ];
}

export function readDisks(database: DatabaseSync, owner?: string): DiskRow[] {
  const rows =
    owner === undefined
      ? statement(database, "SELECT * FROM disks").all()
      : statement(database, "SELECT * FROM disks WHERE owner = ?").all(owner);
  return rows.map((row) => ({
    owner: String(row["owner"]),
    id: String(row["id"]),
    name: String(row["name"]),
    sizeGb: Number(row["size_gb"]),
    imageDigest: String(row["image_digest"]),
  }));
}

/** Identity of a disk that somebody made behind the agent: it is theirs, and no call of the agent deletes it. */
export function foreignDiskId(uid: string, name: string): string {
  return diskIdOf(uid, name, "behind");
}

export function isForeignDisk({ owner, name, id }: DiskRow): boolean {
  return id === foreignDiskId(owner, name);
}

export function deleteDisk(database: DatabaseSync, owner: string, id: string): void {
  statement(database, "DELETE FROM disks WHERE owner = ? AND id = ?").run(owner, id);
}

/** Makes a disk; one that is there already stays as it is. */
export function insertDisk(database: DatabaseSync, disk: DiskRow): void {
  statement(database, "INSERT INTO disks (owner, id, name, size_gb, image_digest) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING").run(
    disk.owner,
    disk.id,
    disk.name,
    disk.sizeGb,
    disk.imageDigest,
  );
}

export function toDomain(row: DomainRow, disks: ReadonlyMap<string, DiskRow> | undefined): Domain {
  const stored = withSizes(row.stored, disks);
  const isUp = row.status === "running" || row.status === "paused";
  return {
    uid: row.uid,
    status: row.status,
    statusReason: row.statusReason,
    live: row.live === undefined ? stored : withSizes(row.live, disks),
    stored,
    metadata: row.metadata,
    ipAddress: isUp ? (row.address ?? "") : "",
    guestAgent: row.guestAgent && row.status === "running",
    bootFinished: row.status === "running",
    ...(isUp && row.startedAtMs !== undefined && { startedAt: new Date(row.startedAtMs) }),
  };
}

function withSizes(config: StoredConfig, disks: ReadonlyMap<string, DiskRow> | undefined): DomainConfig {
  const sized: Record<string, DomainDisk> = {};
  for (const [name, id] of Object.entries(config.disks)) {
    const disk = disks?.get(id);
    sized[name] = { id, sizeGb: disk?.sizeGb ?? 0, ...(disk !== undefined && isForeignDisk(disk) && { isForeign: true }) };
  }
  return { ...config, disks: sized };
}
