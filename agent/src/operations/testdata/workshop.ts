import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { BUILTIN_DEFAULTS, withDefaults } from "@ghost/engine";
import type { AgentTemplateConfig, ObservedTemplate, ObservedVm, Operation, VmConfig } from "@ghost/schemas";
import { openSimulatedHypervisor } from "../../hypervisor/simulated/driver.ts";
import type { SimulatedHypervisor } from "../../hypervisor/simulated/driver.ts";
import { openStore } from "../../store/store.ts";
import type { Store } from "../../store/store.ts";
import type { Intent, PlanPromise } from "../intent.ts";
import { observeVms } from "../observation.ts";
import { Operations } from "../operations.ts";
import type { OperationsOptions } from "../operations.ts";

export const OWNER = "spec:shop";
export const PLAN = "sha256:plan-1";

/** An agent without its doors: store, simulated host and operations. */
export interface Bench {
  readonly hypervisor: SimulatedHypervisor;
  readonly store: Store;
  readonly operations: Operations;
  readonly bugs: unknown[];
  /** Every VM, by name. */
  vms(): Promise<ReadonlyMap<string, ObservedVm>>;
  vm(name: string): Promise<ObservedVm>;
  /** Carries it out and gives its end. */
  run(intent: Intent): Promise<Operation>;
  /** Makes a VM and expects that to work. */
  create(config: VmConfig, more?: Partial<Intent>): Promise<ObservedVm>;
}

export function openBench(t: TestContext, options: Partial<OperationsOptions> & { dir?: string } = {}): Bench {
  const hypervisor = openSimulatedHypervisor(options.dir === undefined ? {} : { dir: options.dir });
  const store = openStore(options.dir === undefined ? {} : { dir: options.dir });
  const bugs: unknown[] = [];
  const operations = new Operations({ hypervisor, store, reserved: { vcpu: 0, ram_gb: 0, disk_gb: 0 }, onBug: (reason) => bugs.push(reason), ...options });
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    await hypervisor[Symbol.asyncDispose]();
  });
  const bench: Bench = {
    hypervisor,
    store,
    operations,
    bugs,
    vms: async () => new Map((await observeVms(hypervisor, await hypervisor.list(), store.vms)).map((vm) => [vm.name, vm])),
    async vm(name) {
      const vm = (await bench.vms()).get(name);
      if (vm === undefined) throw new Error(`no VM ${name}`);
      return vm;
    },
    run: async (intent) => await (await operations.execute(intent)).ended,
    async create(config, more = {}) {
      const operation = await bench.run(createIntent(config, more));
      if (operation.state !== "succeeded" || operation.vm === undefined) throw new Error(operation.diagnostics.map((each) => each.detail).join("\n"));
      return operation.vm;
    },
  };
  return bench;
}

export function full(config: VmConfig): VmConfig {
  return withDefaults({ image: "debian-12", ...config }, BUILTIN_DEFAULTS);
}

export function createIntent(config: VmConfig, more: Partial<Intent> = {}): Intent {
  return intent("create", config.name ?? "", { uid: randomUUID(), vm: full(config), defaults: BUILTIN_DEFAULTS, promise: { revision: "", impact: "none", maxImpact: "data-loss" }, ...more });
}

/** A step on a VM as it is now, with the highest ceiling unless it says otherwise. */
export function changeIntent(action: Intent["action"], vm: ObservedVm, config: VmConfig = {}, { promise, ...more }: Partial<Omit<Intent, "promise">> & { promise?: Partial<PlanPromise> } = {}): Intent {
  const carries = action === "update" || action === "adopt";
  const desired: VmConfig = { ...vm.live, ...config };
  return intent(action, carries ? (desired.name ?? vm.name) : vm.name, {
    uid: vm.uid,
    planHash: "sha256:plan-2",
    ...(carries && { vm: full(desired) }),
    ...(carries && desired.name !== vm.name && { previousName: vm.name }),
    ...(action === "adopt" && { defaults: BUILTIN_DEFAULTS }),
    promise: { revision: vm.revision, impact: "data-loss", maxImpact: "data-loss", ...promise },
    ...more,
  });
}

/** A step on a template: on none yet, or on one as it is now. */
export function templateIntent(
  action: Intent["action"],
  config: AgentTemplateConfig,
  existing?: ObservedTemplate,
  { promise, ...more }: Partial<Omit<Intent, "promise">> & { promise?: Partial<PlanPromise> } = {},
): Intent {
  const carries = action !== "delete" && action !== "release";
  const name = config.name ?? existing?.name ?? "";
  return intent(action, name, {
    kind: "template",
    stepId: `desk/template/${name}`,
    owner: "terraform:shop",
    uid: existing?.uid ?? randomUUID(),
    ...(carries && { template: { ...config, name } }),
    ...(existing !== undefined && existing.name !== name && { previousName: existing.name }),
    promise: { revision: existing?.revision ?? "", impact: "none", maxImpact: "none", ...promise },
    ...more,
  });
}

function intent(action: Intent["action"], name: string, more: Partial<Intent>): Intent {
  const operationId = more.operationId ?? randomUUID();
  return { operationId, stepId: `desk/vm/${name}`, stepHash: `sha256:${operationId}`, kind: "vm", action, name, uid: "", owner: OWNER, planHash: PLAN, gitCommit: "", secrets: {}, ...more };
}
