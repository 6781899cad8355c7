import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { buildTree, BUILTIN_DEFAULTS, operationId, planHash, stepHash } from "@ghost/engine";
import type { ExecuteInput } from "@ghost/proto";
import { connectHost, connectVms } from "@ghost/proto/client";
import type { HostClient, VmClient } from "@ghost/proto/client";
import type { PlanHeader, StepBody, VmConfig } from "@ghost/schemas";
import { full, openBench } from "../../operations/testdata/workshop.ts";
import type { Bench } from "../../operations/testdata/workshop.ts";
import type { RpcEvent } from "../rpc.ts";
import { serve } from "../serve.ts";
import type { AgentServer, ServeOptions } from "../serve.ts";

export interface Served extends Bench {
  readonly dir: string;
  readonly address: string;
  readonly server: AgentServer;
  readonly host: HostClient;
  readonly agentVms: VmClient;
  readonly rpcs: RpcEvent[];
  /** Whether health says that all is well. */
  isHealthy: boolean;
}

/** An agent served on a unix socket in a folder of its own, and clients connected to it. */
export async function openServed(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Served> {
  const bench = openBench(t);
  const dir = await mkdtemp(join(tmpdir(), "ghost-serve-"));
  const address = options.address ?? `unix:${join(dir, "agent.sock")}`;
  const rpcs: RpcEvent[] = [];
  const served = { ...bench, dir, rpcs, isHealthy: true };
  const server = await serve({
    hypervisor: bench.hypervisor,
    store: bench.store,
    operations: bench.operations,
    identity: { name: "desk", version: "0.1.0", reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 } },
    defaultTemplate: "debian-12",
    isHealthy: async () => served.isHealthy,
    monitor: { onRpc: (event) => rpcs.push(event), onBug: (reason) => bench.bugs.push(reason) },
    ...options,
    address,
  }).catch(async (reason: unknown) => {
    await rm(dir, { recursive: true });
    throw reason;
  });
  const connection = { name: "desk", address: server.address, timeoutMs: 30_000 };
  const host = connectHost(connection);
  const agentVms = connectVms(connection);
  t.after(async () => {
    host.close();
    agentVms.close();
    await server.close(0);
    await rm(dir, { recursive: true, force: true });
  });
  return Object.assign(served, { address: server.address, server, host, agentVms });
}

/** A plan of these steps, and what each sends. */
export function planOf(agentId: string, bodies: readonly Omit<StepBody, "agent_id" | "id">[], header: Partial<PlanHeader> = {}): readonly ExecuteInput[] {
  const steps = bodies.map((body): StepBody => ({ id: `desk/${body.kind}/${body.name}`, agent_id: agentId, ...body }));
  const tree = buildTree(steps.map(stepHash));
  const whole: PlanHeader = {
    format: 1,
    owner: "spec:shop",
    spec_hash: "sha256:0",
    steps_root: tree.root,
    document_hash: "sha256:1",
    step_count: steps.length,
    max_impact: "data-loss",
    expires_at: `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`,
    git_commit: "abc123",
    ...header,
  };
  return steps.map((body, index) => ({ operationId: operationId(planHash(whole), body.id), header: whole, proof: tree.proof(index), body, secrets: {} }));
}

export function createBody(config: VmConfig): Omit<StepBody, "agent_id" | "id"> {
  return { kind: "vm", action: "create", name: config.name!, uid: randomUUID(), revision: "", impact: "none", vm: full(config), defaults: BUILTIN_DEFAULTS };
}

/** The end of an execute, with every state before it. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
