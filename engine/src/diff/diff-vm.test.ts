import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { VmConfig } from "@ghost/schemas";
import { BUILTIN_DEFAULTS, withDefaults } from "./defaults.ts";
import type { VmDiffInput } from "./diff-vm.ts";
import { diffVm, isVmAsDesired } from "./diff-vm.ts";
import { notesVm, settleVm } from "./ignored.ts";
import { aLiveVm } from "../testdata/fixtures.ts";
import { isSettled } from "./settled.ts";
import { UNKNOWN } from "./unknown.ts";

const full = (config: VmConfig): VmConfig => withDefaults({ name: "web", ...config }, BUILTIN_DEFAULTS);
const capabilities = {
  vcpu_plug: true,
  vcpu_unplug: false,
  ram_balloon: true,
  disk_plug: true,
  disk_grow: true,
  network_plug: true,
  kvm: true,
};

function input(desired: VmConfig, live: VmConfig, applied: VmConfig = live, more: Partial<VmDiffInput> = {}): VmDiffInput {
  return { desired: full(desired), live: full(live), applied: full(applied), status: "running", capabilities, guestAgent: false, ...more };
}

const MAC = "52:54:00:12:34:56";

suite("diffVm", () => {
  /** `op path impact cause`, in the order of the changes. */
  const cases: { name: string; of: VmDiffInput; want: string[] }[] = [
    { name: "the same is no change", of: input({}, {}), want: [] },
    { name: "a changed spec", of: input({ vcpu: 2 }, {}), want: ["update vcpu restart spec"] },
    { name: "a changed machine", of: input({ vcpu: 2 }, { vcpu: 1 }, { vcpu: 2 }), want: ["update vcpu restart drift"] },
    { name: "both changed", of: input({ vcpu: 3 }, { vcpu: 1 }, { vcpu: 2 }), want: ["update vcpu restart spec"] },
    { name: "the machine is already there", of: input({ vcpu: 3 }, { vcpu: 3 }, { vcpu: 2 }), want: [] },
    {
      name: "a disk with a name that every object has",
      of: input({ disks: { constructor: { size_gb: 1 } }, labels: { constructor: "x" } }, {}),
      want: ["add disks.constructor live spec", "add labels.constructor none spec"],
    },
    {
      name: "a disk is one change",
      of: input({ disks: { a: { size_gb: 1 }, b: { size_gb: 2 } } }, { disks: { a: { size_gb: 1 }, c: { size_gb: 3 } } }),
      want: ["remove disks.c data-loss spec", "add disks.b live spec"],
    },
    {
      name: "a disk's size is its own",
      of: input({ disks: { a: { size_gb: 2 } } }, { disks: { a: { size_gb: 1 } } }),
      want: ["update disks.a.size_gb guest spec"],
    },
    { name: "the order of keys is no change", of: input({ labels: { a: "1", b: "2" } }, { labels: { b: "2", a: "1" } }), want: [] },
    {
      name: "the order of a list is one",
      of: input({ ssh_keys: ["a", "b"], cloud_init_on_change: "next-boot" }, { ssh_keys: ["b", "a"], cloud_init_on_change: "next-boot" }),
      want: ["update ssh_keys next-boot spec"],
    },
    {
      name: "what nobody set is taken away",
      of: input({}, { labels: { a: "1" }, ram_max_gb: 4 }, {}),
      want: ["remove ram_max_gb restart drift", "remove labels.a none drift"],
    },
    {
      name: "cards by name",
      of: input({ networks: { lan: {}, wan: { network: "out" } } }, { networks: { wan: { network: "in" }, old: {} } }),
      want: ["add networks.lan live spec", "remove networks.old live spec", "update networks.wan.network live spec"],
    },
    {
      name: "from network to bridge",
      of: input({ networks: { lan: { bridge: "br0" } } }, { networks: { lan: {} } }),
      want: ["add networks.lan.bridge live spec", "remove networks.lan.network live spec"],
    },
    { name: "a card keeps the MAC it has", of: input({ networks: { lan: {} } }, { networks: { lan: { mac: MAC } } }), want: [] },
    {
      name: "a MAC of one's own",
      of: input({ networks: { lan: { mac: MAC } } }, { networks: { lan: { mac: MAC.replace("56", "57") } } }),
      want: ["update networks.lan.mac restart spec"],
    },
    { name: "headroom up to what it has is none", of: input({ vcpu: 2, vcpu_max: 2 }, { vcpu: 2 }), want: [] },
    {
      name: "a machine says its headroom though there is none",
      of: input({ vcpu: 4 }, { vcpu: 2, vcpu_max: 2 }),
      want: ["update vcpu restart spec"],
    },
    {
      name: "memory that somebody took away for now, without headroom",
      of: input({ ram_gb: 2 }, { ram_gb: 1, ram_max_gb: 2 }, { ram_gb: 2 }),
      want: ["update ram_gb live drift"],
    },
    {
      name: "memory that somebody took away for now, with headroom",
      of: input({ ram_gb: 2, ram_max_gb: 4 }, { ram_gb: 1, ram_max_gb: 4 }, { ram_gb: 2, ram_max_gb: 4 }),
      want: ["update ram_gb live drift"],
    },
    {
      name: "headroom is taken away",
      of: input({ ram_gb: 2 }, { ram_gb: 2, ram_max_gb: 4 }, { ram_gb: 2, ram_max_gb: 4 }),
      want: ["remove ram_max_gb restart spec"],
    },
    { name: "headroom is added", of: input({ vcpu: 2, vcpu_max: 4 }, { vcpu: 2 }), want: ["add vcpu_max restart spec"] },
    {
      name: "headroom that the machine had as processors",
      of: input({ vcpu: 2, vcpu_max: 4 }, { vcpu: 4 }),
      want: ["update vcpu restart spec"],
    },
    { name: "processors within headroom", of: input({ vcpu: 4, vcpu_max: 4 }, { vcpu: 2, vcpu_max: 4 }), want: ["update vcpu live spec"] },
    {
      name: "power of a stopped VM",
      of: input({ vcpu: 2 }, {}, {}, { status: "stopped" }),
      want: ["update power none drift", "update vcpu none spec"],
    },
    { name: "power left to people", of: input({ power: "unmanaged" }, {}, {}, { status: "stopped" }), want: [] },
    { name: "power of a paused VM", of: input({}, {}, {}, { status: "paused" }), want: ["update power live drift"] },
    { name: "stopping", of: input({ power: "stopped", vcpu: 2 }, {}), want: ["update power stop spec", "update vcpu restart spec"] },
    { name: "an ignored image", of: input({ image: "debian-13" }, { image: "debian-12" }), want: [] },
    {
      name: "an image that counts",
      of: input({ image: "debian-13", image_on_change: "recreate" }, { image: "debian-12", image_on_change: "recreate" }),
      want: ["update image data-loss spec"],
    },
    {
      name: "cloud-init counts when the root disk is made anew",
      of: input({ ssh_keys: ["k"], disk_gb: 5 }, { disk_gb: 10 }),
      want: ["update disk_gb data-loss spec", "add ssh_keys data-loss spec"],
    },
    { name: "ignored cloud-init", of: input({ cloud_init: { packages: ["a"] }, ssh_keys: ["k"] }, {}), want: [] },
    {
      name: "cloud-init for the next boot",
      of: input(
        { cloud_init: { packages: ["a"], user_data: "x" }, cloud_init_on_change: "next-boot" },
        { cloud_init: { user_data: "x" }, cloud_init_on_change: "next-boot" },
      ),
      want: ["add cloud_init.packages next-boot spec"],
    },
    { name: "objects by key", of: input({ disruption: { allow: "live" } }, {}), want: ["update disruption.allow none spec"] },
    {
      name: "another value is stored",
      of: input({ vcpu: 2 }, { vcpu: 2 }, { vcpu: 2 }, { pending: { vcpu: 8 } }),
      want: ["update vcpu none drift"],
    },
    {
      name: "what is stored comes with what is live",
      of: input({ vcpu: 3 }, { vcpu: 2 }, { vcpu: 2 }, { pending: { vcpu: 3 } }),
      want: ["update vcpu restart spec"],
    },
    {
      name: "a stored disk is content all the same",
      of: input({}, {}, {}, { pending: { disks: { x: { size_gb: 1 } } } }),
      want: ["remove disks.x data-loss drift"],
    },
    {
      name: "a stored disk that Ghost did not make",
      of: input({}, {}, {}, { pending: { disks: { x: { size_gb: 1 } } }, foreignDisks: ["x"] }),
      want: ["remove disks.x none drift"],
    },
    { name: "not known yet", of: input({ vcpu: UNKNOWN as never }, {}), want: ["update vcpu restart spec"] },
    { name: "a part not known yet", of: input({ disks: { a: { size_gb: UNKNOWN as never } } }, {}), want: ["add disks.a live spec"] },
    { name: "a whole not known yet", of: input({ networks: UNKNOWN as never }, {}), want: ["update networks restart spec"] },
  ];
  for (const { name, of, want } of cases) {
    test(name, () => {
      const changes = diffVm(of);
      assert.deepEqual(
        changes.map((change) => `${change.op} ${change.path.join(".")} ${change.impact} ${change.cause}`),
        want,
      );
      if (of.pending === undefined) assert.equal(isVmAsDesired(of.desired, of.live, of.status), changes.length === 0);
    });
  }

  test("drift shows last applied, live and desired", () => {
    const [change] = diffVm(input({ vcpu: 2 }, { vcpu: 1 }, { vcpu: 3 }));
    assert.deepEqual([change?.last_applied, change?.before, change?.after], [3, 1, 2]);
    assert.ok(!("last_applied" in diffVm(input({ vcpu: 2 }, { vcpu: 1 }))[0]!));
  });

  test("what is stored for the next boot alone says so", () => {
    const [change] = diffVm(input({ vcpu: 2 }, { vcpu: 2 }, { vcpu: 2 }, { pending: { vcpu: 8 } }));
    assert.deepEqual([change?.pending, change?.before, change?.after], [true, 8, 2]);
    const [both] = diffVm(input({ vcpu: 3 }, { vcpu: 2 }, { vcpu: 2 }, { pending: { vcpu: 8 } }));
    assert.deepEqual([both?.pending, both?.before, both?.after], [undefined, 2, 3]);
  });

  test("a secret is one value, by its version", () => {
    const secret = (version: number): VmConfig => ({ cloud_init: { password: { version } }, cloud_init_on_change: "next-boot" });
    assert.deepEqual(diffVm(input(secret(2), secret(1))), [
      {
        path: ["cloud_init", "password"],
        op: "update",
        before: { version: 1 },
        after: { version: 2 },
        cause: "spec",
        impact: "next-boot",
        reason: "cloud-init runs again at the next boot (cloud_init_on_change: next-boot)",
        sensitive: true,
      },
    ]);
  });

  test("an unknown value is marked and not shown", () => {
    const [change] = diffVm(input({ ram_gb: UNKNOWN as never }, {}));
    assert.equal(change?.unknown, true);
    assert.ok(!("after" in change));
  });
});

suite("isSettled", () => {
  const config: VmConfig = {
    name: "web",
    vcpu: 4,
    image: "debian-12",
    cloud_init: { packages: ["nginx"] },
    labels: { a: "1" },
    networks: { lan: { network: "default" } },
  };
  const vm = aLiveVm("web", config);

  test("finds the usual VM as its spec says", () => assert.ok(isSettled(config, vm)));
  test("leaves whatever else there is to the full comparison", () => {
    for (const other of [
      { ...config, vcpu: 5 },
      { ...config, image: "debian-13" },
      { ...config, labels: {} },
      { ...config, disks: { a: { size_gb: 1 } } },
    ])
      assert.ok(!isSettled(other, vm));
    for (const other of [{ pending: { vcpu: 5 } }, { status: "stopped" as const }, { live: { ...vm.live, ram_max_gb: 8 } }])
      assert.ok(!isSettled(config, { ...vm, ...other }));
  });
});

suite("changes that are ignored", () => {
  const live = full({ image: "debian-12", ssh_keys: ["a"] });

  test("are noted, with what would carry them out", () => {
    const notes = notesVm({ name: "web", desired: full({ image: "debian-13", ssh_keys: ["b"] }), live });
    assert.deepEqual(
      notes.map(({ code, severity, path }) => [code, severity, path?.join(".")]),
      [
        ["CHANGE_IGNORED", "warning", "vms.web.image"],
        ["CHANGE_IGNORED", "warning", "vms.web.ssh_keys"],
      ],
    );
    assert.match(notes[0]!.hint!, /image_on_change: recreate/);
    assert.match(notes[0]!.detail, /^image of VM "web" differs from /);
  });

  test("keep the live value in what a step carries", () => {
    const settled = settleVm(full({ image: "debian-13", ssh_keys: ["b"], vcpu: 2 }), live);
    assert.deepEqual([settled.image, settled.ssh_keys, settled.vcpu], ["debian-12", ["a"], 2]);
    assert.ok(!("image" in settleVm(full({ image: "debian-13" }), full({}))));
    assert.equal(settleVm(full({ image: "debian-13", image_on_change: "recreate" }), live).image, "debian-13");
  });

  test("are not noted where nothing is known of the image", () =>
    assert.deepEqual(notesVm({ name: "web", desired: full({ image: "debian-13" }), live: full({}) }), []));

  test("a newer image is noted", () => {
    const images = [{ name: "debian-12", digest: "sha256:2", cached: false, sizeBytes: 0 }];
    const of = (imageDigest: string) => notesVm({ name: "web", desired: live, live, imageDigest, images }).map(({ code }) => code);
    assert.deepEqual([of("sha256:1"), of("sha256:2"), of("")], [["IMAGE_NEWER"], [], []]);
  });
});
