import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Attribute, VmConfig } from "@ghost/schemas";
import { compareImpact, IMPACTS, SAVED_DOMAIN, VM_CONFIG_ATTRIBUTES, vm } from "@ghost/schemas";
import { BUILTIN_DEFAULTS } from "./defaults.ts";
import type { ChangeFacts } from "./impact.ts";
import { findAttribute, IMPACT_RULES, impactOf } from "./impact.ts";
import { UNKNOWN } from "./unknown.ts";

const ATTRIBUTES: Readonly<Record<string, Attribute>> = vm.attributes;
const all = { vcpu_plug: true, vcpu_unplug: true, ram_balloon: true, disk_plug: true, disk_grow: true, network_plug: true, kvm: true };
const none = {
  vcpu_plug: false,
  vcpu_unplug: false,
  ram_balloon: false,
  disk_plug: false,
  disk_grow: false,
  network_plug: false,
  kvm: false,
};

/** Every place where a change can be found, a map's items as `*`. */
function places(name: string, attribute: Attribute): string[] {
  switch (attribute.kind) {
    case "object":
      return Object.entries(attribute.attributes).flatMap(([key, inner]) => places(`${name}.${key}`, inner));
    case "map":
      return [`${name}.*`, ...(attribute.of.kind === "object" ? places(`${name}.*`, attribute.of) : [])];
    default:
      return [name];
  }
}
const everyPlace = VM_CONFIG_ATTRIBUTES.flatMap((name) => places(name, ATTRIBUTES[name]!));

function facts(path: string, more: Partial<ChangeFacts>): ChangeFacts {
  return {
    path: path.split("."),
    op: "update",
    before: 2,
    after: 4,
    desired: { ...BUILTIN_DEFAULTS, vcpu_max: 8, ram_max_gb: 8, cloud_init_on_change: "recreate", image_on_change: "recreate" } as VmConfig,
    live: { ...BUILTIN_DEFAULTS, vcpu: 2, ram_gb: 2, vcpu_max: 8, ram_max_gb: 8 },
    status: "running",
    capabilities: all,
    guestAgent: false,
    foreignDisks: [],
    ...more,
  };
}

suite("the table of impacts", () => {
  test("has a rule for every attribute of the definition, and for nothing else", () =>
    assert.deepEqual(Object.keys(IMPACT_RULES).sort(), everyPlace.sort()));

  test("is never worse than the attribute's class, except where the spec chose recreate", () => {
    for (const place of everyPlace) {
      const { attribute } = findAttribute(place.split("."));
      if (place.startsWith("cloud_init") || place === "ssh_keys") continue;
      for (const op of ["add", "remove", "update"] as const) {
        for (const capabilities of [all, none]) {
          const { impact } = impactOf(facts(place, { op, before: 4, after: 2, capabilities }));
          const worst = place.startsWith("networks") ? "restart" : attribute.change;
          assert.ok(compareImpact(impact, worst) <= 0, `${place} ${op}: ${impact} is worse than ${worst}`);
        }
      }
    }
  });

  test("spares a machine that does not run, but not its disks", () => {
    for (const place of everyPlace) {
      for (const status of ["stopped", "error"] as const) {
        const running = impactOf(facts(place, {})).impact;
        const resting = impactOf(facts(place, { status })).impact;
        assert.equal(resting, compareImpact(running, "replace") < 0 ? "none" : running, place);
      }
    }
  });

  test("gives a value not known yet the attribute's worst, whole or in part", () => {
    for (const place of [...everyPlace, "disks", "networks", "cloud_init", "labels"]) {
      const { attribute } = findAttribute(place.split("."));
      const { impact } = impactOf(facts(place, { after: UNKNOWN }));
      assert.ok(compareImpact(impact, attribute.change) >= 0, place);
    }
    assert.equal(impactOf(facts("cloud_init", { after: UNKNOWN })).impact, "data-loss");
    assert.equal(impactOf(facts("networks", { after: UNKNOWN })).impact, "restart");
  });

  const cases: { name: string; path: string; more: Partial<ChangeFacts>; want: string }[] = [
    { name: "processors within headroom", path: "vcpu", more: {}, want: "live: 4 is within vcpu_max (8)" },
    { name: "processors above headroom", path: "vcpu", more: { after: 9 }, want: "restart: 9 is above the running machine's vcpu_max (8)" },
    {
      name: "processors without headroom",
      path: "vcpu",
      more: { desired: BUILTIN_DEFAULTS },
      want: "restart: without vcpu_max the number of processors is fixed when the machine starts",
    },
    {
      name: "processors that cannot be added",
      path: "vcpu",
      more: { capabilities: none },
      want: "restart: the host cannot add processors to a running machine",
    },
    { name: "fewer processors", path: "vcpu", more: { before: 4, after: 2 }, want: "live: 2 is within vcpu_max (8)" },
    {
      name: "fewer processors that cannot be taken",
      path: "vcpu",
      more: { before: 4, after: 2, capabilities: { ...all, vcpu_unplug: false } },
      want: "restart: the host cannot take processors from a running machine",
    },
    { name: "memory within headroom", path: "ram_gb", more: { after: 8 }, want: "live: 8 GiB is within ram_max_gb (8 GiB)" },
    {
      name: "memory above headroom",
      path: "ram_gb",
      more: { after: 16 },
      want: "restart: 16 GiB is above the running machine's ram_max_gb (8 GiB)",
    },
    {
      name: "memory without a balloon",
      path: "ram_gb",
      more: { capabilities: none },
      want: "restart: the host cannot change the memory of a running machine",
    },
    {
      name: "a disk grows",
      path: "disk_gb",
      more: {},
      want: "guest: the disk grows from 2 to 4 GiB; the guest must grow its partition and file system",
    },
    {
      name: "a disk grows and the guest helps",
      path: "disks.data.size_gb",
      more: { guestAgent: true },
      want: "live: the disk grows from 2 to 4 GiB and the guest's agent is there to use it",
    },
    {
      name: "a disk shrinks",
      path: "disk_gb",
      more: { before: 4, after: 2 },
      want: "data-loss: a disk of 4 GiB does not shrink; it is made anew and empty",
    },
    { name: "a disk is added", path: "disks.data", more: { op: "add" }, want: "live: the host adds a disk to a running machine" },
    {
      name: "a disk is added where that needs a restart",
      path: "disks.data",
      more: { op: "add", capabilities: none },
      want: "restart: the host cannot add a disk to a running machine",
    },
    {
      name: "a disk is removed",
      path: "disks.data",
      more: { op: "remove", status: "stopped" },
      want: "data-loss: the disk and its content are deleted",
    },
    {
      name: "a disk that Ghost did not make is taken away",
      path: "disks.data",
      more: { op: "remove", foreignDisks: ["data"] },
      want: "guest: the disk is detached, and the guest must let go of it; its file stays: Ghost did not make it",
    },
    {
      name: "one of a stopped machine",
      path: "disks.data",
      more: { op: "remove", foreignDisks: ["data"], status: "stopped" },
      want: "none: the disk is detached; its file stays: Ghost did not make it",
    },
    {
      name: "one where that needs a restart",
      path: "disks.data",
      more: { op: "remove", foreignDisks: ["data"], capabilities: none },
      want: "restart: the host cannot detach a disk from a running machine; its file stays: Ghost did not make it",
    },
    {
      name: "another disk than that",
      path: "disks.data",
      more: { op: "remove", foreignDisks: ["root"] },
      want: "data-loss: the disk and its content are deleted",
    },
    ...(["disk_gb", "disks.root.size_gb"] as const).map((path) => ({
      name: `${path} of one shrinks`,
      path,
      more: { before: 4, after: 2, foreignDisks: ["root"] },
      want: "data-loss: a disk of 4 GiB does not shrink; it is made anew and empty; the file of the old one stays: Ghost did not make it",
    })),
    {
      name: "another image where Ghost did not make the root disk",
      path: "image",
      more: { foreignDisks: ["root"] },
      want: "data-loss: the root disk is made anew from the image; the file of the old one stays: Ghost did not make it",
    },
    { name: "a card is added", path: "networks.lan", more: { op: "add" }, want: "live: a card is added while the machine runs" },
    {
      name: "a card is replugged",
      path: "networks.lan.network",
      more: {},
      want: "live: the card is plugged into another network while the machine runs",
    },
    {
      name: "a card where that needs a restart",
      path: "networks.lan",
      more: { op: "remove", capabilities: none },
      want: "restart: the host cannot plug network cards of a running machine",
    },
    { name: "stopping", path: "power", more: { before: "running", after: "stopped" }, want: "stop: the guest is shut down and stays down" },
    {
      name: "stopping a paused machine",
      path: "power",
      more: { before: "paused", after: "stopped", status: "paused" },
      want: "stop: the guest is shut down and stays down",
    },
    {
      name: "resuming",
      path: "power",
      more: { before: "paused", after: "running", status: "paused" },
      want: "live: the machine is resumed",
    },
    {
      name: "starting a machine that its host has paused",
      path: "power",
      more: { before: "paused", after: "running", status: "paused", statusReason: "I/O error" },
      want: "live: the machine is resumed (paused: I/O error)",
    },
    {
      name: "starting",
      path: "power",
      more: { before: "stopped", after: "running", status: "stopped" },
      want: "none: the machine is started",
    },
    {
      name: "starting what was saved",
      path: "power",
      more: { before: "stopped", after: "running", status: "stopped", statusReason: SAVED_DOMAIN },
      want: "none: the machine goes on from where it was saved",
    },
    {
      name: "firmware of a stopped machine",
      path: "firmware",
      more: { status: "stopped" },
      want: "replace: firmware is chosen when the machine is made; its disks are kept",
    },
    {
      name: "cloud-init at the next boot",
      path: "ssh_keys",
      more: { desired: { cloud_init_on_change: "next-boot" } },
      want: "next-boot: cloud-init runs again at the next boot (cloud_init_on_change: next-boot)",
    },
  ];
  for (const { name, path, more, want } of cases) {
    test(name, () => {
      const { impact, reason } = impactOf(facts(path, more));
      assert.equal(`${impact}: ${reason}`, want);
    });
  }

  test("every impact can be reached", () => assert.equal(new Set(cases.map(({ want }) => want.split(":")[0])).size, IMPACTS.length));
});
