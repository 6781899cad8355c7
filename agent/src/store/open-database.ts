import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GhostError, problem } from "@ghost/schemas";
import { keepPrivate, makePrivate } from "../private-file.ts";
import { transaction, userVersion } from "../sqlite.ts";

/** "ghst": tells our file from any other SQLite database. */
const APPLICATION_ID = 0x67687374;

/** `migrations[n]` brings a database of version n to n + 1; version 0 is an empty file. */
export type Migrations = readonly string[];

/**
 * Opens a database and brings it to the newest version. Before an older one is changed it is copied beside itself.
 * AGENT_DATABASE when it is newer than this program, not ours, damaged or not writable: it is then left as it is.
 */
export function openDatabase(path: string, migrations: Migrations): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== ":memory:") makePrivate(path);
    database = new DatabaseSync(path, { timeout: 5_000 });
    refuseForeign(database, path, migrations.length);
    if (path !== ":memory:") keepPrivate(path);
    database.exec("PRAGMA journal_mode = WAL");
    const version = userVersion(database);
    if (version === migrations.length) return database;
    if (version > 0) backUp(database, path, version);
    const open = database;
    transaction(open, () => {
      for (const migration of migrations.slice(version)) open.exec(migration);
      open.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
    });
    return database;
  } catch (reason) {
    database?.close();
    if (reason instanceof GhostError) throw reason;
    const text = reason instanceof Error ? reason.message : String(reason);
    throw problem(
      "AGENT_DATABASE",
      `The agent's database ${path} cannot be used: ${text}.`,
      {
        hint: `Look at the file's owner and the free space on its disk. If it is damaged, move it away: on its next start the agent rebuilds the records of its VMs from the hypervisor.`,
      },
      { cause: reason },
    );
  }
}

function refuseForeign(database: DatabaseSync, path: string, newest: number): void {
  const version = userVersion(database);
  const id = Number(database.prepare("PRAGMA application_id").get()?.["application_id"]);
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || database.prepare("SELECT 1 FROM sqlite_schema").get() !== undefined)) {
    throw problem("AGENT_DATABASE", `${path} is an SQLite database, but not one of a Ghost agent.`, {
      hint: "Give the agent another data folder, or move that file away.",
    });
  }
  if (version > newest) {
    throw problem(
      "AGENT_DATABASE",
      `${path} has version ${version}; this agent knows versions up to ${newest}. A newer agent wrote it, and an older one would lose what it does not know.`,
      {
        hint: `Run the newer agent again, or stop the agent and put the copy that it made before (${path}.v${newest}.bak) in its place.`,
      },
    );
  }
}

function backUp(database: DatabaseSync, path: string, version: number): void {
  if (path === ":memory:") return;
  let copy = `${path}.v${version}.bak`;
  for (let number = 2; existsSync(copy); number++) copy = `${path}.v${version}-${number}.bak`;
  makePrivate(copy);
  database.prepare("VACUUM INTO ?").run(copy);
}
