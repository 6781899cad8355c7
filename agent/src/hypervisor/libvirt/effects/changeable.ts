import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";
import type { DomainChange } from "../../driver.ts";
import { ROOT_DISK } from "../domain-xml/devices.ts";
import type { Reading } from "../parts.ts";

/** What no hypervisor changes under a running guest, and what it is called by people. */
const COLD = {
  vcpuMax: "the most processors it can have",
  ramMaxGb: "the most memory it can have",
  firmware: "its firmware",
  machine: "its machine type",
  accel: "how it is accelerated",
} as const;

/** HOST_ERROR when the domain, as it is now, cannot take a part of the change. `isHot`: the running machine is to change too. */
export function requireChangeable(reading: Reading, change: DomainChange, isHot: boolean): void {
  const { live, stored, status } = reading.domain;
  const { name } = stored;
  if (!reading.isPersistent)
    throw problem("HOST_ERROR", `VM "${name}" is kept by libvirt only as long as it runs, and has no definition to change.`, {
      hint: `Give it one: \`virsh dumpxml ${name} > ${name}.xml && virsh define ${name}.xml\`.`,
    });
  if (change.name !== undefined && change.name !== name && reading.isActive)
    throw problem("HOST_ERROR", `VM "${name}" is ${status}; a machine is renamed only while it is stopped.`);
  const next = { ...stored, ...given(change) };
  if (next.vcpu > next.vcpuMax)
    throw problem("HOST_ERROR", `VM "${name}" cannot have ${next.vcpu} processors: its maximum is ${next.vcpuMax}.`);
  if (next.ramGb > next.ramMaxGb)
    throw problem("HOST_ERROR", `VM "${name}" cannot have ${next.ramGb} GiB of memory: its maximum is ${next.ramMaxGb} GiB.`);
  if (!isHot) return;
  for (const part of Object.keys(COLD) as (keyof typeof COLD)[])
    if (change[part] !== undefined && change[part] !== live[part])
      throw runs(name, status, `${COLD[part]} cannot change before it is stopped`);
  if (change.vcpu !== undefined && change.vcpu > live.vcpuMax)
    throw runs(name, status, `it can have ${live.vcpuMax} processors at most; ${change.vcpu} need a restart`);
  // Libvirt cannot take those that it started with, and an emulated machine that loses one crashes.
  if (change.vcpu !== undefined && change.vcpu < live.vcpu)
    throw runs(name, status, `it has ${live.vcpu} processors; ${change.vcpu} need a restart`);
  if (change.ramGb !== undefined && change.ramGb > live.ramMaxGb)
    throw runs(name, status, `it can have ${live.ramMaxGb} GiB of memory at most; ${change.ramGb} GiB need a restart`);
  if (change.removeDisks?.includes(ROOT_DISK) === true) throw runs(name, status, "its root disk cannot be taken away");
  if (status === "paused" && needsGuest(reading, change))
    throw problem("HOST_ERROR", `VM "${name}" is paused, and its guest cannot let go of anything.`, { hint: "Resume it first." });
}

function runs(name: string, status: string, why: string): GhostError {
  return problem("HOST_ERROR", `VM "${name}" is ${status}; ${why}.`);
}

function needsGuest({ live }: Reading, { removeDisks = [], removeNics = [] }: DomainChange): boolean {
  const { disks, nics } = live.config;
  return removeDisks.some((name) => Object.hasOwn(disks, name)) || removeNics.some((name) => Object.hasOwn(nics, name));
}

function given({
  vcpu,
  vcpuMax,
  ramGb,
  ramMaxGb,
}: DomainChange): Partial<{ vcpu: number; vcpuMax: number; ramGb: number; ramMaxGb: number }> {
  return {
    ...(vcpu !== undefined && { vcpu }),
    ...(vcpuMax !== undefined && { vcpuMax }),
    ...(ramGb !== undefined && { ramGb }),
    ...(ramMaxGb !== undefined && { ramMaxGb }),
  };
}
