import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BUILTIN_DEFAULTS, diffVm, withDefaults } from "@ghost/engine";
import { MISSING_DOMAIN } from "@ghost/schemas";
import type { VmConfig } from "@ghost/schemas";
import type { Domain, DomainConfig } from "../hypervisor/driver.ts";
import { macOf } from "../hypervisor/identity.ts";
import { vmRecord } from "../store/testdata/samples.ts";
import type { VmRecord } from "../store/records.ts";
import { metadataOf, recordFromMetadata } from "./metadata.ts";
import { demandOf, observeVms, reservedResources } from "./observation.ts";
import { observeDomain, observeRecord } from "./observed-vm.ts";

const UID = "uid-web";

function domain(config: Partial<DomainConfig> = {}, more: Partial<Domain> = {}): Domain {
  const live: DomainConfig = {
    name: "web",
    vcpu: 2,
    vcpuMax: 2,
    ramGb: 4,
    ramMaxGb: 4,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    autostart: true,
    disks: { root: { id: "d0", sizeGb: 20 } },
    nics: { default: { mac: macOf(UID, "default"), network: "default" } },
    ...config,
  };
  return {
    uid: UID,
    status: "running",
    statusReason: "booted",
    live,
    stored: live,
    metadata: "",
    ipAddress: "192.168.122.2",
    guestAgent: true,
    bootFinished: true,
    startedAt: new Date(5000),
    ...more,
  };
}

function record(config: VmConfig = {}, more: Partial<VmRecord> = {}): VmRecord {
  const whole = withDefaults({ name: "web", vcpu: 2, ram_gb: 4, disk_gb: 20, ...config }, BUILTIN_DEFAULTS);
  return vmRecord("web", { config: whole, applied: whole, defaults: BUILTIN_DEFAULTS, ...more });
}

suite("a VM as plans see it", () => {
  test("says which disks are somebody else's, now and at the next boot", () => {
    const root = { id: "d0", sizeGb: 20 };
    const [ours, theirs] = [
      { id: "d1", sizeGb: 1 },
      { id: "d2", sizeGb: 1, isForeign: true },
    ] as const;
    const { live } = domain({ disks: { root, both: theirs, live: theirs, swapped: theirs } });
    const stored = { ...live, disks: { root, both: theirs, stored: theirs, swapped: ours } };
    assert.deepEqual(observeDomain(domain({}, { live, stored }), undefined).foreignDisks, ["both", "live", "stored"]);
    assert.ok(!("foreignDisks" in observeDomain(domain(), undefined)));
  });

  test("is as desired after it was made as desired", () => {
    const made = record({ labels: { a: "b" }, cloud_init: { packages: ["nginx"] } });
    const vm = observeDomain(domain(), made);
    assert.deepEqual(vm.live, made.config);
    assert.deepEqual(
      diffVm({
        desired: made.config,
        live: vm.live,
        applied: vm.applied,
        pending: vm.pending,
        status: vm.status,
        capabilities: {
          vcpu_plug: true,
          vcpu_unplug: true,
          ram_balloon: true,
          disk_plug: true,
          disk_grow: true,
          network_plug: true,
          kvm: true,
        },
        guestAgent: true,
      }),
      [],
    );
  });

  const cases: { name: string; domain: Domain; record?: VmRecord; want: Partial<VmConfig>; absent?: (keyof VmConfig)[] }[] = [
    {
      name: "what the hypervisor tells wins over the record",
      domain: domain({ vcpu: 4, vcpuMax: 4 }),
      record: record({ labels: { a: "b" } }),
      want: { vcpu: 4, labels: { a: "b" } },
      absent: ["vcpu_max"],
    },
    {
      name: "headroom is told where there is some",
      domain: domain({ vcpuMax: 8 }),
      record: record(),
      want: { vcpu_max: 8 },
      absent: ["ram_max_gb"],
    },
    {
      name: "headroom that was asked for is told where it is used up",
      domain: domain({ vcpu: 8, vcpuMax: 8 }),
      record: record({ vcpu_max: 8 }),
      want: { vcpu: 8, vcpu_max: 8 },
    },
    {
      name: "a MAC that was asked for",
      domain: domain({ nics: { lan: { mac: macOf(UID, "lan"), bridge: "br0" } } }),
      record: record({ networks: { lan: { bridge: "br0", mac: macOf(UID, "lan") } } }),
      want: { networks: { lan: { bridge: "br0", mac: macOf(UID, "lan") } } },
    },
    {
      name: "a MAC that nobody asked for",
      domain: domain({ nics: { default: { mac: "52:54:00:ff:ff:ff", network: "default" } } }),
      record: record(),
      want: { networks: { default: { network: "default", mac: "52:54:00:ff:ff:ff" } } },
    },
    {
      name: "a card and a disk that were taken away",
      domain: domain({ nics: {}, disks: {} }),
      record: record({ disks: { data: { size_gb: 1 } } }),
      want: {},
      absent: ["networks", "disks", "disk_gb"],
    },
    {
      name: "power that is left to people",
      domain: domain({}, { status: "stopped" }),
      record: record({ power: "unmanaged" }),
      want: { power: "unmanaged" },
    },
    {
      name: "a domain that nobody manages",
      domain: domain(),
      want: { name: "web", vcpu: 2, power: "running" },
      absent: ["labels", "image", "stop_timeout_s"],
    },
  ];
  for (const { name, domain: of, record: with_, want, absent } of cases) {
    test(name, () => {
      const { live } = observeDomain(of, with_);
      for (const [key, value] of Object.entries(want)) assert.deepEqual(live[key as keyof VmConfig], value, key);
      for (const key of absent ?? []) assert.ok(!(key in live), key);
    });
  }

  test("nobody's domain has no owner and nothing applied", () => {
    const vm = observeDomain(domain(), undefined);
    assert.deepEqual([vm.owner, vm.applied, vm.defaults, vm.createdAt], ["", {}, {}, undefined]);
  });

  test("what waits for the next boot is told", () => {
    const { live } = domain();
    const of = domain({}, { stored: { ...live, vcpu: 8, vcpuMax: 8, disks: { ...live.disks, data: { id: "d1", sizeGb: 5 } } } });
    assert.deepEqual(observeDomain(of, record()).pending, { vcpu: 8, disks: { data: { size_gb: 5 } } });
    assert.deepEqual(demandOf(of), { vcpu: 8, ram_gb: 4, disk_gb: 25 });
  });

  test("a seed that the guest has not read yet is told", () => {
    const with_ = record({ cloud_init: { packages: ["nginx"] } });
    assert.deepEqual(observeDomain(domain(), { ...with_, guestChangedAt: new Date(6000) }).pending, {
      cloud_init: { packages: ["nginx"] },
    });
    assert.deepEqual(observeDomain(domain(), { ...with_, guestChangedAt: new Date(4000) }).pending, {});
  });

  test("a record without a domain is missing, or on its way", () => {
    const vm = observeRecord(record());
    assert.deepEqual([vm.status, vm.statusReason, vm.phase], ["error", MISSING_DOMAIN, "ready"]);
    assert.deepEqual(
      [observeRecord(record({}, { phase: "creating" })).status, observeRecord(record({}, { phase: "deleting" })).phase],
      ["stopped", "deleting"],
    );
  });

  test("the revision follows what is bound and nothing else", () => {
    const { revision } = observeDomain(domain(), record());
    assert.equal(
      observeDomain(domain({}, { ipAddress: "10.0.0.1", startedAt: new Date() }), record({}, { planHash: "other" })).revision,
      revision,
    );
    assert.notEqual(observeDomain(domain({ ramGb: 8 }), record()).revision, revision);
    assert.notEqual(observeDomain(domain(), record({}, { owner: "agent" })).revision, revision);
  });

  test("an unchanged domain and record give the same object", () => {
    const [of, with_] = [domain(), record()];
    assert.equal(observeDomain(of, with_), observeDomain(of, with_));
    assert.notEqual(observeDomain(of, record()), observeDomain(of, with_));
  });
});

test("all of a host: domains, records without one, each once", async () => {
  const listDisks = async (): Promise<readonly string[]> => [];
  const records = new Map([record(), record({}, { uid: "gone", name: "gone" })].map((each) => [each.uid, each]));
  assert.deepEqual(
    (await observeVms({ listDisks }, [domain(), domain({ name: "legacy" }, { uid: "u2" })], records)).map((vm) => [
      vm.uid,
      vm.name,
      vm.status,
    ]),
    [
      [UID, "web", "running"],
      ["u2", "legacy", "running"],
      ["gone", "gone", "error"],
    ],
  );
});

test("the larger reserve holds", () => {
  assert.deepEqual(reservedResources({ vcpu: 2, ram_gb: 4, disk_gb: 50 }, { reserved_vcpu: 4, reserved_ram_gb: 1 }), {
    vcpu: 4,
    ram_gb: 4,
    disk_gb: 50,
  });
});

suite("the metadata of a domain", () => {
  test("is enough to rebuild its record", () => {
    const made = record({ labels: { a: "b" } }, { diskIds: { root: "d0" }, revision: "", applied: { name: "web" } });
    assert.deepEqual(recordFromMetadata(domain({}, { metadata: metadataOf(made) })), made);
  });

  test("counts for a domain without a record", () => {
    const made = record({ protect: true });
    const vm = observeDomain(domain({}, { metadata: metadataOf(made) }), undefined);
    assert.deepEqual([vm.owner, vm.live.protect], ["spec:shop", true]);
  });

  test("that was copied with its domain is nobody's", () => {
    const copy = domain({ name: "web-copy" }, { uid: "u2", metadata: metadataOf(record()) });
    assert.equal(recordFromMetadata(copy), undefined);
    assert.equal(observeDomain(copy, undefined).owner, "");
  });

  for (const text of ["", "<xml/>", "{", '{"ghost":2}', '{"ghost":1,"owner":7}']) {
    test(`that is not ours is nobody's: ${text}`, () => assert.equal(recordFromMetadata(domain({}, { metadata: text })), undefined));
  }
});
