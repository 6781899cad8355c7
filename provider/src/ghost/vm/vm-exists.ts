import { describeOwner } from "@ghost/engine";
import type { Diagnostic, ObservedVm } from "@ghost/schemas";

/** A VM of that name is there and not in Terraform's state: nothing is taken over by mistake. */
export function vmExists(agent: string, vm: ObservedVm, owner: string): Diagnostic {
  const since = vm.appliedAt ?? vm.createdAt;
  const when = since === undefined ? "" : ` since ${since.toISOString().slice(0, 10)}`;
  const isOwn = vm.owner === owner;
  return {
    code: isOwn ? "VM_EXISTS" : "OWNED_BY_OTHER",
    severity: "error",
    detail: `VM "${vm.name}" on agent "${agent}" ${describeOwner(vm.owner)}${when}; it is not changed.${isOwn ? " Terraform's state does not have it under this address." : ""}`,
    hint: `Take it into the state with an import block, or take it over with adopt = true; or choose another name.

import {
  to = ghost_vm.NAME
  id = "${agent}/${vm.name}"
}${isOwn ? "\n\nWhen the resource only got another address, a moved block keeps it: moved { from = OLD to = NEW }. A replacement cannot be made before the old one is gone: leave create_before_destroy out." : ""}`,
    path: ["name"],
    agent,
  };
}
