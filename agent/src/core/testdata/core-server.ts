/** A Ghost Core that does as it is told, and time that passes when it is told to. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { ghostapi } from "@ghost/proto/server";
import type { Clock } from "../attempts.ts";

type Answer = object | { readonly code: number; readonly details: string } | "silence";

export interface CoreServer {
  readonly address: string;
  /** Calls as they came: `register`, `heartbeat`, `created web`, `deleted u1`, `status u1 running`, `unregister`, each with the agent's id. */
  readonly calls: string[];
  readonly requests: { readonly method: string; readonly request: Record<string, unknown> }[];
  /** What the next calls of a method get, in order, before the usual answer. */
  readonly next: Record<string, Answer[]>;
  /** The id that the next registration gives. */
  agentId: string;
  kill(): void;
}

export async function startCoreServer(at = "127.0.0.1:0"): Promise<CoreServer> {
  const server = new Server();
  const core = { agentId: "core-1", calls: [] as string[], requests: [] as CoreServer["requests"], next: {} as Record<string, Answer[]> };
  const handle =
    (method: string, name: (request: never) => string, usual: () => object) =>
    (call: ServerUnaryCall<never, never>, reply: sendUnaryData<never>): void => {
      core.calls.push(name(call.request));
      core.requests.push({ method, request: call.request });
      const answer = core.next[method]?.shift() ?? usual();
      if (answer === "silence") return;
      if ("code" in answer) reply(answer as never);
      else reply(null, { ...usual(), ...answer } as never);
    };
  server.addService(ghostapi.GhostCoreServiceService, {
    registerAgent: handle("register", () => "register", () => ({ agent_id: core.agentId, success: true, message: "" })),
    heartbeat: handle("heartbeat", ({ agent_id }: { agent_id: string }) => `heartbeat ${agent_id}`, () => ({ success: true, message: "", commands: [] })),
    reportVmCreated: handle("created", (r: { agent_id: string; vm_name: string }) => `created ${r.vm_name} ${r.agent_id}`, () => ({ success: true, message: "" })),
    reportVmDeleted: handle("deleted", (r: { agent_id: string; vm_id: string }) => `deleted ${r.vm_id} ${r.agent_id}`, () => ({ success: true })),
    reportVmStatusChange: handle("status", (r: { agent_id: string; vm_id: string; status: string }) => `status ${r.vm_id} ${r.status} ${r.agent_id}`, () => ({ success: true })),
    unregisterAgent: handle("unregister", (r: { agent_id: string }) => `unregister ${r.agent_id}`, () => ({ success: true })),
  } as never);
  const port = await new Promise<number>((resolve, reject) => server.bindAsync(at, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))));
  return Object.assign(core, { address: `127.0.0.1:${port}`, kill: () => server.forceShutdown() });
}

export interface TestClock extends Clock {
  /** The pauses so far, in ms. */
  readonly pauses: number[];
  /** Waits until something sleeps, and wakes the one that began first. */
  wake(): Promise<number>;
  /** Wakes everything that sleeps now. */
  wakeAll(): void;
}

export function testClock(): TestClock {
  const sleepers: { readonly ms: number; readonly wake: () => void }[] = [];
  const pauses: number[] = [];
  return {
    pauses,
    now: () => new Date("2030-01-31T12:00:00Z"),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        pauses.push(ms);
        sleepers.push({ ms, wake: resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    wakeAll() {
      for (const { wake } of sleepers.splice(0)) wake();
    },
    async wake() {
      await until(() => sleepers.length > 0);
      const sleeper = sleepers.shift()!;
      sleeper.wake();
      return sleeper.ms;
    },
  };
}

/** Waits for a condition, for as long as a slow machine may take. */
export async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets time pass until a condition holds. */
export async function wakeUntil(clock: TestClock, holds: () => boolean): Promise<void> {
  await until(() => {
    if (holds()) return true;
    clock.wakeAll();
    return false;
  });
}
