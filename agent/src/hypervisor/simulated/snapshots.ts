/** Snapshots of simulated machines: what a machine was, and how large its disks were. */
import type { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import { statement } from "../../sqlite.ts";
import type { DomainSnapshot } from "../driver.ts";
import type { DomainRow, StoredConfig } from "./rows.ts";
import type { HostState } from "./state.ts";

/** Of a machine, what going back to its snapshot brings back. */
interface Kept {
  readonly status: DomainSnapshot["status"];
  readonly stored: StoredConfig;
  readonly live?: StoredConfig;
  readonly metadata: string;
  /** Size of each disk by its id. */
  readonly disksGb: Readonly<Record<string, number>>;
}

/** In the order in which they were made. */
export function readSnapshots(database: DatabaseSync, uid: string): readonly DomainSnapshot[] {
  return statement(database, "SELECT * FROM snapshots WHERE uid = ? ORDER BY created_at, rowid")
    .all(uid)
    .map((row) => ({
      name: String(row["name"]),
      description: String(row["description"]),
      createdAt: new Date(Number(row["created_at"])),
      status: keptOf(row).status,
      ...(typeof row["parent"] === "string" && { parent: row["parent"] }),
      isCurrent: row["is_current"] === 1,
    }));
}

/** SNAPSHOT_EXISTS, HOST_ERROR for a machine in error. */
export function createSnapshot(state: HostState, uid: string, { name, description }: { name: string; description: string }): void {
  const { database } = state;
  state.change(uid, (row) => {
    if (row.status === "error")
      throw problem("HOST_ERROR", `"${row.stored.name}" is in error (${row.statusReason}); it has no state that a snapshot could keep.`);
    const before = readSnapshots(database, uid);
    if (before.some((each) => each.name === name))
      throw problem("SNAPSHOT_EXISTS", `"${row.stored.name}" has a snapshot named "${name}" already.`);
    const disks = state.disksOf(uid);
    const disksGb = Object.fromEntries([...idsOf(row)].map((id) => [id, disks.get(id)?.sizeGb ?? 0]));
    const { status, stored, live, metadata } = row;
    const kept: Kept = { status, stored, ...(live !== undefined && { live }), metadata, disksGb };
    const parent = before.find((each) => each.isCurrent)?.name;
    statement(database, "UPDATE snapshots SET is_current = 0 WHERE uid = ?").run(uid);
    statement(
      database,
      "INSERT INTO snapshots (uid, name, description, created_at, parent, is_current, kept) VALUES (?, ?, ?, ?, ?, 1, ?)",
    ).run(uid, name, description, Date.now(), parent ?? null, JSON.stringify(kept));
    return row;
  });
}

/** SNAPSHOT_NOT_FOUND; UNSUPPORTED when the machine has other disks than it had then. */
export function revertSnapshot(state: HostState, uid: string, name: string): void {
  const { database } = state;
  state.change(uid, (row) => {
    const found = statement(database, "SELECT kept FROM snapshots WHERE uid = ? AND name = ?").get(uid, name);
    if (found === undefined) throw problem("SNAPSHOT_NOT_FOUND", `"${row.stored.name}" has no snapshot named "${name}".`);
    const kept = keptOf(found);
    const now = idsOf(row);
    const then = Object.keys(kept.disksGb);
    if (then.length !== now.size || !then.every((id) => now.has(id)))
      throw problem("UNSUPPORTED", `"${row.stored.name}" has other disks than when the snapshot "${name}" was made.`);
    for (const id of then)
      statement(database, "UPDATE disks SET size_gb = ? WHERE owner = ? AND id = ?").run(kept.disksGb[id] ?? 0, uid, id);
    statement(database, "UPDATE snapshots SET is_current = (name = ?) WHERE uid = ?").run(name, uid);
    const { live: _live, startedAtMs: _startedAtMs, ...rest } = row;
    return {
      ...rest,
      status: kept.status,
      statusReason: "from snapshot",
      // A machine that was renamed since keeps its new name.
      stored: { ...kept.stored, name: row.stored.name },
      metadata: kept.metadata,
      ...(kept.live !== undefined && { live: { ...kept.live, name: row.stored.name }, startedAtMs: Date.now() }),
    };
  });
}

/** Its children get its parent; the machine stays as it is. */
export function deleteSnapshot(state: HostState, uid: string, name: string): void {
  const { database } = state;
  state.change(uid, (row) => {
    const gone = readSnapshots(database, uid).find((each) => each.name === name);
    if (gone === undefined) return row;
    statement(database, "DELETE FROM snapshots WHERE uid = ? AND name = ?").run(uid, name);
    statement(database, "UPDATE snapshots SET parent = ? WHERE uid = ? AND parent = ?").run(gone.parent ?? null, uid, name);
    if (gone.isCurrent) statement(database, "UPDATE snapshots SET is_current = 1 WHERE uid = ? AND name = ?").run(uid, gone.parent ?? null);
    return row;
  });
}

function keptOf(row: Record<string, unknown>): Kept {
  return JSON.parse(String(row["kept"])) as Kept;
}

function idsOf({ stored, live }: DomainRow): ReadonlySet<string> {
  return new Set([...Object.values(stored.disks), ...Object.values(live?.disks ?? {})]);
}
