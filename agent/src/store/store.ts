/*
 * The agent's memory: one SQLite database per data folder.
 *
 * (1) A write's promise resolves after its commit is on the disk; nothing reads a value before that.
 * (2) Everything but the journal is also in memory: a question never waits for the disk.
 * (3) No secret is ever written: configurations hold versions of secrets, never values.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { problem } from "@ghost/schemas";
import type { AgentSettings, SetRecord, SetVersion } from "@ghost/schemas";
import { statement, transaction } from "../sqlite.ts";
import { Committer } from "./committer.ts";
import { requireDataDir } from "./lock.ts";
import { MIGRATIONS } from "./migrations.ts";
import { openDatabase } from "./open-database.ts";
import {
  deleteTemplate,
  deleteVm,
  findOperation,
  pruneOperations,
  readActiveOperations,
  readOperations,
  readTemplates,
  readVms,
  writeOperation,
  writeTemplate,
  writeVm,
} from "./records.ts";
import type { OperationRecord, TemplateRecord, VmRecord } from "./records.ts";

/** Ended operations are forgotten beyond so many. */
const KEPT_OPERATIONS = 10_000;
/** Ended operations are forgotten after so many days unless it is configured. */
const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;
/** How many new operations pass between two prunings. */
const PRUNE_EVERY = 500;

/** Changes that belong together: all of them are on the disk, or none. */
export interface StoreChange {
  readonly vm?: VmRecord;
  /** Uid of a record to be dropped. */
  readonly dropVm?: string;
  readonly template?: TemplateRecord;
  /** Uid of a record to be dropped. */
  readonly dropTemplate?: string;
  readonly operation?: OperationRecord;
}

/** The host whose VMs are on record. */
export interface BoundHost {
  readonly kind: "simulated" | "libvirt";
  /** libvirt's URI, without its parameters. */
  readonly uri?: string;
  /** Folder of the VMs' disks. */
  readonly diskDir?: string;
}

export interface Store extends AsyncDisposable {
  /** Made when the database was made; never changes. */
  readonly agentId: string;
  /** The host that these records were last used with; undefined before the first time. */
  readonly host: BoundHost | undefined;
  /** Records by uid. */
  readonly vms: ReadonlyMap<string, VmRecord>;
  /** Records by uid. */
  readonly templates: ReadonlyMap<string, TemplateRecord>;
  readonly settings: AgentSettings;
  findVmByName(name: string): VmRecord | undefined;
  findTemplateByName(name: string): TemplateRecord | undefined;
  write(change: StoreChange): Promise<void>;
  findOperation(id: string): OperationRecord | undefined;
  /** Newest first. */
  listOperations(limit: number): readonly OperationRecord[];
  /** Journal entries that have not ended, newest first. */
  activeOperations(): readonly OperationRecord[];
  findSet(stack: string): SetRecord | undefined;
  /** SET_CONFLICT unless the stored record is the expected one (serial zero for none) and the new serial is higher. */
  writeSet(set: SetRecord, expected: SetVersion): Promise<void>;
  writeSettings(settings: AgentSettings, operation?: OperationRecord): Promise<void>;
  writeHost(host: BoundHost): Promise<void>;
}

export interface StoreOptions {
  /** Without it the records live in memory. */
  readonly dir?: string;
  /** Defaults to 30. */
  readonly keepDays?: number;
  /** The folder's lock, where it is held already; the store lets go of it. */
  readonly lock?: Disposable | undefined;
}

/**
 * Opens the records of a data folder and locks it, or new ones in memory. AGENT_START when another agent has the
 * folder, AGENT_DATABASE when the database is of a newer agent or cannot be used.
 */
export function openStore({
  dir,
  keepDays = KEPT_DAYS,
  lock = dir === undefined ? undefined : requireDataDir(dir),
}: StoreOptions = {}): Store {
  const path = dir === undefined ? ":memory:" : join(dir, "agent.db");
  try {
    return createStore(path, lock, keepDays);
  } catch (reason) {
    lock?.[Symbol.dispose]();
    throw reason;
  }
}

function createStore(path: string, lock: Disposable | undefined, keepDays: number): Store {
  const database = openDatabase(path, MIGRATIONS);
  // The committer syncs by itself; see there.
  database.exec("PRAGMA synchronous = NORMAL");
  const committer = new Committer(database, path === ":memory:" ? undefined : path);

  const vms = new Map<string, VmRecord>();
  const uidByName = new Map<string, string>();
  for (const vm of readVms(database)) {
    vms.set(vm.uid, vm);
    uidByName.set(vm.name, vm.uid);
  }
  // Few: a name is looked for among all of them.
  const templates = new Map(readTemplates(database).map((template) => [template.uid, template]));
  const sets = new Map<string, SetRecord>(
    database
      .prepare("SELECT stack, record FROM sets")
      .all()
      .map((row) => [String(row["stack"]), JSON.parse(String(row["record"])) as SetRecord]),
  );
  let settings = JSON.parse(findMeta("settings") ?? "{}") as AgentSettings;
  const boundHost = findMeta("host");
  let host = boundHost === undefined ? undefined : (JSON.parse(boundHost) as BoundHost);
  let agentId = findMeta("agent_id");
  if (agentId === undefined) {
    const made = randomUUID();
    transaction(database, () => putMeta("agent_id", made));
    agentId = made;
  }
  transaction(database, prune);
  let added = 0;

  function prune(): void {
    pruneOperations(database, KEPT_OPERATIONS, new Date(Date.now() - keepDays * DAY_MS));
  }

  function findMeta(key: string): string | undefined {
    const value = statement(database, "SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
    return value === undefined ? undefined : String(value);
  }

  function putMeta(key: string, value: string): void {
    statement(database, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value").run(
      key,
      value,
    );
  }

  function forget(uid: string): void {
    const before = vms.get(uid);
    if (before === undefined) return;
    vms.delete(uid);
    if (uidByName.get(before.name) === uid) uidByName.delete(before.name);
  }

  return {
    agentId,
    get host() {
      return host;
    },
    vms,
    templates,
    get settings() {
      return settings;
    },
    findVmByName(name) {
      const uid = uidByName.get(name);
      return uid === undefined ? undefined : vms.get(uid);
    },
    findTemplateByName: (name) => [...templates.values()].find((template) => template.name === name),
    async write({ vm, dropVm, template, dropTemplate, operation }) {
      await committer.write(() => {
        if (dropVm !== undefined) deleteVm(database, dropVm);
        if (vm !== undefined) writeVm(database, vm);
        if (dropTemplate !== undefined) deleteTemplate(database, dropTemplate);
        if (template !== undefined) writeTemplate(database, template);
        if (operation === undefined) return;
        writeOperation(database, operation);
        if (++added % PRUNE_EVERY === 0) prune();
      });
      if (dropTemplate !== undefined) templates.delete(dropTemplate);
      if (template !== undefined) templates.set(template.uid, template);
      if (vm === undefined && dropVm === undefined) return;
      if (dropVm !== undefined) forget(dropVm);
      if (vm !== undefined) {
        forget(vm.uid);
        vms.set(vm.uid, vm);
        uidByName.set(vm.name, vm.uid);
      }
    },
    findOperation: (id) => findOperation(database, id),
    listOperations: (limit) => readOperations(database, limit),
    activeOperations: () => readActiveOperations(database),
    findSet: (stack) => sets.get(stack),
    async writeSet(set, expected) {
      await committer.write(() => {
        const row = statement(database, "SELECT serial, record ->> '$.digest' AS digest FROM sets WHERE stack = ?").get(set.stack);
        requireVersion(set, { serial: Number(row?.["serial"] ?? 0), digest: String(row?.["digest"] ?? "") }, expected);
        statement(
          database,
          "INSERT INTO sets (stack, serial, record, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (stack) DO UPDATE SET serial = excluded.serial, record = excluded.record, updated_at = excluded.updated_at",
        ).run(set.stack, set.serial, JSON.stringify(set), Date.now());
      });
      sets.set(set.stack, set);
    },
    async writeSettings(next, operation) {
      await committer.write(() => {
        putMeta("settings", JSON.stringify(next));
        if (operation !== undefined) writeOperation(database, operation);
      });
      settings = next;
    },
    async writeHost(next) {
      await committer.write(() => putMeta("host", JSON.stringify(next)));
      host = next;
    },
    async [Symbol.asyncDispose]() {
      await committer.close();
      database.close();
      lock?.[Symbol.dispose]();
    },
  };
}

/** Throws SET_CONFLICT unless the stored record is the one that its writer knows, and a newer one comes. */
export function requireVersion({ stack, serial, membersOmitted = false }: SetRecord, stored: SetVersion, expected: SetVersion): void {
  const isExpected = stored.serial === expected.serial && stored.digest === expected.digest;
  if (isExpected && (membersOmitted || serial > stored.serial)) return;
  throw problem(
    "SET_CONFLICT",
    isExpected
      ? `The record of stack "${stack}" has serial ${stored.serial} on this agent and was to become ${serial}, which is not higher.`
      : `The record of stack "${stack}" has serial ${stored.serial} on this agent and not ${expected.serial} as it was expected, or says something else: another apply changed it meanwhile.`,
    { hint: "Plan again; the new plan starts from the newest record." },
  );
}
