/* A VM is one resource's: what is said where two of them have it. */
import type { Diagnostic, ObservedVm } from "@ghost/schemas";

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
