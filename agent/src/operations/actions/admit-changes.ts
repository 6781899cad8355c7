import { subtractResources, vmDemand } from "@ghost/engine";
import type { Change, ObservedVm, VmConfig } from "@ghost/schemas";
import { worstImpact } from "@ghost/schemas";
import { requireFreeName } from "../context.ts";
import type { Attempt } from "../context.ts";
import { refuseImpact, refuseProtected } from "../guard.ts";

/** Refuses changes that the VM, the plan or the host has no room for. */
export async function admitChanges(attempt: Attempt, vm: ObservedVm, config: VmConfig, changes: readonly Change[]): Promise<void> {
  const { intent, admission } = attempt;
  refuseProtected(intent, vm, worstImpact(changes.map((change) => change.impact)));
  refuseImpact(intent, vm, changes);
  if (config.name !== undefined && config.name !== vm.name) await requireFreeName(attempt, config.name, vm.uid);
  const demand = vmDemand(config);
  const growth = subtractResources(demand, vmDemand(vm.live));
  if (growth.vcpu > 0 || growth.ram_gb > 0 || growth.disk_gb > 0) await admission.admit(vm.uid, intent.name, demand);
}
