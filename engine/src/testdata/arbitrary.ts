/** Random specs, and what people do behind Ghost's back. */
import type { ObservedVm, VmConfig } from "@ghost/schemas";
import fc from "fast-check";
import type { Desired, DesiredVm } from "../desired.ts";
import { anAgent, aSpec, aVm } from "./fixtures.ts";

export const AGENTS = ["desk", "loft", "rack"] as const;

const label = fc.constantFrom("a", "b", "c");

/** What a person may set, none of it forbidding anything to the plan. */
export const config: fc.Arbitrary<VmConfig> = fc
  .record(
    {
      template: fc.constantFrom("small", "large"),
      image: fc.constantFrom("debian-12", "debian-13"),
      image_on_change: fc.constantFrom("ignore", "recreate"),
      vcpu: fc.integer({ min: 1, max: 4 }),
      vcpu_max: fc.integer({ min: 4, max: 6 }),
      ram_gb: fc.integer({ min: 1, max: 4 }),
      ram_max_gb: fc.integer({ min: 4, max: 6 }),
      disk_gb: fc.integer({ min: 5, max: 12 }),
      disks: fc.dictionary(label, fc.record({ size_gb: fc.integer({ min: 1, max: 3 }) }, { noNullPrototype: true }), { maxKeys: 3, noNullPrototype: true }),
      networks: fc.dictionary(label, fc.oneof(fc.constant({}), fc.constant({ network: "lan" }), fc.constant({ bridge: "br0" }), fc.constant({ mac: "52:54:00:12:34:56" })), { maxKeys: 2, noNullPrototype: true }),
      power: fc.constantFrom("running", "stopped", "unmanaged"),
      autostart: fc.boolean(),
      firmware: fc.constantFrom("bios", "uefi"),
      cloud_init: fc.record({ packages: fc.array(label, { maxLength: 2 }), password: fc.record({ version: fc.integer({ min: 1, max: 2 }) }, { noNullPrototype: true }) }, { requiredKeys: [], noNullPrototype: true }),
      cloud_init_on_change: fc.constantFrom("ignore", "next-boot", "recreate"),
      ssh_keys: fc.array(label, { maxLength: 2 }),
      labels: fc.dictionary(label, label, { maxKeys: 2, noNullPrototype: true }),
      wait_for: fc.constantFrom("none", "ip"),
      on_remove: fc.constantFrom("delete", "delete", "delete", "retain"),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((value) => value as VmConfig);

/** Always on the same agent, so that a VM changes but never moves. */
function agentFor(name: string): (typeof AGENTS)[number] {
  return AGENTS[name.charCodeAt(name.length - 1) % AGENTS.length]!;
}

const NAMES = Array.from({ length: 8 }, (_, index) => `vm${index}`);

/** A spec of some of eight VMs, each depending on some before it. */
export const spec: fc.Arbitrary<Desired> = fc
  .tuple(...NAMES.map((name, index) => fc.option(fc.record({ config, dependsOn: fc.subarray(NAMES.slice(0, index), { maxLength: Math.min(2, index) }) }).map((vm) => ({ name, ...vm })), { freq: 3 })))
  .map((found) => {
    const vms = found.filter((vm) => vm !== null);
    const names = new Set(vms.map(({ name }) => name));
    return aSpec(
      vms.map((vm): DesiredVm => 
        aVm(vm.name, vm.config, {
          agent: agentFor(vm.name),
          dependsOn: vm.dependsOn.filter((name) => names.has(name)),
          secrets: vm.config.cloud_init?.password === undefined ? {} : { "cloud_init.password": "env:PW" },
        }),
      ),
      AGENTS.map((name) => anAgent(name)),
    );
  });

/** Something that happened to a VM behind the agent. */
export const drift: fc.Arbitrary<{ readonly target: number; readonly change: (vm: ObservedVm) => ObservedVm }> = fc
  .record({
    target: fc.nat(),
    what: fc.oneof(
      fc.record({ live: fc.oneof(fc.record({ vcpu: fc.integer({ min: 5, max: 9 }) }), fc.record({ ram_gb: fc.integer({ min: 5, max: 9 }) }), fc.record({ labels: fc.constant({ z: "1" }) }), fc.record({ disks: fc.constant({ z: { size_gb: 1 } }) })) }),
      fc.record({ pending: fc.record({ vcpu: fc.integer({ min: 5, max: 9 }) }) }),
      fc.record({ status: fc.constantFrom("running", "stopped", "paused", "error") }),
      fc.record({ isAwaited: fc.constant(true) }),
    ),
  })
  .map(({ target, what }) => ({
    target,
    change: (vm) => ({
      ...vm,
      ...("status" in what && { status: what.status as ObservedVm["status"] }),
      ...("pending" in what && { pending: what.pending }),
      ...("isAwaited" in what && { isAwaited: what.isAwaited }),
      ...("live" in what && { live: { ...vm.live, ...what.live } }),
    }),
  }));

/** The same value with the keys of every object the other way round. */
export function turnKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(turnKeys) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, turnKeys(one)]),
  ) as T;
}
