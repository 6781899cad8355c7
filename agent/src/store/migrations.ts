import type { Migrations } from "./open-database.ts";

/** Never edit one that was released; append. Times are milliseconds since 1970, lists and maps are JSON. */
export const MIGRATIONS: Migrations = [
  `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vms (
  uid TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  owned_since INTEGER NOT NULL,
  config TEXT NOT NULL,
  applied TEXT NOT NULL,
  defaults TEXT NOT NULL,
  image_digest TEXT NOT NULL,
  disk_ids TEXT NOT NULL,
  loose_disks TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  git_commit TEXT NOT NULL,
  revision TEXT NOT NULL,
  phase TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  applied_at INTEGER,
  guest_changed_at INTEGER
);
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  step_id TEXT NOT NULL,
  step_hash TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  bytes_done INTEGER NOT NULL,
  bytes_total INTEGER NOT NULL,
  diagnostics TEXT NOT NULL,
  noop INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
);
CREATE INDEX operations_active ON operations (state) WHERE state IN ('pending', 'running');
CREATE TABLE sets (stack TEXT PRIMARY KEY, serial INTEGER NOT NULL, record TEXT NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
`,
  `ALTER TABLE vms ADD COLUMN underway TEXT`,
  `
CREATE TABLE templates (
  uid TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  owned_since INTEGER NOT NULL,
  config TEXT NOT NULL,
  digest TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  plan_hash TEXT NOT NULL,
  git_commit TEXT NOT NULL,
  phase TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  applied_at INTEGER
) WITHOUT ROWID;
`,
  // Agents before this one drove nothing else.
  `INSERT INTO meta (key, value) SELECT 'host', '{"kind":"simulated"}' FROM meta WHERE key = 'agent_id'`,
  `ALTER TABLE vms ADD COLUMN awaited INTEGER NOT NULL DEFAULT 0`,
];
