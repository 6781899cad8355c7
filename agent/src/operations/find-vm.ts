import type { ObservedVm } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Workshop } from "./context.ts";
import { observeVms } from "./observation.ts";
import { observeDomain, observeRecord } from "./observed-vm.ts";

/**
 * The VM that a person means by an id or a name; one of that id goes before one of that name. VM_NOT_FOUND. A VM on
 * record costs one question about it; only names of others are looked for among all machines of the host.
 */
export async function requireVm({ hypervisor, store }: Pick<Workshop, "hypervisor" | "store">, idOrName: string): Promise<ObservedVm> {
  if (idOrName === "") throw problem("VM_INVALID", `"vm_id" is missing.`);
  const record = store.vms.get(idOrName) ?? store.findVmByName(idOrName);
  if (record !== undefined && record.phase !== "creating") {
    const domain = await hypervisor.find(record.uid);
    return domain === undefined ? observeRecord(record) : observeDomain(domain, record);
  }
  // What is being made is no more than an intention yet.
  const vms = observeVms(await hypervisor.list(), store.vms).filter((vm) => vm.phase !== "creating");
  const vm =
    vms.find((each) => each.uid === idOrName) ??
    vms.find((each) => each.name === idOrName) ??
    vms.find((each) => each.live.name === idOrName);
  if (vm === undefined)
    throw problem("VM_NOT_FOUND", `The host has no VM with the id or name ${JSON.stringify(idOrName)}.`, {
      hint: "ghost vm list shows those that it has.",
    });
  return vm;
}
