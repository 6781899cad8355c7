import type { ObservedVm, VmConfig } from "@ghost/schemas";
import { VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { BUILTIN_DEFAULTS } from "./defaults.ts";
import { isPowerAsDesired } from "./diff-vm.ts";
import { isEmpty, sameValue } from "./same.ts";

/**
 * True when a VM is as its spec says, to the letter: no change, nothing ignored. False may still turn out to be no
 * change. Most VMs of most plans are settled, so this builds nothing and asks only for sameness.
 */
export function isSettled(config: VmConfig, existing: ObservedVm): boolean {
  const { live, defaults, status, pending } = existing;
  if (!isEmpty(pending)) return false;
  for (const name of VM_CONFIG_ATTRIBUTES) {
    const set = config[name];
    const wanted = set === undefined ? defaults[name] : set;
    if (name === "power") {
      if (!isPowerAsDesired((wanted ?? "unmanaged") as NonNullable<VmConfig["power"]>, status)) return false;
    } else if (wanted === undefined) {
      if (live[name] !== undefined && !(name in BUILTIN_DEFAULTS)) return false;
    } else if (!sameValue(wanted, live[name])) return false;
  }
  return true;
}
