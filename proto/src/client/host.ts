import type { Observation, ObservedImage, Operation, SetRecord, SetVersion, VmSnapshot } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import { HostServiceService } from "../../gen/ghost/host/v1/host.ts";
import type { Operation as OperationMessage } from "../../gen/ghost/host/v1/host.ts";
import { eventFromWire } from "../wire/event.ts";
import type { HostEvent } from "../wire/event.ts";
import type { ExecuteInput } from "../wire/execute.ts";
import { imageFromWire, observationFromWire } from "../wire/observation.ts";
import { operationFromWire } from "../wire/operation.ts";
import { requirePart } from "../wire/require.ts";
import { setRecordFromWire, setRecordToWire } from "../wire/set-record.ts";
import { vmActToWire } from "../wire/vm-act.ts";
import type { VmAct } from "../wire/vm-act.ts";
import { vmSnapshotFromWire } from "../wire/vm-snapshot.ts";
import { openChannel } from "./connection.ts";
import type { CallOptions } from "./channel.ts";
import { fromAgent } from "./errors.ts";
import type { HostConnection } from "./connection.ts";
import { requireEnd, StepCalls } from "./step-calls.ts";

export interface SnapshotOptions extends CallOptions {
  /** Without members of the set record, where its digest tells them; those that a plan must know of this host are told. */
  readonly setDigestOnly?: boolean;
}

/** `ghost.host.v1.HostService` of one agent. Every call throws a GhostError with the agent's name. */
export interface HostClient extends AsyncDisposable {
  /** Everything that a plan needs; with the set record of `stack`, none when it is empty. */
  snapshot(stack: string, options?: SnapshotOptions): Promise<Observation>;
  /** The operation as it moves, its end last. */
  execute(input: ExecuteInput, options?: Pick<CallOptions, "signal">): AsyncIterable<Operation>;
  /**
   * Writes the record if the stored one is the expected one, and a SET_CONFLICT otherwise; with its members omitted it is
   * only compared. Gives what is stored, without its members.
   */
  updateSet(set: SetRecord, expected: SetVersion, options?: CallOptions): Promise<SetRecord>;
  /** Follows an operation from its present state to its end. */
  attachOperation(id: string, options?: Pick<CallOptions, "signal">): AsyncIterable<Operation>;
  /** Newest first. */
  listOperations(options?: { readonly activeOnly?: boolean; readonly limit?: number } & CallOptions): Promise<readonly Operation[]>;
  /** Asks it to stop at its next safe point. */
  cancelOperation(id: string, options?: CallOptions): Promise<Operation>;
  /** From now on, or after the event with that token. */
  watch(resumeToken?: string, options?: Pick<CallOptions, "signal">): AsyncIterable<HostEvent>;
  /** The operation as it moves, its end last. */
  actOnVm(act: VmAct, options?: Pick<CallOptions, "signal">): AsyncIterable<Operation>;
  /** Of the VM with that id or name; oldest first. */
  listVmSnapshots(vm: string, options?: CallOptions): Promise<readonly VmSnapshot[]>;
  /** Removes the images that nothing uses, and what is left of broken fetches; with `dryRun` it only tells. AGENT_BUSY while operations run. */
  pruneImages(
    options?: { readonly dryRun?: boolean } & CallOptions,
  ): Promise<{ readonly removed: readonly ObservedImage[]; readonly bytes: number }>;
  /** Opens the serial console of the VM with that id or name. Rejects when it does not run, or somebody has it and `force` is not set. */
  openConsole(vm: string, options?: { readonly force?: boolean } & Pick<CallOptions, "signal">): Promise<VmConsole>;
  /** What the VM wrote on its serial console, the last `tailBytes` where given; with `follow` what it writes from then on as well. */
  consoleLog(
    vm: string,
    options?: { readonly tailBytes?: number; readonly follow?: boolean } & Pick<CallOptions, "signal">,
  ): AsyncIterable<Uint8Array>;
  close(): void;
}

/** A VM's serial console, as it was opened. */
export interface VmConsole extends AsyncDisposable {
  /** What the VM writes; ends when it stops or when somebody takes its console. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the agent takes more; at once after the end. */
  write(data: Uint8Array): Promise<void>;
}

/** Does not connect yet. Throws what is wrong with the address or the certificates. */
export function connectHost(connection: HostConnection): HostClient {
  const channel = openChannel(connection);
  const { name } = connection;
  const service = HostServiceService;
  const steps = new StepCalls(name, channel);

  return {
    async snapshot(stack, { setDigestOnly = false, ...options } = {}) {
      const response = await channel.unary(service.snapshot, { stack, set_digest_only: setDigestOnly }, options);
      return fromAgent(name, () => observationFromWire(response));
    },
    execute: (input, options) => steps.execute(input, options),
    async updateSet(set, { serial, digest }, options) {
      const response = await channel.unary(
        service.updateSet,
        { set: setRecordToWire(set), expected_serial: serial, expected_digest: digest },
        options,
      );
      return fromAgent(name, () => setRecordFromWire(requirePart(response.set, "AGENT_PROTOCOL", "The set record in the agent's answer")));
    },
    async *attachOperation(id, options) {
      yield* follow(name, channel.stream(service.attachOperation, { operation_id: id }, options));
    },
    async listOperations({ activeOnly = false, limit = 0, ...options } = {}) {
      const response = await channel.unary(service.listOperations, { active_only: activeOnly, limit }, options);
      return fromAgent(name, () => response.operations.map(operationFromWire));
    },
    async cancelOperation(id, options) {
      const response = await channel.unary(service.cancelOperation, { operation_id: id }, options);
      return fromAgent(name, () =>
        operationFromWire(requirePart(response.operation, "AGENT_PROTOCOL", "The operation in the agent's answer")),
      );
    },
    async *watch(resumeToken = "", options = {}) {
      for await (const response of channel.stream(service.watch, { resume_token: resumeToken }, { ...options, quiet: true })) {
        yield fromAgent(name, () => eventFromWire(response));
      }
    },
    async *actOnVm(act, options) {
      yield* follow(name, channel.stream(service.actOnVm, vmActToWire(act), options));
    },
    async listVmSnapshots(vm, options) {
      const response = await channel.unary(service.listVmSnapshots, { vm }, options);
      return fromAgent(name, () => response.snapshots.map(vmSnapshotFromWire));
    },
    async pruneImages({ dryRun = false, ...options } = {}) {
      const { removed, bytes } = await channel.unary(service.pruneImages, { dry_run: dryRun }, options);
      return { removed: removed.map(imageFromWire), bytes };
    },
    async openConsole(vm, { force = false, ...options } = {}) {
      const leave = new AbortController();
      const signal = AbortSignal.any([leave.signal, ...(options.signal === undefined ? [] : [options.signal])]);
      const { answers, send } = channel.talk(service.console, { signal });
      void send({ vm, force, data: Buffer.alloc(0) });
      const opened = await answers.next();
      if (opened.done === true)
        throw problem("AGENT_PROTOCOL", `Agent "${name}" ended the console of VM ${vm} before it was open.`, {
          hint: `Bring agent "${name}" to this version of Ghost.`,
          agent: name,
        });
      return {
        output: untilLeft(dataOf(answers), leave.signal),
        write: (data) => send({ vm: "", force: false, data: Buffer.from(data) }),
        async [Symbol.asyncDispose]() {
          leave.abort();
          await answers.return().catch(() => undefined);
        },
      };
    },
    consoleLog: (vm, { tailBytes = 0, follow = false, ...options } = {}) =>
      dataOf(channel.stream(service.consoleLog, { vm, tail_bytes: tailBytes, follow }, { ...options, quiet: true })),
    close: () => channel.close(),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

/** An operation as its messages tell it, its end last. */
async function* follow(
  agent: string,
  responses: AsyncIterable<{ readonly operation?: OperationMessage | undefined }>,
): AsyncGenerator<Operation, void, undefined> {
  let last: Operation | undefined;
  for await (const response of responses) {
    last = fromAgent(agent, () =>
      operationFromWire(requirePart(response.operation, "AGENT_PROTOCOL", "The operation in the agent's answer")),
    );
    yield last;
  }
  requireEnd(agent, last);
}

async function* dataOf(responses: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { data } of responses) yield data;
}

/** The reader who left asked for the end: it is none that failed. */
async function* untilLeft<T>(items: AsyncIterable<T>, left: AbortSignal): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (reason) {
    if (!left.aborted) throw reason;
  }
}
