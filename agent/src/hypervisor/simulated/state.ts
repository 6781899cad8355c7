import type { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import { statement, transaction } from "../../sqlite.ts";
import type { Domain } from "../driver.ts";
import { readConduct } from "./conduct.ts";
import type { Conduct } from "./conduct.ts";
import { dropLog, logBoot } from "./console.ts";
import { columnsOf, fingerprint, readDisks, readDomains, toDomain, toDomainRow, writeDomain } from "./rows.ts";
import type { DiskRow, DomainRow } from "./rows.ts";

export interface HostEvent {
  readonly uid: string;
  readonly name: string;
  readonly what: "created" | "changed" | "deleted" | "status";
  readonly detail: string;
}

interface Entry {
  readonly fingerprint: string;
  readonly row: DomainRow;
  readonly domain: Domain;
}

/** Counts what this process has written, through whatever connection. */
let writes = 0;

/**
 * What is in `host.db`, read again only after somebody wrote it. An unchanged domain keeps its object, so that
 * whoever derives something from a domain can remember it by identity.
 */
export class HostState {
  readonly database: DatabaseSync;
  readonly #listeners = new Set<(event: HostEvent) => void>();
  readonly #version;
  #seenVersion: unknown;
  #seenWrites = -1;
  #isFresh = false;
  readonly #forget = (): void => {
    this.#isFresh = false;
  };
  #entries = new Map<string, Entry>();
  #uidByName = new Map<string, string>();
  #disks = new Map<string, Map<string, DiskRow>>();
  #domains: readonly Domain[] | undefined;
  #conduct: Conduct;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.#version = database.prepare("PRAGMA data_version");
    this.#conduct = readConduct(database);
    this.refresh();
  }

  get conduct(): Conduct {
    return this.#conduct;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * Reads again what another process has written. Asks the database once in each turn of the event loop: what happens
   * elsewhere within one turn has no order with what happens here.
   */
  refresh(): void {
    if (this.#isFresh && this.#seenWrites === writes) return;
    this.#isFresh = true;
    process.nextTick(this.#forget);
    this.#seenWrites = writes;
    this.#check();
  }

  /** Reads everything again, after a write of this process that touched more than one domain. */
  reloadAll(): void {
    this.#seenWrites = ++writes;
    this.#readAll();
  }

  /** Every domain. The array is never changed; a new one is given after a change. */
  list(): readonly Domain[] {
    this.refresh();
    this.#domains ??= [...this.#entries.values()].map((entry) => entry.domain);
    return this.#domains;
  }

  find(uid: string): Domain | undefined {
    this.refresh();
    return this.#entries.get(uid)?.domain;
  }

  findByName(name: string): Domain | undefined {
    this.refresh();
    const uid = this.#uidByName.get(name);
    return uid === undefined ? undefined : this.#entries.get(uid)?.domain;
  }

  rowOf(uid: string): DomainRow | undefined {
    return this.#entries.get(uid)?.row;
  }

  hasAddress(address: string): boolean {
    for (const { row } of this.#entries.values()) if (row.address === address) return true;
    return false;
  }

  nameOf(uid: string): string {
    return this.#entries.get(uid)?.row.stored.name ?? "";
  }

  disksOf(owner: string): ReadonlyMap<string, DiskRow> {
    this.refresh();
    return this.#disks.get(owner) ?? new Map();
  }

  /** Digests of the images that disks were made from. */
  diskImages(): readonly string[] {
    this.refresh();
    return [...this.#disks.values()].flatMap((disks) => [...disks.values()].map((disk) => disk.imageDigest));
  }

  /** Changes one domain (or makes, or removes it) and the disks of its uid as one transaction. */
  write(uid: string, change: (row: DomainRow | undefined) => DomainRow | undefined): void {
    const next = transaction(this.database, () => {
      // Nobody else writes until the end of this transaction.
      this.#check();
      const before = this.#entries.get(uid)?.row;
      const after = change(before);
      if (after === before) return after;
      if (after === undefined) {
        statement(this.database, "DELETE FROM domains WHERE uid = ?").run(uid);
        statement(this.database, "DELETE FROM snapshots WHERE uid = ?").run(uid);
        dropLog(this.database, uid);
      } else {
        const holder = this.#uidByName.get(after.stored.name);
        if (holder !== undefined && holder !== uid)
          throw problem("VM_EXISTS", `The host has another machine named "${after.stored.name}" already.`, {
            hint: "Choose another name, or remove that machine first.",
          });
        writeDomain(this.database, after);
        if (after.live !== undefined && before?.live === undefined) logBoot(this.database, after);
      }
      return after;
    });
    this.#settle(uid, next);
  }

  /** Changes a domain that is there. HOST_ERROR when it is not. */
  change(uid: string, edit: (row: DomainRow) => DomainRow): void {
    this.write(uid, (row) => {
      if (row === undefined) throw missingDomain(uid);
      return edit(row);
    });
  }

  /** Makes or removes disks of a uid. */
  writeDisks(uid: string, change: () => void): void {
    change();
    this.#settle(uid, this.#entries.get(uid)?.row);
  }

  #settle(uid: string, row: DomainRow | undefined): void {
    this.#seenWrites = ++writes;
    const before = this.#entries.get(uid);
    const disks = readDisks(this.database, uid);
    if (disks.length > 0) this.#disks.set(uid, new Map(disks.map((disk) => [disk.id, disk])));
    else this.#disks.delete(uid);
    const after = row === undefined ? undefined : this.#entryOf(columnsOf(row), () => row, before);
    if (before !== undefined && this.#uidByName.get(before.row.stored.name) === uid) this.#uidByName.delete(before.row.stored.name);
    if (after === undefined) this.#entries.delete(uid);
    else {
      this.#entries.set(uid, after);
      this.#uidByName.set(after.row.stored.name, uid);
    }
    if (after !== before) this.#domains = undefined;
    if (this.hasListeners) this.#tell(before, after);
  }

  #check(): void {
    const version = this.#version.get()?.["data_version"];
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#readAll();
  }

  #readAll(): void {
    this.#conduct = readConduct(this.database);
    this.#disks = new Map();
    for (const disk of readDisks(this.database)) {
      const mine = this.#disks.get(disk.owner);
      if (mine === undefined) this.#disks.set(disk.owner, new Map([[disk.id, disk]]));
      else mine.set(disk.id, disk);
    }
    const before = this.#entries;
    this.#entries = new Map();
    this.#uidByName = new Map();
    for (const raw of readDomains(this.database)) {
      const uid = String(raw["uid"]);
      const entry = this.#entryOf(Object.values(raw), () => toDomainRow(raw), before.get(uid));
      this.#entries.set(uid, entry);
      this.#uidByName.set(entry.row.stored.name, uid);
    }
    this.#domains = undefined;
    if (!this.hasListeners) return;
    for (const [uid, entry] of before) if (!this.#entries.has(uid)) this.#tell(entry, undefined);
    for (const [uid, entry] of this.#entries) this.#tell(before.get(uid), entry);
  }

  onChange(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #entryOf(columns: readonly unknown[], toRow: () => DomainRow, before: Entry | undefined): Entry {
    const disks = this.#disks.get(String(columns[0]));
    const text = fingerprint(columns, disks);
    if (before?.fingerprint === text) return before;
    const row = toRow();
    return { fingerprint: text, row, domain: toDomain(row, disks) };
  }

  #tell(before: Entry | undefined, after: Entry | undefined): void {
    if (before === after) return;
    const entry = after ?? before;
    if (entry === undefined) return;
    const name = entry.row.stored.name;
    const event: HostEvent =
      before === undefined
        ? { uid: entry.row.uid, name, what: "created", detail: `defined, ${entry.row.status}` }
        : after === undefined
          ? { uid: entry.row.uid, name, what: "deleted", detail: "the definition was removed" }
          : before.row.status !== after.row.status
            ? { uid: entry.row.uid, name, what: "status", detail: `${before.row.status} → ${after.row.status}: ${after.row.statusReason}` }
            : { uid: entry.row.uid, name, what: "changed", detail: "the configuration changed" };
    for (const listener of this.#listeners) listener(event);
  }
}

export function missingDomain(uid: string): GhostError {
  return problem("HOST_ERROR", `The host has no machine with the id ${uid}.`);
}
