/** Small helpers over node:sqlite that the records and the simulated host share. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** Prepares a statement once per database. */
export function statement(database: DatabaseSync, sql: string): StatementSync {
  let prepared = statements.get(database);
  if (prepared === undefined) statements.set(database, (prepared = new Map()));
  let found = prepared.get(sql);
  if (found === undefined) prepared.set(sql, (found = database.prepare(sql)));
  return found;
}

/** Runs `work` as one transaction that is committed when it returns and undone when it throws. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  statement(database, "BEGIN IMMEDIATE").run();
  try {
    const result = work();
    statement(database, "COMMIT").run();
    return result;
  } catch (reason) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) statement(database, "ROLLBACK").run();
    throw reason;
  }
}

/** The version that the application keeps in the file; 0 for a new file. */
export function userVersion(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}
