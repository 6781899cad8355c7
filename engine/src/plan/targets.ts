import type { Diagnostic } from "@ghost/schemas";
import type { Desired } from "../desired.ts";
import { namesByKey } from "./order.ts";
import type { Matches } from "./match.ts";

/** Which VMs a plan is about; all when neither list has an entry. */
export interface Targets {
  /** Names of VMs, or keys of blocks for all their replicas; what they depend on comes with them. */
  readonly targets?: readonly string[];
  readonly exclude?: readonly string[];
}

export interface Selection {
  /** True when the plan is about this VM. */
  includes(name: string): boolean;
  /** True when the plan is about a part of the VMs only. */
  readonly isPartial: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves the names against the spec and what is left over on the agents. */
export function selectVms({ targets = [], exclude = [] }: Targets, desired: Desired, { leftovers }: Matches): Selection {
  if (targets.length === 0 && exclude.length === 0) return { includes: () => true, isPartial: false, diagnostics: [] };
  const byName = new Map<string, readonly string[]>(leftovers.map(({ existing }) => [existing.name, [existing.name]]));
  for (const [key, names] of namesByKey(desired.vms)) byName.set(key, [...(byName.get(key) ?? []), ...names]);
  for (const vm of desired.vms) byName.set(vm.name, byName.get(vm.name) ?? [vm.name]);
  const wanted = new Set(targets.flatMap((name) => byName.get(name) ?? []));
  const specVms = new Map(desired.vms.map((vm) => [vm.name, vm]));
  for (const name of wanted)
    for (const key of specVms.get(name)?.dependsOn ?? []) for (const dependency of byName.get(key) ?? []) wanted.add(dependency);
  const unwanted = new Set(exclude.flatMap((name) => byName.get(name) ?? []));
  return {
    includes: (name) => (targets.length === 0 || wanted.has(name)) && !unwanted.has(name),
    isPartial: true,
    diagnostics: [...targets, ...exclude].filter((name) => !byName.has(name)).map(noSuchVm),
  };
}

function noSuchVm(name: string): Diagnostic {
  return {
    code: "USAGE",
    severity: "error",
    detail: `--target or --exclude names "${name}", which is neither a VM of the spec nor one that left it.`,
    hint: "Give the name of a VM, or the key of a block for all its replicas; `ghost status` lists them.",
  };
}
