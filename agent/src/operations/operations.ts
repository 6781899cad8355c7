/*
 * The engine room: everything that changes a host goes through here, whichever service asks for it.
 *
 * A VM's phase on record:
 *
 *     (none) ──1──▶ creating ──2──▶ ready ──4──▶ deleting ──5──▶ (none)
 *                      └──3──▶ (none)  ▲──────6──────┘
 *
 * (1) The record, with uid and everything that is to be made, is on the disk before the hypervisor is called: a crash
 *     leaves a machine we know about, never one we do not.
 * (2) Made, and started if it is to run. Waiting for the guest comes after: a guest that is not ready in time has
 *     failed its step, but it is there. That it is waited for is on record before it is started, until a step has seen
 *     it ready: so the next plan waits again.
 * (3) A create that fails removes what it made. If that fails too, the record stays `creating`, until the next
 *     operation on it or the next start settles it (8).
 * (4) On the disk before anything is deleted.
 * (5) Definition and disks are gone.
 * (6) A deletion that fails while the definition is there leaves the VM as it is: with its disks, running if it ran.
 *
 * A template has the phases (none), creating and ready, and (1), (3) and (8) hold for it: without an image that is there
 * in full it is not made.
 *
 * An operation: pending (waits for its object) → running → succeeded | failed | cancelled; interrupted when the agent
 * ended meanwhile.
 *
 * (7) One operation per object at a time, by uid and by every name it touches, in the order of asking. Nothing else
 *     ever waits for an operation.
 * (8) On start, operations on the journal that did not end are interrupted. On start, and before the next operation on
 *     it, a VM that was cut off is settled. `creating` without a definition, or with one that is not complete: removed.
 *     `creating` with a complete one: ready, in whatever power state it is. `deleting` without a definition: the rest
 *     is removed; with one: ready again. `ready` without a definition: the record stays, and the VM is shown as
 *     missing, until a plan decides.
 * (9) One operation id is one operation: attached to while it runs, a new attempt when it did not succeed, and when it
 *     did, its result as long as what it did is still so. What was undone since is not done again: that is another plan.
 * (10) What is live is read under the lock, and already being at the goal is asked before anything is refused.
 * (11) A failure ends the operation with its diagnostics; it never ends the agent.
 */
import type { Diagnostic, Operation, OperationState, Resources } from "@ghost/schemas";
import { GhostError, problem } from "@ghost/schemas";
import { unlessAborted } from "../abort.ts";
import type { Hypervisor } from "../hypervisor/driver.ts";
import type { OperationRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { createVm } from "./actions/create.ts";
import { deleteVm } from "./actions/delete.ts";
import { restartVm, resumeVm, startVm, stopVm, suspendVm } from "./actions/power.ts";
import { releaseVm } from "./actions/release.ts";
import { changedSettings } from "./actions/settings.ts";
import { createSnapshot, deleteSnapshot, revertToSnapshot } from "./actions/snapshot.ts";
import { changeTemplate } from "./actions/template.ts";
import { adoptVm, updateVm } from "./actions/update.ts";
import { Admission } from "./admission.ts";
import type { Admitted } from "./admission.ts";
import { refuseOtherName } from "./binding.ts";
import type { Attempt, Outcome, Workshop } from "./context.ts";
import { findPresent } from "./context.ts";
import { Followed } from "./followed.ts";
import { standingOf } from "./goal.ts";
import type { Intent } from "./intent.ts";
import { KeyedLock, Semaphore } from "../keyed-lock.ts";
import { observeTemplate } from "./observed-template.ts";
import { reconcile } from "./reconcile.ts";
import type { Reconciliation } from "./reconcile.ts";

/** How many operations work on the host at once unless it is configured. */
const DEFAULT_PARALLEL = 16;

export interface OperationsOptions {
  readonly hypervisor: Hypervisor;
  readonly store: Store;
  /** From agent.yaml; the larger of it and the settings is kept free. */
  readonly reserved: Resources;
  /** How many operations work on the host at once. Defaults to 16. */
  readonly parallel?: number;
  /** Told of what is a bug of the agent, beside the operation's diagnostics. */
  readonly onBug?: (reason: unknown) => void;
  readonly now?: () => Date;
}

interface Running {
  readonly intent: Intent;
  readonly followed: Followed;
  readonly abort: AbortController;
  /** What it was let onto the host with. */
  readonly admitted: Admitted[];
  record: OperationRecord;
}

export class Operations {
  readonly #workshop: Workshop;
  readonly #running = new Map<string, Running>();
  readonly #locks = new KeyedLock();
  readonly #slots: Semaphore;
  readonly #listeners = new Set<(operation: Operation) => void>();
  readonly #onBug: (reason: unknown) => void;
  #reconciled: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor({
    hypervisor,
    store,
    reserved,
    parallel = DEFAULT_PARALLEL,
    onBug = () => undefined,
    now = () => new Date(),
  }: OperationsOptions) {
    this.#workshop = { hypervisor, store, admission: new Admission(hypervisor, store, reserved), now };
    this.#slots = new Semaphore(parallel);
    this.#onBug = onBug;
  }

  /** Operations that have not ended. */
  get activeCount(): number {
    return this.#running.size;
  }

  /** Puts journal, records and hypervisor in order (8). Operations asked for meanwhile wait for it. Goes on until it works, or until `retry` throws. */
  reconcile(retry: (reason: unknown) => Promise<void>): Promise<Reconciliation> {
    const attempt = async (): Promise<Reconciliation> => {
      for (;;) {
        try {
          return await reconcile(this.#workshop);
        } catch (reason) {
          await retry(reason);
        }
      }
    };
    const reconciled = attempt();
    this.#reconciled = reconciled.catch(() => {
      throw stopping();
    });
    // Whether anybody waits for it or not.
    this.#reconciled.catch(() => undefined);
    return reconciled;
  }

  /**
   * Does what must not happen in the middle of an operation: those that are asked for meanwhile wait for its end.
   * AGENT_BUSY when one runs.
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    await this.#reconciled;
    const count = this.#running.size;
    if (count > 0)
      throw problem(
        "AGENT_BUSY",
        `${count === 1 ? "An operation runs" : `${count} operations run`} on this agent, and this is not done beside one.`,
        {
          hint: `Try again when it has ended; "ghost op list --active" shows what runs.`,
        },
      );
    const done = work();
    const before = this.#reconciled;
    this.#reconciled = done.then(
      () => before,
      () => before,
    );
    return await done;
  }

  /**
   * Starts an operation, or finds the one of this id (9). Throws PLAN_MISMATCH when the id was used for something
   * else, PLAN_STALE when it succeeded and its object was changed since, AGENT_STOPPING when nothing new is started.
   */
  async execute(intent: Intent): Promise<Followed> {
    const running = this.#running.get(intent.operationId);
    const known = running?.record ?? this.#workshop.store.findOperation(intent.operationId);
    if (known !== undefined && known.stepHash !== intent.stepHash)
      throw problem("PLAN_MISMATCH", `The operation id ${intent.operationId} belongs to another step (${known.stepId}).`, {
        hint: "Give each step an id of its own.",
      });
    if (running !== undefined) return running.followed;
    if (known?.state === "succeeded") return await this.#doneBefore(intent, known);
    if (this.#isStopping) throw stopping();
    return this.#start(intent, (known?.attempt ?? 0) + 1);
  }

  /** OPERATION_NOT_FOUND when the journal does not have it (any more). */
  async attach(id: string): Promise<Followed> {
    return this.#running.get(id)?.followed ?? (await this.#ended(this.#require(id)));
  }

  /** Asks an operation to stop at its next safe point; one that has ended stays as it is. OPERATION_NOT_FOUND. */
  cancel(id: string): Operation {
    const running = this.#running.get(id);
    if (running === undefined) return toOperation(this.#require(id));
    running.abort.abort(
      problem("OPERATION_CANCELLED", `The operation on "${running.intent.name}" was cancelled.`, { hint: "Apply again to carry it out." }),
    );
    return running.followed.operation;
  }

  /** Newest first. */
  list({ activeOnly, limit }: { readonly activeOnly: boolean; readonly limit: number }): readonly Operation[] {
    const active = [...this.#running.values()].map((running) => running.followed.operation).reverse();
    if (activeOnly) return active.slice(0, limit);
    const journal = this.#workshop.store.listOperations(limit).filter((record) => !this.#running.has(record.id));
    return [...active, ...journal.map(toOperation)].slice(0, limit);
  }

  /** Hears of every operation when it starts, and when it has ended. */
  onOperation(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts nothing new and waits for what runs. False when something still ran after the timeout: the journal has it. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#isStopping = true;
    const all = Promise.all([...this.#running.values()].map((running) => running.followed.ended));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
    try {
      return await Promise.race([all.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #require(id: string): OperationRecord {
    const record = this.#workshop.store.findOperation(id);
    if (record === undefined)
      throw problem("OPERATION_NOT_FOUND", `The agent knows no operation ${id}.`, {
        hint: `"ghost op list" shows the operations that it remembers.`,
      });
    return record;
  }

  async #ended(record: OperationRecord): Promise<Followed> {
    const operation = toOperation(record);
    if (record.state !== "succeeded") return Followed.ended(operation);
    const template = record.kind === "template" ? this.#workshop.store.templates.get(record.uid) : undefined;
    if (template !== undefined) return Followed.ended({ ...operation, template: observeTemplate(template) });
    const present = record.kind === "vm" ? await findPresent(this.#workshop, record.uid) : undefined;
    return Followed.ended(present === undefined ? operation : { ...operation, vm: present.vm });
  }

  /** The result of an operation that succeeded before, when what it did is still so under the object's lock. */
  async #doneBefore(intent: Intent, record: OperationRecord): Promise<Followed> {
    // Who asked without a plan was given the result once, and nothing was promised to last.
    if (intent.promise === undefined) return await this.#ended(record);
    const lock = this.#locks.acquire(keysOf(intent));
    try {
      await this.#reconciled;
      await lock.ready;
      const { missing, vm, template } = await standingOf(this.#workshop, intent);
      if (missing.length > 0) throw undone(intent, record, missing);
      return Followed.ended({ ...toOperation(record), ...(vm !== undefined && { vm }), ...(template !== undefined && { template }) });
    } finally {
      lock.release();
    }
  }

  #start(intent: Intent, number: number): Followed {
    const record: OperationRecord = {
      id: intent.operationId,
      stepId: intent.stepId,
      stepHash: intent.stepHash,
      kind: intent.kind,
      action: intent.action,
      name: intent.name,
      uid: intent.uid,
      planHash: intent.planHash,
      owner: intent.owner,
      state: "pending",
      phase: "waiting",
      bytesDone: 0,
      bytesTotal: 0,
      diagnostics: [],
      noop: false,
      attempt: number,
      createdAt: this.#workshop.now(),
    };
    const running: Running = { intent, record, abort: new AbortController(), admitted: [], followed: new Followed(toOperation(record)) };
    this.#running.set(intent.operationId, running);
    this.#tell(running.followed.operation);
    void this.#run(running);
    return running.followed;
  }

  /** Never throws (11). */
  async #run(running: Running): Promise<void> {
    const { intent, abort } = running;
    const lock = this.#locks.acquire(keysOf(intent));
    let letGo = (): void => undefined;
    let observed: Pick<Operation, "vm" | "template"> = {};
    try {
      await unlessAborted(this.#reconciled, abort.signal);
      await unlessAborted(lock.ready, abort.signal);
      letGo = await this.#slots.acquire(abort.signal);
      running.record = { ...running.record, state: "running", phase: "check" };
      running.followed.update(toOperation(running.record));
      const outcome = await this.#perform(running);
      observed = {
        ...(outcome.observed !== undefined && { vm: outcome.observed }),
        ...(outcome.observedTemplate !== undefined && { template: outcome.observedTemplate }),
      };
      running.record = {
        ...running.record,
        ...this.#end("succeeded"),
        noop: outcome.noop,
        name: outcome.observed?.name ?? running.record.name,
      };
      await this.#conclude(running.record, outcome);
    } catch (reason) {
      observed = {};
      const isCancelled = abort.signal.aborted && reason === abort.signal.reason;
      running.record = {
        ...running.record,
        ...this.#end(isCancelled ? "cancelled" : "failed"),
        noop: false,
        diagnostics: this.#diagnosticsOf(reason),
      };
      await this.#workshop.store.write({ operation: running.record }).catch((second: unknown) => this.#onBug(second));
    }
    lock.release();
    letGo();
    for (const admitted of running.admitted) admitted.release();
    this.#running.delete(intent.operationId);
    const operation: Operation = { ...toOperation(running.record), ...observed };
    running.followed.end(operation);
    this.#tell(operation);
  }

  #end(state: OperationState): Pick<OperationRecord, "state" | "endedAt"> {
    return { state, endedAt: this.#workshop.now() };
  }

  #diagnosticsOf(reason: unknown): readonly Diagnostic[] {
    if (!(reason instanceof GhostError)) this.#onBug(reason);
    return GhostError.from(reason).diagnostics;
  }

  async #conclude(record: OperationRecord, outcome: Outcome): Promise<void> {
    // Settings were written together with their operation.
    if (record.kind === "agent" && !record.noop) return;
    await this.#workshop.store.write({
      operation: record,
      ...(outcome.record !== undefined && { vm: outcome.record }),
      ...(outcome.dropVm !== undefined && { dropVm: outcome.dropVm }),
      ...(outcome.template !== undefined && { template: outcome.template }),
      ...(outcome.dropTemplate !== undefined && { dropTemplate: outcome.dropTemplate }),
    });
  }

  async #perform(running: Running): Promise<Outcome> {
    const { intent } = running;
    const attempt: Attempt = {
      ...this.#workshop,
      admission: {
        admit: async (...demand) => {
          const admitted = await this.#workshop.admission.admit(...demand);
          running.admitted.push(admitted);
          return admitted;
        },
      },
      intent,
      number: running.record.attempt,
      signal: running.abort.signal,
      progress: (update) => {
        const isNew = update.phase !== running.record.phase;
        running.record = {
          ...running.record,
          phase: update.phase,
          bytesDone: update.bytesDone ?? (isNew ? 0 : running.record.bytesDone),
          bytesTotal: update.bytesTotal ?? (isNew ? 0 : running.record.bytesTotal),
        };
        running.followed.update(toOperation(running.record));
      },
      begin: async (record) => {
        running.abort.signal.throwIfAborted();
        await this.#workshop.store.write({ ...record, operation: running.record });
      },
    };
    if (intent.kind === "agent") return await this.#performSettings(running, attempt);
    refuseOtherName(intent, this.#workshop.store);
    if (intent.kind === "template") return await changeTemplate(attempt);
    switch (intent.action) {
      case "create":
        return await createVm(attempt);
      case "update":
        return await updateVm(attempt);
      case "delete":
        return await deleteVm(attempt);
      case "adopt":
        return await adoptVm(attempt);
      case "release":
        return await releaseVm(attempt);
      case "restart":
        return await restartVm(attempt);
      case "start":
        return await startVm(attempt);
      case "stop":
        return await stopVm(attempt);
      case "suspend":
        return await suspendVm(attempt);
      case "resume":
        return await resumeVm(attempt);
      case "snapshot-create":
        return await createSnapshot(attempt);
      case "snapshot-revert":
        return await revertToSnapshot(attempt);
      case "snapshot-delete":
        return await deleteSnapshot(attempt);
      case "settings":
        throw problem("PLAN_MISMATCH", `The step ${intent.stepId} is about a VM and says settings.`, {
          hint: "Plan again with the same version of Ghost as the agent's.",
        });
    }
  }

  async #performSettings(running: Running, attempt: Attempt): Promise<Outcome> {
    const settings = changedSettings(attempt);
    if (settings === undefined) return { noop: true };
    await this.#workshop.store.writeSettings(settings, { ...running.record, ...this.#end("succeeded") });
    return { noop: false };
  }

  #tell(operation: Operation): void {
    for (const listener of this.#listeners) listener(operation);
  }
}

function stopping(): GhostError {
  return problem("AGENT_STOPPING", "The agent is stopping and starts nothing new.", {
    hint: "Apply again when it is back; what is done already is not done twice.",
  });
}

function undone(intent: Intent, { endedAt }: OperationRecord, missing: readonly string[]): GhostError {
  const what = {
    agent: "the settings were changed",
    template: `template "${intent.name}" was changed`,
    vm: `VM "${intent.name}" was changed`,
  }[intent.kind];
  return problem(
    "PLAN_STALE",
    `The step ${intent.stepId} was carried out${endedAt === undefined ? "" : ` on ${endedAt.toISOString()}`}, and ${what} since: ${missing.join("; ")}. The step was not started again.`,
    { hint: "Plan again and look at what the new plan says.", ...(intent.kind !== "agent" && { path: [`${intent.kind}s`, intent.name] }) },
  );
}

function keysOf({ kind, uid, name, previousName }: Intent): string[] {
  if (kind === "agent") return ["settings"];
  // A template may be called like a VM.
  const named = kind === "template" ? "template" : "name";
  return [`uid:${uid}`, `${named}:${name}`, ...(previousName === undefined ? [] : [`${named}:${previousName}`])];
}

function toOperation(record: OperationRecord): Operation {
  const { stepHash: _stepHash, ...operation } = record;
  return operation;
}
