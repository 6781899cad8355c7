import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import { transaction, userVersion } from "../../sqlite.ts";

/** Raised when a table changes; another version of the file is refused, since a simulated host holds nothing of worth. */
const VERSION = 3;

const TABLES = `
CREATE TABLE domains (
  uid TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  status_reason TEXT NOT NULL,
  stored TEXT NOT NULL,      -- JSON: StoredConfig, what the next boot will have
  live TEXT,                 -- JSON: StoredConfig of the running machine; NULL when it is off
  metadata TEXT NOT NULL,
  guest TEXT NOT NULL,       -- JSON: GuestSetup without its password
  ignores_acpi INTEGER NOT NULL DEFAULT 0,
  guest_agent INTEGER NOT NULL DEFAULT 1,
  address TEXT,              -- lease, kept from the first start on
  started_at INTEGER         -- milliseconds since 1970
);
CREATE TABLE disks (
  owner TEXT NOT NULL,       -- uid of a domain that may not exist (yet, or any more)
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  size_gb REAL NOT NULL,
  image_digest TEXT NOT NULL,
  PRIMARY KEY (owner, id)
) WITHOUT ROWID;
CREATE TABLE cached_images (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE latency (call TEXT PRIMARY KEY, ms REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE faults (id INTEGER PRIMARY KEY, call TEXT NOT NULL, name TEXT NOT NULL, times INTEGER NOT NULL, error TEXT NOT NULL, moment TEXT NOT NULL);
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/** New in version 2. */
const SNAPSHOTS = `
CREATE TABLE snapshots (
  uid TEXT NOT NULL,         -- of a domain
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL, -- milliseconds since 1970
  parent TEXT,
  is_current INTEGER NOT NULL,
  kept TEXT NOT NULL,        -- JSON: what going back brings back
  UNIQUE (uid, name)
);
`;

/** New in version 3. */
const CONSOLES = `
CREATE TABLE consoles (
  uid TEXT PRIMARY KEY,      -- of a domain
  log BLOB NOT NULL,
  written INTEGER NOT NULL   -- bytes so far, those that are not kept any more included
) WITHOUT ROWID;
`;

/** Opens the simulated host of a folder (`host.db`), or one that lives in memory only. Makes it when it is not there. */
export function openHostDatabase(dir?: string): DatabaseSync {
  if (dir !== undefined) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = dir === undefined ? ":memory:" : join(dir, "host.db");
  // Several processes write this file; each transaction is a few statements long.
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    // NORMAL: a killed process loses nothing; only a power cut may take the last moments of a simulation.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    transaction(database, () => {
      const version = userVersion(database);
      if (version === VERSION) return;
      if (version > VERSION)
        throw problem("AGENT_DATABASE", `${path} holds a simulated host of version ${version}; this agent knows version ${VERSION}.`, {
          hint: `Delete ${path} to start with an empty host, or run the agent that made it.`,
        });
      for (const tables of [TABLES, SNAPSHOTS, CONSOLES].slice(version)) database.exec(tables);
      database.exec(`PRAGMA user_version = ${VERSION}`);
    });
    return database;
  } catch (reason) {
    database.close();
    throw reason;
  }
}
