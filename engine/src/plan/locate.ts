import type { SourceLocation } from "@ghost/schemas";
import type { DesiredVm } from "../desired.ts";

/** Where a person wrote an attribute of a VM: the attribute itself, else what holds it, else the VM's block. */
function locate(vm: Pick<DesiredVm, "origins">, path: readonly string[] = []): SourceLocation | undefined {
  for (let length = path.length; length >= 0; length--) {
    const origin = vm.origins[path.slice(0, length).join(".")];
    if (origin !== undefined) return origin.at;
  }
  return undefined;
}

/** `{ at }` where it is known: for spreading into a diagnostic. */
export function at(vm: Pick<DesiredVm, "origins"> | undefined, path?: readonly string[]): { readonly at?: SourceLocation } {
  const location = vm && locate(vm, path);
  return location === undefined ? {} : { at: location };
}
