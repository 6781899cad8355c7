/** `agent/name` words of a command line, found among the VMs of a stack. */
import type { Desired } from "@ghost/engine";
import type { ObservedVm } from "@ghost/schemas";
import { problem } from "@ghost/schemas";
import type { Surveyed } from "./plan.ts";

export interface ObjectName {
  /** Absent in a bare name. */
  readonly agent?: string;
  readonly name: string;
}

export function parseObjectName(word: string): ObjectName {
  const at = word.indexOf("/");
  return at < 0 ? { name: word } : { agent: word.slice(0, at), name: word.slice(at + 1) };
}

/** Keeps the VMs of the spec that are named. Throws VM_NOT_FOUND for a name that no block has. */
export function narrowToVms(desired: Desired, words: readonly string[], hint: string): Desired {
  const wanted = words.map((word) => {
    const { agent, name } = parseObjectName(word);
    const vm = desired.vms.find((candidate) => candidate.name === name && (agent === undefined || candidate.agent === agent));
    if (vm === undefined)
      throw problem("VM_NOT_FOUND", `The spec has no VM "${name}"${agent === undefined ? "" : ` on agent "${agent}"`}.`, { hint });
    return vm.name;
  });
  // A spec's VM finds out its origins when it is asked: a copy does not have them by itself.
  const narrowed = desired.vms.filter(({ name }) => wanted.includes(name)).map((vm) => ({ ...vm, origins: vm.origins, dependsOn: [] }));
  return { ...desired, vms: narrowed };
}

export interface FoundVm {
  readonly agent: string;
  readonly vm: ObservedVm;
}

/** Finds live VMs by name. Throws VM_NOT_FOUND, also for a name that several agents have. */
export function findLiveVms({ observations }: Surveyed, words: readonly string[]): FoundVm[] {
  return words.map((word) => {
    const { agent, name } = parseObjectName(word);
    const found = observations.flatMap(({ agent: home, observation }) =>
      (observation?.vms ?? [])
        .filter((vm) => vm.name === name && (agent === undefined || home.name === agent))
        .map((vm) => ({ agent: home.name, vm })),
    );
    const [first, second] = found;
    if (first === undefined) throw problem("VM_NOT_FOUND", `No agent that answers has a VM "${word}".`, { hint: "See ghost status." });
    if (second !== undefined)
      throw problem("VM_NOT_FOUND", `Several agents have a VM "${name}".`, {
        hint: `Say which: ${found.map((each) => `${each.agent}/${name}`).join(" or ")}.`,
      });
    return first;
  });
}
