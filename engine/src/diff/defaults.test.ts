import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { VmConfig } from "@ghost/schemas";
import { adoptedDefaults, BUILTIN_DEFAULTS, completeConfig, withDefaults } from "./defaults.ts";
import { UNKNOWN } from "./unknown.ts";

suite("defaults", () => {
  test("come from the definition", () => {
    assert.deepEqual(BUILTIN_DEFAULTS, {
      image_on_change: "ignore",
      vcpu: 1,
      ram_gb: 1,
      disk_gb: 10,
      networks: { default: { network: "default" } },
      power: "running",
      autostart: true,
      firmware: "bios",
      machine: "q35",
      accel: "auto",
      cloud_init_on_change: "ignore",
      protect: false,
      disruption: { allow: "data-loss" },
      wait_for: "none",
      wait_timeout_s: 300,
      stop_timeout_s: 60,
      on_remove: "delete",
    });
  });

  const defaults: VmConfig = { vcpu: 2, disruption: { allow: "live" }, networks: { default: { network: "default" } } };
  const cases: { name: string; config: VmConfig; want: VmConfig }[] = [
    { name: "what is set stays", config: { vcpu: 4 }, want: { ...defaults, vcpu: 4 } },
    { name: "an object is filled by key", config: { disruption: {} }, want: defaults },
    {
      name: "own cards replace the default one, each filled",
      config: { networks: { lan: {}, wan: { network: "out" } } },
      want: { ...defaults, networks: { lan: { network: "default" }, wan: { network: "out" } } },
    },
    {
      name: "a card on a bridge gets no network",
      config: { networks: { lan: { bridge: "br0" } } },
      want: { ...defaults, networks: { lan: { bridge: "br0" } } },
    },
    {
      name: "empty maps and lists are unset",
      config: { networks: {}, disks: {}, ssh_keys: [], cloud_init: { packages: [] } },
      want: defaults,
    },
    { name: "false and zero are set", config: { protect: false, vcpu: 0 }, want: { ...defaults, protect: false, vcpu: 0 } },
    { name: "what is not known yet stays so", config: { networks: UNKNOWN as never }, want: { ...defaults, networks: UNKNOWN as never } },
  ];
  for (const { name, config, want } of cases) test(name, () => assert.deepEqual(withDefaults(config, defaults), want));

  test("recorded defaults hold, and a later built-in one is no change", () => {
    const live: VmConfig = { name: "web", vcpu: 2, accel: "tcg" };
    const full = completeConfig({ name: "web" }, { live, defaults: { vcpu: 2, ram_gb: 3 } });
    assert.deepEqual(full, { name: "web", vcpu: 2, ram_gb: 3, accel: "tcg" });
    assert.equal(completeConfig({ name: "web" }).accel, "auto");
  });

  test("filling twice is filling once", () => {
    const full = withDefaults({ name: "web", networks: { lan: {} } }, BUILTIN_DEFAULTS);
    assert.deepEqual(withDefaults(full, BUILTIN_DEFAULTS), full);
  });

  test("an adopted VM without a card and without a root disk gets none", () => {
    const live: VmConfig = { name: "old", vcpu: 1, ram_gb: 1 };
    const full = completeConfig({ name: "old" }, { live, defaults: {} });
    assert.deepEqual([full.networks, full.disk_gb], [undefined, undefined]);
    const set = completeConfig({ name: "old", disk_gb: 5, networks: { lan: {} } }, { live, defaults: {} });
    assert.deepEqual([set.networks, set.disk_gb], [{ lan: { network: "default" } }, 5]);
  });

  test("an adopted VM keeps its hardware, not its disks or its labels", () => {
    const live: VmConfig = {
      name: "old",
      vcpu: 6,
      firmware: "bios",
      networks: { nic0: { bridge: "br0" } },
      disks: { data: { size_gb: 5 } },
      labels: { a: "b" },
      power: "stopped",
    };
    const { disk_gb: _, ...others } = BUILTIN_DEFAULTS;
    assert.deepEqual(adoptedDefaults(live), { ...others, vcpu: 6, firmware: "bios", networks: { nic0: { bridge: "br0" } } });
  });
});
