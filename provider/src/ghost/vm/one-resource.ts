/* A VM is one resource's: what is said where two of them have it. */
import type { Diagnostic, ObservedVm } from "@ghost/schemas";
import type { Walk } from "../fleet/session.ts";

/** Another resource of the configuration goes on with it. */
export function ofAnotherResource(agent: string, { name }: ObservedVm): Diagnostic {
  return {
    code: "VM_EXISTS",
    severity: "error",
    detail: `VM "${name}" on agent "${agent}" is that of another resource of this configuration already.`,
    hint: "Give one of the two another name. When the resource only got another address, remove the old one and say so with a block: moved { from = OLD to = NEW }.",
    path: ["name"],
    agent,
  };
}

/**
 * Why nothing is done to a VM that the state has under two addresses; undefined for any other. Of what left the
 * configuration Terraform plans the deletion before it reads anything, and may come to the two in any order: whichever
 * is planned last knows.
 */
export function underTwoAddresses(
  walk: Walk,
  agent: string,
  { uid, name }: ObservedVm,
  action: "delete" | "change" | "nothing",
): Diagnostic | undefined {
  const touched = action !== "nothing" || walk.changed.has(uid);
  const isTwice = action === "delete" ? walk.planned.has(uid) : walk.deleted.has(uid) || (touched && walk.readTwice.has(uid));
  if (action === "change") walk.changed.add(uid);
  if (!isTwice) return undefined;
  return {
    code: "VM_EXISTS",
    severity: "error",
    detail: `VM "${name}" on agent "${agent}" is in Terraform's state under two addresses, and what is done under one of them would be done to the other's VM.`,
    hint: "Take one of the two out of the state with `terraform state rm ADDRESS`; the VM is left alone by that.",
    path: ["name"],
    agent,
  };
}
