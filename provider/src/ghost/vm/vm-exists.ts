import { ownedByOther } from "@ghost/engine";
import type { Diagnostic, ObservedVm } from "@ghost/schemas";

/** A VM of that name is there and not in Terraform's state: nothing is taken over by mistake. */
export function vmExists(agent: string, vm: ObservedVm, owner: string): Diagnostic {
  const refusal: Diagnostic = {
    ...ownedByOther({ name: vm.name, agent, origins: {} }, vm),
    hint: `Take it into the state with an import block, or take it over with adopt = true; or choose another name.

${importBlock(agent, vm.name)}`,
    path: ["name"],
  };
  if (vm.owner !== owner) return refusal;
  return {
    ...refusal,
    code: "VM_EXISTS",
    detail: `${refusal.detail} Terraform's state does not have it under this address.`,
    hint: `${refusal.hint}

When the resource only got another address, a moved block keeps it: moved { from = OLD to = NEW }. A replacement cannot be made before the old one is gone: leave create_before_destroy out.`,
  };
}

/** What takes a VM into the state, and reads it. */
export function importBlock(agent: string, name: string): string {
  return `import {
  to = ghost_vm.NAME
  id = "${agent}/${name}"
}`;
}
