import type { ObservedVm } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Workshop } from "./context.ts";
import { observeWithout } from "./observation.ts";
import { observeDomain } from "./observed-vm.ts";

/** The VM that a person means by an id or a name; one of that id goes before one of that name. VM_NOT_FOUND. */
export async function requireVm({ hypervisor, store }: Pick<Workshop, "hypervisor" | "store">, idOrName: string): Promise<ObservedVm> {
  if (idOrName === "") throw problem("VM_INVALID", `"vm_id" is missing.`);
  const record = store.vms.get(idOrName) ?? store.findVmByName(idOrName);
  if (record !== undefined && record.phase !== "creating") {
    const domain = await hypervisor.find(record.uid);
    return domain === undefined ? await observeWithout(hypervisor, record) : observeDomain(domain, record);
  }
  // Nobody's, or one that somebody has renamed.
  const domain = (await hypervisor.find(idOrName)) ?? (await hypervisor.findByName(idOrName));
  const known = domain && store.vms.get(domain.uid);
  // What is being made is no more than an intention yet.
  if (domain === undefined || known?.phase === "creating")
    throw problem("VM_NOT_FOUND", `The host has no VM with the id or name ${JSON.stringify(idOrName)}.`, {
      hint: "ghost vm list shows those that it has.",
    });
  return observeDomain(domain, known);
}
