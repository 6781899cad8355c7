import type { DesiredVm } from "../desired.ts";
import type { Draft } from "./steps.ts";

/**
 * Adds what each step waits for: the settings of its agent, then the VMs it depends on; deletes the other way round,
 * so that what needs a VM is gone before it. That deletes wait for everything else is the executor's rule, not an edge
 * to every step.
 */
export function orderSteps(drafts: readonly Draft[], vms: readonly DesiredVm[]): Draft[] {
  if (drafts.length === 0) return [];
  const settings = new Map<string, string>();
  const builds = new Map<string, string>();
  const deletes = new Map<string, string>();
  for (const { step, host, vm } of drafts) {
    const { action, kind, name } = step.body;
    if (kind === "agent") settings.set(host.agentId, step.id);
    else if (action === "delete") deletes.set(name, step.id);
    else if (action !== "release" && vm !== undefined) builds.set(vm.name, step.id);
  }
  const members = namesByKey(vms);
  const dependents = deletes.size === 0 ? new Map<string, string[]>() : reverse(vms, members);

  const waitsFor = ({ step, host, vm }: Draft): readonly string[] => {
    const { action, kind, name } = step.body;
    if (kind === "agent") return [];
    if (action === "delete") return (dependents.get(name) ?? []).flatMap((dependent) => deletes.get(dependent) ?? []);
    const before =
      vm === undefined ? [] : vm.dependsOn.flatMap((key) => (members.get(key) ?? []).flatMap((dependency) => builds.get(dependency) ?? []));
    return [...(settings.has(host.agentId) ? [settings.get(host.agentId)!] : []), ...before];
  };
  return drafts
    .map((draft) => {
      const edges = new Set([...draft.step.depends_on, ...waitsFor(draft)]);
      edges.delete(draft.step.id);
      return { ...draft, step: { ...draft.step, depends_on: [...edges].sort() } };
    })
    .sort((a, b) => rank(a) - rank(b) || (a.step.id < b.step.id ? -1 : 1));
}

/** Names of all VMs of each block. */
export function namesByKey(vms: readonly DesiredVm[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { key, name } of vms) {
    const known = names.get(key);
    if (known === undefined) names.set(key, [name]);
    else known.push(name);
  }
  return names;
}

/** Names of the VMs that depend on each VM. */
function reverse(vms: readonly DesiredVm[], members: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  for (const vm of vms) {
    for (const name of vm.dependsOn.flatMap((key) => members.get(key) ?? [])) {
      const known = dependents.get(name);
      if (known === undefined) dependents.set(name, [vm.name]);
      else known.push(vm.name);
    }
  }
  return dependents;
}

/** Settings first, deletes last: the order a person reads them in. */
function rank({ step }: Draft): number {
  return step.body.kind === "agent" ? 0 : step.body.action === "delete" ? 2 : 1;
}
