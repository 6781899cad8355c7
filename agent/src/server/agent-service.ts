/*
 * agentpb.AgentService, the VM service of the original agent. Its clients see what they always saw: the same rules
 * and codes. Behind it are the same locks, journal and protection as behind HostService; what it makes is owned by
 * "agent".
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BUILTIN_DEFAULTS, withDefaults } from "@ghost/engine";
import type { agentpb } from "@ghost/proto/server";
import { GhostError, NAME_DOC, NAME_PATTERN, problem } from "@ghost/schemas";
import type { Diagnostic, ObservedVm, Operation } from "@ghost/schemas";
import type { Hypervisor } from "../hypervisor/driver.ts";
import { PERSON } from "../operations/intent.ts";
import type { Intent } from "../operations/intent.ts";
import { observeVms } from "../operations/observation.ts";
import { requireVm } from "../operations/find-vm.ts";
import type { Operations } from "../operations/operations.ts";
import type { Store } from "../store/store.ts";
import { Handlers } from "./rpc.ts";
import type { RpcMonitor, Traffic } from "./rpc.ts";

/** How long a create waits for an address before it answers without one. */
const ADDRESS_TIMEOUT_MS = 120_000;
const ADDRESS_PAUSE_MS = 100;

const LIMITS = { vcpu: { min: 1, max: 32 }, ram_gb: { min: 1, max: 128 }, disk_gb: { min: 10, max: 1000 } } as const;
const NAME_MIN_CHARS = 3;

export interface AgentServiceOptions {
  readonly hypervisor: Hypervisor;
  readonly store: Store;
  readonly operations: Operations;
  /** Image of a VM that is created without one; empty when none is configured. */
  readonly defaultTemplate: string;
  readonly traffic: Traffic;
  readonly monitor: RpcMonitor;
}

export function createAgentService({
  hypervisor,
  store,
  operations,
  defaultTemplate,
  traffic,
  monitor,
}: AgentServiceOptions): agentpb.AgentServiceServer {
  const handlers = new Handlers("agentpb.AgentService", traffic, monitor);

  /** Every VM that is more than an intention. */
  async function listVms(): Promise<readonly ObservedVm[]> {
    return (await observeVms(hypervisor, await hypervisor.list(), store.vms)).filter((vm) => vm.phase !== "creating");
  }

  async function carryOut(
    action: Intent["action"],
    vm: { readonly uid: string; readonly name: string },
    more: Partial<Intent> = {},
  ): Promise<Operation> {
    const operationId = randomUUID();
    const followed = await operations.execute({
      operationId,
      stepId: `${PERSON}/vm/${vm.name}`,
      stepHash: operationId,
      kind: "vm",
      action,
      name: vm.name,
      uid: vm.uid,
      owner: PERSON,
      planHash: "",
      gitCommit: "",
      secrets: {},
      ...more,
    });
    const ended = await followed.ended;
    const [first, ...rest] = ended.diagnostics;
    if (ended.state !== "succeeded")
      throw first === undefined
        ? problem("INTERNAL", `The operation ${operationId} ended as ${ended.state}.`)
        : new GhostError([first, ...rest]);
    return ended;
  }

  return {
    createVm: handlers.unary("CreateVM", "changes", async (request, call) => {
      const template = request.template === "" ? defaultTemplate : request.template;
      const names = (await hypervisor.images()).map((image) => image.name);
      const [first, ...rest] = findProblems(request, template, names);
      if (first !== undefined) throw new GhostError([first, ...rest]);
      const { name, vcpu, ram_gb, disk_gb, metadata } = request;
      const vm = withDefaults({ name, vcpu, ram_gb, disk_gb, image: template, metadata }, BUILTIN_DEFAULTS);
      const { vm: made } = await carryOut("create", { uid: randomUUID(), name }, { vm, defaults: BUILTIN_DEFAULTS });
      if (made === undefined) throw problem("INTERNAL", `The VM "${name}" was made and cannot be found.`);
      const ready = await waitForAddress(hypervisor, made, () => call.cancelled);
      return { vm_id: made.uid, ip_address: ready.ipAddress, status: ready.status, error: "" };
    }),

    deleteVm: handlers.unary("DeleteVM", "changes", async ({ vm_id }) => {
      const vm = await requireVm({ hypervisor, store }, vm_id);
      const { noop } = await carryOut("delete", vm);
      if (noop) throw problem("VM_NOT_FOUND", `VM "${vm.name}" was deleted meanwhile.`);
      return { success: true, error: "" };
    }),

    startVm: handlers.unary("StartVM", "changes", async ({ vm_id }) => {
      const { vm } = await carryOut("start", await requireVm({ hypervisor, store }, vm_id));
      return { status: vm?.status ?? "running", error: "" };
    }),

    stopVm: handlers.unary("StopVM", "changes", async ({ vm_id, force }) => {
      const { vm } = await carryOut("stop", await requireVm({ hypervisor, store }, vm_id), { force });
      return { status: vm?.status ?? "stopped", error: "" };
    }),

    getVmStatus: handlers.unary("GetVMStatus", "reads", async ({ vm_id }) => {
      const vm = await requireVm({ hypervisor, store }, vm_id);
      const usage = vm.status === "running" ? (await hypervisor.usage(vm.uid)).get(vm.uid) : undefined;
      return {
        vm_id: vm.uid,
        name: vm.name,
        status: vm.status,
        vcpu: vm.live.vcpu ?? 0,
        ram_gb: Math.round(vm.live.ram_gb ?? 0),
        disk_gb: Math.round(vm.live.disk_gb ?? 0),
        ip_address: vm.ipAddress,
        uptime_seconds: Math.floor(usage?.uptimeSeconds ?? 0),
        cpu_usage_percent: usage?.cpuPercent ?? 0,
        ram_usage_percent: usage?.ramPercent ?? 0,
      };
    }),

    listVMs: handlers.unary("ListVMs", "reads", async () => ({
      vms: (await listVms()).map((vm) => ({ vm_id: vm.uid, name: vm.name, status: vm.status, ip_address: vm.ipAddress })),
    })),
  };
}

/** The original's rules for CreateVM; every problem, not the first. */
export function findProblems(request: agentpb.CreateVMRequest, template: string, images: readonly string[]): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const add = (key: string, detail: string, code: Diagnostic["code"] = "VM_INVALID"): void =>
    void problems.push({ code, severity: "error", detail, path: [key] });
  if (request.name === "") add("name", `"name" is missing.`);
  else if (request.name.length < NAME_MIN_CHARS || !new RegExp(NAME_PATTERN).test(request.name))
    add("name", `"name" is ${JSON.stringify(request.name)}; it must have at least ${NAME_MIN_CHARS} characters and be ${NAME_DOC}.`);
  for (const [key, { min, max }] of Object.entries(LIMITS) as [keyof typeof LIMITS, { min: number; max: number }][]) {
    if (request[key] < min || request[key] > max) add(key, `"${key}" is ${request[key]}; it must be from ${min} to ${max}.`);
  }
  if (template === "") add("template", `"template" is empty, and this agent has no default_template in its agent.yaml.`);
  else if (!images.includes(template))
    add("template", `"template" is ${JSON.stringify(template)}; this host has ${images.join(", ")}.`, "IMAGE_UNKNOWN");
  return problems;
}

/** The VM with its address, or without one after a while: whoever wants to know asks again. */
async function waitForAddress(
  hypervisor: Hypervisor,
  made: ObservedVm,
  isLeft: () => boolean,
): Promise<Pick<ObservedVm, "ipAddress" | "status">> {
  let now: Pick<ObservedVm, "ipAddress" | "status"> = made;
  const endMs = performance.now() + ADDRESS_TIMEOUT_MS;
  while (now.ipAddress === "" && now.status === "running" && performance.now() < endMs && !isLeft()) {
    await sleep(ADDRESS_PAUSE_MS);
    now = (await hypervisor.find(made.uid)) ?? now;
  }
  return now;
}
