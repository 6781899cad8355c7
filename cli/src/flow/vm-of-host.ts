import type { HostClient } from "@ghost/proto/client";
import type { Observation, ObservedVm } from "@ghost/schemas";

/** The VM with that id or name, and the host as it was seen with it; undefined when the host has none. */
export async function findVm(
  host: HostClient,
  idOrName: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly vm: ObservedVm; readonly host: Observation } | undefined> {
  const seen = await host.snapshot("", options);
  const vm = seen.vms.find(({ uid }) => uid === idOrName) ?? seen.vms.find(({ name, live }) => name === idOrName || live.name === idOrName);
  return vm && { vm, host: seen };
}
