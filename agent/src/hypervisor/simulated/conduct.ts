/** What a simulated host is and how it behaves: what it has, how long each call takes, which calls go wrong. */
import type { DatabaseSync } from "node:sqlite";
import { problem } from "@ghost/schemas";
import type { Capabilities, GhostError, Resources } from "@ghost/schemas";
import { statement } from "../../sqlite.ts";
import { QEMU_CAPABILITIES } from "../capabilities.ts";
import type { HostFacts, Hypervisor } from "../driver.ts";

export type HypervisorCall = Exclude<Extract<keyof Hypervisor, string>, "kind" | "onChange">;
/** A call, or what a guest does by itself after its start: get an address, finish booting. */
export type LatencyKey = HypervisorCall | "address" | "boot";

/** Errors with a meaning of their own; any other text is the hypervisor's message. `crash` kills the process. */
export type FaultError = "disk-full" | "hypervisor-down" | "timeout" | "crash" | (string & {});

export interface Fault {
  /** `*` is every call. */
  readonly call: HypervisorCall | "*";
  /** Only for this domain (name or uid), disk or image. Defaults to all. */
  readonly name?: string;
  /** How often it happens; `Infinity` until it is cleared. Defaults to 1. */
  readonly times?: number;
  readonly error: FaultError;
  /** `after` lets the call take effect and fails then, as a lost answer does. Defaults to `before`. */
  readonly moment?: "before" | "after";
}

export interface StoredFault extends Required<Omit<Fault, "call">> {
  readonly id: number;
  readonly call: string;
}

export interface Conduct {
  readonly facts: HostFacts;
  /** Digests of the images that were fetched. */
  readonly cachedImages: ReadonlySet<string>;
  readonly latencyMs: ReadonlyMap<string, number>;
  readonly faults: readonly StoredFault[];
}

/** Stands for "until cleared" in the database. */
const FOREVER = -1;

export function readConduct(database: DatabaseSync): Conduct {
  const latencyMs = new Map(
    statement(database, "SELECT call, ms FROM latency")
      .all()
      .map((row) => [String(row["call"]), Number(row["ms"])]),
  );
  const faults = statement(database, "SELECT id, call, name, times, error, moment FROM faults ORDER BY id")
    .all()
    .map((row) => ({
      id: Number(row["id"]),
      call: String(row["call"]),
      name: String(row["name"]),
      times: Number(row["times"]),
      error: String(row["error"]),
      moment: row["moment"] === "after" ? ("after" as const) : ("before" as const),
    }));
  const cachedImages = new Set(
    statement(database, "SELECT digest FROM cached_images")
      .all()
      .map((row) => String(row["digest"])),
  );
  return { latencyMs, faults, facts: readFacts(database), cachedImages };
}

const DEFAULT_TOTAL: Resources = { vcpu: 32, ram_gb: 128, disk_gb: 2000 };
const DEFAULT_CAPABILITIES: Capabilities = { ...QEMU_CAPABILITIES, kvm: true };

function readFacts(database: DatabaseSync): HostFacts {
  const facts = new Map(
    statement(database, "SELECT key, value FROM facts")
      .all()
      .map((row) => [String(row["key"]), String(row["value"])]),
  );
  const total = facts.get("total");
  const capabilities = facts.get("capabilities");
  return {
    total: total === undefined ? DEFAULT_TOTAL : JSON.parse(total),
    capabilities: capabilities === undefined ? DEFAULT_CAPABILITIES : JSON.parse(capabilities),
  };
}

/** A latency of zero removes the entry. */
export function writeLatency(database: DatabaseSync, call: LatencyKey, ms: number): void {
  if (ms > 0)
    statement(database, "INSERT INTO latency (call, ms) VALUES (?, ?) ON CONFLICT (call) DO UPDATE SET ms = excluded.ms").run(call, ms);
  else statement(database, "DELETE FROM latency WHERE call = ?").run(call);
}

export function writeFault(database: DatabaseSync, fault: Fault): void {
  const times = fault.times ?? 1;
  statement(database, "INSERT INTO faults (call, name, times, error, moment) VALUES (?, ?, ?, ?, ?)").run(
    fault.call,
    fault.name ?? "",
    Number.isFinite(times) ? times : FOREVER,
    fault.error,
    fault.moment ?? "before",
  );
}

/** Finds the first fault for this call and counts it off. */
export function takeFault(
  database: DatabaseSync,
  conduct: Conduct,
  call: HypervisorCall,
  names: readonly string[],
  moment: "before" | "after",
): StoredFault | undefined {
  const fault = conduct.faults.find(
    (each) => each.moment === moment && (each.call === call || each.call === "*") && (each.name === "" || names.includes(each.name)),
  );
  if (fault === undefined) return undefined;
  if (fault.times === FOREVER) return fault;
  // Another process may have cleared it meanwhile: then nothing is left to count and it does not happen.
  const counted = statement(database, "UPDATE faults SET times = times - 1 WHERE id = ? AND times > 0").run(fault.id);
  statement(database, "DELETE FROM faults WHERE times = 0").run();
  return Number(counted.changes) > 0 ? fault : undefined;
}

export function faultToError(fault: StoredFault, call: HypervisorCall, subject: string): GhostError {
  const about = subject === "" ? call : `${call} of "${subject}"`;
  switch (fault.error) {
    case "disk-full":
      return problem("HOST_OUT_OF_DISK", `The simulated host has no space left on its disk (${about}).`, {
        hint: "Free space on the host, or make the disks smaller.",
      });
    case "hypervisor-down":
      return problem("HOST_ERROR", `The simulated hypervisor does not answer (${about}).`, {
        hint: "Start the hypervisor, then run the command again.",
      });
    case "timeout":
      return problem("HOST_ERROR", `The simulated hypervisor answered too late (${about}); whether the call took effect is not known.`, {
        hint: "Run the command again; what is done already is not done twice.",
      });
    case "crash":
      process.kill(process.pid, "SIGKILL");
      return problem("HOST_ERROR", `The agent was to be killed here (${about}).`);
    default:
      return problem("HOST_ERROR", `${fault.error} (${about}).`);
  }
}

/** Time that passes in a simulated host, until the host is closed. */
export class Clockwork implements Disposable {
  readonly #sleepers = new Set<(reason: unknown) => void>();

  /** Throws the signal's reason when it is aborted, HOST_ERROR when the host is closed. */
  async pass(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#sleepers.delete(fail);
        settle();
      };
      const fail = (reason: unknown): void => end(() => reject(reason));
      const abort = (): void => fail(signal?.reason);
      const timer = setTimeout(() => end(resolve), ms);
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(fail);
    });
  }

  [Symbol.dispose](): void {
    for (const fail of this.#sleepers) fail(problem("HOST_ERROR", "The simulated host was closed."));
  }
}
