/** ghost.host.v1.HostService: from the wire, to the engine room, back to the wire. */
import { Metadata } from "@grpc/grpc-js";
import { omitSettled, versionOf } from "@ghost/engine";
import {
  diagnosticToWire,
  eventToWire,
  executeFromWire,
  imageToWire,
  observationToWire,
  operationToWire,
  requirePart,
  setRecordFromWire,
  setRecordToWire,
  vmActFromWire,
  vmSnapshotToWire,
} from "@ghost/proto";
import type { ExecuteInput } from "@ghost/proto";
import { host } from "@ghost/proto/server";
import { problem } from "@ghost/schemas";
import type { Operation, PlanHeader, SetRecord, VmSnapshot } from "@ghost/schemas";
import { unlessAborted } from "../abort.ts";
import type { Hypervisor } from "../hypervisor/driver.ts";
import { checkBinding } from "../operations/binding.ts";
import { requireVm } from "../operations/find-vm.ts";
import type { Followed } from "../operations/followed.ts";
import { intentOf, intentOfAct } from "../operations/intent.ts";
import { observeTemplates } from "../operations/observed-template.ts";
import { observe } from "../operations/observation.ts";
import type { HostIdentity } from "../operations/observation.ts";
import type { Operations } from "../operations/operations.ts";
import { requireVersion } from "../store/store.ts";
import type { Store } from "../store/store.ts";
import { answerConsole } from "./console.ts";
import type { EventLog } from "./events.ts";
import { Handlers, tellInTime } from "./rpc.ts";
import type { RpcMonitor, Traffic } from "./rpc.ts";

/** An operation that ends within this time is told by its end alone. */
const QUICK_MS = 10;
const LISTED_OPERATIONS = 100;
const STACK_PATTERN = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export interface HostServiceOptions {
  readonly hypervisor: Hypervisor;
  readonly store: Store;
  readonly operations: Operations;
  readonly events: EventLog;
  readonly identity: HostIdentity;
  readonly traffic: Traffic;
  readonly monitor: RpcMonitor;
}

export function createHostService({
  hypervisor,
  store,
  operations,
  events,
  identity,
  traffic,
  monitor,
}: HostServiceOptions): host.HostServiceServer {
  const handlers = new Handlers("ghost.host.v1.HostService", traffic, monitor);
  /** The last header that came over a call. */
  const headers = new WeakMap<object, PlanHeader>();

  async function execute(input: ExecuteInput): Promise<Followed> {
    if (input.operationId === "")
      throw problem("PLAN_UNREADABLE", "The request has no operation id.", { hint: "Use the same version of Ghost on both sides." });
    return await operations.execute(intentOf(input, checkBinding(input, store.agentId, new Date())));
  }

  return {
    snapshot: handlers.unary("Snapshot", "reads", async ({ stack, set_digest_only }) => {
      const { host: observedHost, vms } = await observe(hypervisor, store, identity);
      const set = stack === "" ? undefined : store.findSet(stack);
      return observationToWire({
        host: observedHost,
        vms,
        templates: observeTemplates(store.templates),
        operations: operations.list({ activeOnly: true, limit: Infinity }),
        ...(set !== undefined && { set: set_digest_only ? omitSettled(set, store.agentId, vms) : set }),
      });
    }),

    execute: handlers.streaming("Execute", "changes", async (request, call, signal) => {
      await tell(await execute(executeFromWire(request)), (operation) => call.write({ operation }), signal);
    }),

    executeSteps: handlers.conversing(
      "ExecuteSteps",
      "changes",
      async ({ execute: request }, call, signal) => {
        const input = executeFromWire(requirePart(request, "PLAN_UNREADABLE", "The step"), headers.get(call));
        headers.set(call, input.header);
        const { operationId: operation_id } = input;
        await tell(await execute(input), (operation) => call.write({ operation_id, operation, problems: [] }), signal);
      },
      ({ execute: request }, { diagnostics }, call) =>
        void call.write({ operation_id: request?.operation_id ?? "", problems: diagnostics.map(diagnosticToWire) }),
    ),

    updateSet: handlers.unary("UpdateSet", "changes", async ({ set, expected_serial: serial, expected_digest: digest }) => {
      const record: SetRecord | undefined = set === undefined ? undefined : setRecordFromWire(set);
      if (record === undefined || !STACK_PATTERN.test(record.stack))
        throw problem(
          "PLAN_UNREADABLE",
          `The set record is of the stack ${JSON.stringify(record?.stack ?? "")}, which is no name of a stack.`,
          { hint: "Use the same version of Ghost on both sides." },
        );
      const expected = { serial, digest };
      if (record.membersOmitted === true) requireVersion(record, versionOf(store.findSet(record.stack)), expected);
      else await store.writeSet(record, expected);
      return { set: setRecordToWire({ ...record, members: [], membersOmitted: true }) };
    }),

    attachOperation: handlers.streaming("AttachOperation", "reads", async ({ operation_id }, call, signal) => {
      await tell(await operations.attach(operation_id), (operation) => call.write({ operation }), signal);
    }),

    listOperations: handlers.unary("ListOperations", "reads", ({ active_only, limit }) => ({
      operations: operations.list({ activeOnly: active_only, limit: limit > 0 ? limit : LISTED_OPERATIONS }).map(operationToWire),
    })),

    cancelOperation: handlers.unary("CancelOperation", "changes", ({ operation_id }) => ({
      operation: operationToWire(operations.cancel(operation_id)),
    })),

    watch: handlers.streaming("Watch", "reads", async ({ resume_token }, call, signal) => {
      // The caller is to know that it is being listened for before anything happens.
      call.sendMetadata(new Metadata());
      const end = AbortSignal.any([signal, traffic.closing]);
      for await (const event of events.watch(resume_token, end)) await tellInTime(call, eventToWire(event), end);
    }),

    actOnVm: handlers.streaming("ActOnVm", "changes", async (request, call, signal) => {
      const act = vmActFromWire(request);
      const intent = intentOfAct(act, await requireVm({ hypervisor, store }, act.vm));
      await tell(await operations.execute(intent), (operation) => call.write({ operation }), signal);
    }),

    listVmSnapshots: handlers.unary("ListVmSnapshots", "reads", async ({ vm }) => {
      const { uid } = await requireVm({ hypervisor, store }, vm);
      return { snapshots: oldestFirst(await hypervisor.snapshots(uid)).map(vmSnapshotToWire) };
    }),

    console: handlers.talking("Console", "changes", (call, signal) =>
      answerConsole({ hypervisor, store }, call, AbortSignal.any([signal, traffic.closing])),
    ),

    consoleLog: handlers.streaming("ConsoleLog", "reads", async ({ vm, tail_bytes: tailBytes, follow }, call, signal) => {
      const { uid } = await requireVm({ hypervisor, store }, vm);
      call.sendMetadata(new Metadata());
      const end = AbortSignal.any([signal, traffic.closing]);
      const log = hypervisor.consoleLog(uid, { ...(tailBytes > 0 && { tailBytes }), follow, signal: end });
      for await (const data of log) await tellInTime(call, { data: Buffer.from(data) }, end);
    }),

    pruneImages: handlers.unary("PruneImages", "changes", async ({ dry_run: dryRun }) => {
      const prune = async (): ReturnType<Hypervisor["pruneImages"]> => {
        const digests = [...store.vms.values()]
          .map((vm) => vm.imageDigest)
          .concat([...store.templates.values()].map((template) => template.digest));
        return await hypervisor.pruneImages(new Set(digests), { dryRun });
      };
      // A VM that is being made has its image before it has a disk.
      const { removed, bytes } = await (dryRun ? prune() : operations.alone(prune));
      return { removed: removed.map(imageToWire), bytes };
    }),
  };
}

/** Of two that were made in one second, the parent comes first. */
function oldestFirst(snapshots: readonly VmSnapshot[]): readonly VmSnapshot[] {
  const byName = new Map(snapshots.map((each) => [each.name, each]));
  const depthOf = ({ parent }: VmSnapshot): number => {
    const before = parent === undefined ? undefined : byName.get(parent);
    return before === undefined ? 0 : 1 + depthOf(before);
  };
  return snapshots.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || depthOf(a) - depthOf(b));
}

/** Tells the operation's state now, its later ones and its end. When the caller leaves, the operation goes on. */
async function tell(followed: Followed, send: (operation: ReturnType<typeof operationToWire>) => void, signal: AbortSignal): Promise<void> {
  const write = (operation: Operation): void => {
    if (!signal.aborted) send(operationToWire(operation));
  };
  let stop = (): void => undefined;
  const timer = setTimeout(() => {
    stop = followed.follow(write);
    write(followed.operation);
  }, QUICK_MS);
  try {
    await unlessAborted(followed.ended, signal);
  } finally {
    clearTimeout(timer);
    stop();
  }
  write(followed.operation);
}
