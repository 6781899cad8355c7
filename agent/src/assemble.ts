/*
 * An agent of its parts: store, hypervisor, operations, gRPC. What differs between a configured and an embedded one
 * is around it.
 *
 * (1) The data folder is locked before anything is read, and let go after everything else has ended.
 * (2) Journal, records and hypervisor are in order before the first call is answered. While the hypervisor does not
 *     answer, the agent answers questions, is not ready, and operations wait.
 * (3) Stopping: nothing new is started, what runs may end, connections are closed, then the store. What did not end
 *     in time is on the journal, and is interrupted at the next start.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Hypervisor } from "./hypervisor/driver.ts";
import { observe } from "./operations/observation.ts";
import type { HostIdentity } from "./operations/observation.ts";
import { Operations } from "./operations/operations.ts";
import type { TlsFiles } from "./config/agent-config.ts";
import type { RpcEvent } from "./server/rpc.ts";
import { serve } from "./server/serve.ts";
import type { AgentServer } from "./server/serve.ts";
import { requireDataDir } from "./store/lock.ts";
import { openStore } from "./store/store.ts";
import type { Store } from "./store/store.ts";

/** How long calls that are not operations may take to end. */
const CLOSE_MS = 2_000;
const RECONCILE_PAUSE_MS = 2_000;

/** The part of a logger that the agent needs; pino has it. */
export interface AgentLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Assembly {
  readonly dataDir: string;
  /** The folder's lock, where it is held already. */
  readonly lock?: Disposable;
  readonly openHypervisor: (store: Store) => Hypervisor | Promise<Hypervisor>;
  readonly identity: HostIdentity;
  readonly defaultTemplate: string;
  readonly address: string;
  readonly socketGroup?: string;
  readonly tls?: TlsFiles;
  readonly parallel?: number;
  readonly keepDays?: number;
  /** How long running operations may take to end when the agent stops. */
  readonly drainMs: number;
  readonly log: AgentLog;
  readonly onRpc?: (event: RpcEvent) => void;
}

export interface AssembledAgent {
  readonly store: Store;
  readonly hypervisor: Hypervisor;
  readonly operations: Operations;
  readonly server: AgentServer;
  /** Journal, records and hypervisor are in order, and the agent is not stopping. */
  readonly isReady: boolean;
  observe(): ReturnType<typeof observe>;
  /** Ends it (3), once however often it is called. `last` runs when operations have ended and before the doors close. */
  stop(last?: () => Promise<void>): Promise<void>;
}

/** Throws AGENT_START or AGENT_DATABASE when it cannot start; it has let go of everything then. */
export async function assemble(assembly: Assembly): Promise<AssembledAgent> {
  const { log, identity } = assembly;
  const onBug = (reason: unknown): void => log.error({ err: reason }, "A bug in the agent");
  await using started = new AsyncDisposableStack();
  const store = started.use(
    openStore({
      dir: assembly.dataDir,
      lock: assembly.lock ?? requireDataDir(assembly.dataDir),
      ...(assembly.keepDays !== undefined && { keepDays: assembly.keepDays }),
    }),
  );
  const hypervisor = started.use(await assembly.openHypervisor(store));
  const operations = new Operations({
    hypervisor,
    store,
    reserved: identity.reserved,
    onBug,
    ...(assembly.parallel !== undefined && { parallel: assembly.parallel }),
  });
  const stopping = new AbortController();
  started.defer(() => stopping.abort());
  let isInOrder = false;
  await putInOrder(operations, log, stopping.signal, () => (isInOrder = true));
  const server = await serve({
    hypervisor,
    store,
    operations,
    identity,
    defaultTemplate: assembly.defaultTemplate,
    address: assembly.address,
    ...(assembly.socketGroup !== undefined && { socketGroup: assembly.socketGroup }),
    ...(assembly.tls !== undefined && { tls: assembly.tls }),
    isHealthy: async () =>
      isInOrder &&
      (await hypervisor.ping().then(
        () => true,
        () => false,
      )),
    monitor: { onBug, ...(assembly.onRpc !== undefined && { onRpc: assembly.onRpc }) },
  });
  const parts = started.move();

  async function end(last?: () => Promise<void>): Promise<void> {
    stopping.abort();
    if (!(await operations.drain(assembly.drainMs)))
      log.warn(
        { operations: operations.activeCount },
        "Operations did not end in time; they are on the journal and are interrupted at the next start",
      );
    await last?.();
    await server.close(CLOSE_MS);
    await parts.disposeAsync();
  }
  let ended: Promise<void> | undefined;
  return {
    store,
    hypervisor,
    operations,
    server,
    get isReady() {
      return isInOrder && !stopping.signal.aborted;
    },
    observe: () => observe(hypervisor, store, identity),
    stop: (last) => (ended ??= end(last)),
  };
}

/** Resolves when all is in order, or after the first attempt that failed; further attempts go on behind. */
async function putInOrder(operations: Operations, log: AgentLog, signal: AbortSignal, onDone: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const retry = async (reason: unknown): Promise<void> => {
      log.warn(
        { reason: reason instanceof Error ? reason.message : String(reason) },
        "The hypervisor does not answer; operations wait for it",
      );
      resolve();
      await sleep(RECONCILE_PAUSE_MS, undefined, { signal });
    };
    void operations.reconcile(retry).then(
      ({ notes, interrupted }) => {
        for (const note of notes) log.info({}, note);
        if (interrupted.length > 0) log.info({ operations: interrupted.length }, "Operations were interrupted when the agent last ended");
        onDone();
        resolve();
      },
      // Only stopping ends the attempts.
      () => resolve(),
    );
  });
}
