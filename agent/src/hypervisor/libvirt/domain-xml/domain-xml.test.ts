import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import { golden } from "../../../../../test/support/golden.ts";
import type { DomainConfig, DomainDisk, DomainNic } from "../../driver.ts";
import { diskIdOf, macOf } from "../../identity.ts";
import { domainTypeOf } from "./accel.ts";
import { editDomainXml } from "./edit-domain-xml.ts";
import { fromDomainXml } from "./from-domain-xml.ts";
import type { OtherFacts } from "./from-domain-xml.ts";
import { METADATA_NAMESPACE } from "./metadata-element.ts";
import { attachDiskXml, attachNicXml, detachDiskXml, detachNicXml, updateNicXml } from "./plug.ts";
import { toDomainXml } from "./to-domain-xml.ts";
import type { DomainParts } from "./to-domain-xml.ts";

const UID = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9";
const OTHER: OtherFacts = { sizeGbOf: () => 10, autostart: false, autoType: "qemu" };

function configOf(more: Partial<DomainConfig> = {}): DomainConfig {
  return {
    name: "web-1",
    vcpu: 2,
    vcpuMax: 4,
    ramGb: 2,
    ramMaxGb: 8,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    autostart: false,
    disks: { root: { id: diskIdOf(UID, "root"), sizeGb: 10 }, data: { id: diskIdOf(UID, "data"), sizeGb: 10 } },
    nics: { lan: { mac: macOf(UID, "lan"), bridge: "br0" }, default: { mac: macOf(UID, "default"), network: "default" } },
    ...more,
  };
}

function partsOf(config: DomainConfig, more: Partial<DomainParts> = {}): DomainParts {
  const disks = Object.fromEntries(
    Object.entries(config.disks).map(([name, { id }]) => [name, { path: `/var/lib/ghost/disks/${id}.qcow2` }]),
  );
  return { disks, seed: "/var/lib/ghost/seed.iso", consoleLog: "/var/log/ghost/web-1.log", metadata: '{"note":1}', type: "qemu", ...more };
}

function foreignXml(name: string): string {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8");
}

suite("domain XML is written", () => {
  const cases: { name: string; config: DomainConfig; parts?: Partial<DomainParts> }[] = [
    { name: "bios-tcg", config: configOf() },
    { name: "uefi-kvm", config: configOf({ firmware: "uefi", accel: "kvm" }), parts: { type: "kvm" } },
    {
      name: "pc-user",
      config: configOf({
        machine: "pc",
        firmware: "uefi",
        vcpuMax: 2,
        ramMaxGb: 2,
        nics: { net: { mac: macOf(UID, "net"), network: "user" } },
      }),
      parts: {
        emulator: "/usr/bin/qemu-system-x86_64",
        firmware: { loader: "/fw/CODE.fd", nvramTemplate: "/fw/VARS.fd", nvram: "/var/lib/ghost/vars.fd" },
      },
    },
  ];
  for (const { name, config, parts } of cases)
    test(name, (t) => golden(t, import.meta.url, `${name}.xml`, toDomainXml(UID, config, partsOf(config, parts))));

  test("nothing that a value holds becomes markup", () => {
    const evil = `"/><disk type='file'/>&lt;]]><!--é\t\n`;
    const config = configOf();
    const xml = toDomainXml(UID, config, partsOf(config, { seed: evil, consoleLog: evil, metadata: evil }));
    const facts = fromDomainXml(xml, OTHER);
    assert.deepEqual([facts.seed, facts.consoleLog, facts.metadata], [evil, evil, evil]);
    assert.deepEqual(facts.config, config);
  });

  for (const metadata of ["\u0000", "\ud800", "\uffff"])
    test(`metadata that XML cannot carry is encoded: ${JSON.stringify(metadata)}`, () => {
      const config = configOf();
      const xml = toDomainXml(UID, config, partsOf(config, { metadata }));
      assert.match(xml, /encoding="base64"/);
      assert.equal(fromDomainXml(xml, OTHER).metadata, metadata);
    });

  test("a path that XML cannot carry is refused", () => {
    const config = configOf();
    assert.throws(() => toDomainXml(UID, config, partsOf(config, { seed: "/a\u0000b" })), /HOST_ERROR.*cannot carry/);
  });

  test("a disk keeps the place it is given, and seed and disks never meet", () => {
    const disks = Object.fromEntries(
      ["root", ...Array.from({ length: 710 }, (_, at) => `d${at}`)].map((name): [string, DomainDisk] => [
        name,
        { id: diskIdOf(UID, name), sizeGb: 10 },
      ]),
    );
    const config = configOf({ disks });
    const parts = partsOf(config);
    const facts = fromDomainXml(
      toDomainXml(UID, config, { ...parts, disks: { ...parts.disks, d5: { path: "/x", target: "vdb" } } }),
      OTHER,
    );
    const targets = Object.values(facts.disks).map(({ target }) => target);
    assert.equal(new Set(targets).size, 711);
    assert.deepEqual([facts.disks["root"]?.target, facts.disks["d5"]?.target, targets.includes("vdzz")], ["vda", "vdb", false]);
  });
});

suite("what was written is read", () => {
  const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const anyName = fc.oneof(name, fc.constantFrom("constructor", "valueof", "a"));
  const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/);
  const mac = fc.stringMatching(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/);
  const nic = fc.oneof(
    fc.record({ mac, network: word }),
    fc.record({ mac, bridge: word }),
    fc.record({ mac, network: fc.constant("user") }),
  );
  const text = fc.string({ unit: "binary", maxLength: 60 });
  /** Whatever a file system takes and XML can carry. */
  const file = fc
    .string({ unit: fc.constantFrom("a", "é", "日", "&", "<", ">", '"', "'", " ", "]]>", "\n", "\r", "\t", "😀"), minLength: 1 })
    .map((s) => `/${s}`);
  const subject = fc
    .record({
      uid: fc.uuid(),
      disks: fc.dictionary(
        anyName,
        fc.record({ id: fc.stringMatching(/^[0-9a-f]{20}$/), sizeGb: fc.integer({ min: 1, max: 65536 }), path: file }),
        { maxKeys: 5 },
      ),
      nics: fc.dictionary(anyName, nic, { maxKeys: 4 }),
      vcpus: fc.tuple(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 512 })),
      rams: fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 4096 })),
      name,
      firmware: fc.constantFrom("bios", "uefi"),
      machine: fc.constantFrom("q35", "pc"),
      accel: fc.constantFrom("auto", "kvm", "tcg"),
      autoType: fc.constantFrom("kvm", "qemu"),
      autostart: fc.boolean(),
      metadata: fc.oneof(text, fc.json(), fc.constantFrom("", " ", "\ud800", "\uffff")),
      consoleLog: file,
      seed: fc.option(file, { nil: undefined }),
    })
    .map(({ uid, disks, nics, vcpus, rams, autoType, metadata, consoleLog, seed, ...rest }) => {
      const config: DomainConfig = {
        ...rest,
        vcpu: Math.min(...vcpus),
        vcpuMax: Math.max(...vcpus),
        ramGb: Math.min(...rams),
        ramMaxGb: Math.max(...rams),
        disks: Object.fromEntries(Object.entries(disks).map(([key, { id, sizeGb }]) => [key, { id, sizeGb }])),
        nics: Object.fromEntries(Object.entries(nics).map(([key, value]): [string, DomainNic] => [key, { ...value }])),
      };
      const type = config.accel === "auto" ? autoType : config.accel === "kvm" ? "kvm" : "qemu";
      const places = Object.fromEntries(Object.entries(disks).map(([key, { path }]) => [key, { path }]));
      const parts: DomainParts = { disks: places, consoleLog, metadata, type, ...(seed !== undefined && { seed }) };
      const sizes = new Map(Object.values(disks).map(({ id, sizeGb, path }) => [`${id} ${path}`, sizeGb]));
      const other: OtherFacts = { autoType, autostart: config.autostart, sizeGbOf: ({ id, source }) => sizes.get(`${id} ${source}`) ?? -1 };
      return { uid, config, parts, other };
    });

  test("from(to(x)) is x", () => {
    fc.assert(
      fc.property(subject, ({ uid, config, parts, other }) => {
        const facts = fromDomainXml(toDomainXml(uid, config, parts), other);
        assert.deepEqual(facts.config, config);
        assert.deepEqual(
          [facts.uid, facts.metadata, facts.consoleLog, facts.seed, facts.foreign, facts.type],
          [uid, parts.metadata, parts.consoleLog, parts.seed, [], parts.type],
        );
      }),
      { numRuns: 300 },
    );
  });

  test("an edit that changes nothing changes nothing", () => {
    fc.assert(
      fc.property(subject, ({ uid, config, parts }) => {
        const xml = toDomainXml(uid, config, parts);
        assert.equal(editDomainXml(xml, {}), xml);
      }),
      { numRuns: 100 },
    );
  });
});

suite("domain XML of a real libvirt", () => {
  test("our own domain, as libvirt 9.0 gives it back", () => {
    const config = configOf({
      nics: { default: { mac: macOf(UID, "default"), network: "default" }, net: { mac: macOf(UID, "net"), network: "user" } },
    });
    const facts = fromDomainXml(foreignXml("libvirt-own-inactive.xml"), OTHER);
    assert.deepEqual(facts.config, config);
    assert.deepEqual([facts.metadata, facts.foreign, facts.seed], ['{"note":"é & <b>"}', [], "/var/lib/ghost/seed.iso"]);
  });

  test("our own running domain, with a disk and a card plugged in since", () => {
    const facts = fromDomainXml(foreignXml("libvirt-own-live.xml"), OTHER);
    assert.deepEqual(facts.config, {
      name: "run-1",
      vcpu: 2,
      vcpuMax: 2,
      // One was asked for; the guest has not booted, so its balloon driver has not handed back the other.
      ramGb: 2,
      ramMaxGb: 2,
      firmware: "bios",
      machine: "q35",
      accel: "auto",
      autostart: false,
      disks: { root: { id: "r0", sizeGb: 10 }, logs: { id: "l0", sizeGb: 10 } },
      nics: { net: { mac: "52:54:00:00:00:01", network: "user" }, two: { mac: "52:54:00:00:00:02", network: "user" } },
    });
    assert.deepEqual([facts.metadata, facts.foreign, facts.consoleLog], ["{}", [], "/var/lib/ghost/console.log"]);
  });

  test("a running domain made by somebody else", () => {
    const facts = fromDomainXml(foreignXml("foreign-live.xml"), { ...OTHER, autoType: "kvm" });
    assert.deepEqual(facts.config, {
      name: 'büro & <"win">',
      vcpu: 2,
      vcpuMax: 2,
      ramGb: 1.5,
      ramMaxGb: 4,
      firmware: "uefi",
      machine: "q35",
      accel: "auto",
      autostart: false,
      disks: {
        root: { id: "WD-1234", sizeGb: 10 },
        vda: { id: diskIdOf("c7a5fdbd-edaf-9455-926a-d65c16db1809", "vda"), sizeGb: 10 },
      },
      nics: {
        default: { mac: "52:54:00:aa:bb:01", network: "default" },
        "nic-525400aabb02": { mac: "52:54:00:aa:bb:02", bridge: "br0" },
        "nic-525400aabb03": { mac: "52:54:00:aa:bb:03" },
      },
    });
    assert.equal(facts.metadata, "");
    assert.deepEqual(facts.disks["root"], { id: "WD-1234", target: "sda", source: "/dev/vg/win", format: "raw", own: false });
    assert.deepEqual(facts.foreign, [
      "cdrom sdb",
      "interface direct 52:54:00:aa:bb:03",
      "graphics",
      "video",
      "hostdev",
      "tpm",
      "future-device",
    ]);
  });

  test("libvirt's test driver's own domain", () => {
    const facts = fromDomainXml(foreignXml("test-driver.xml"), OTHER);
    assert.deepEqual(
      [facts.config.name, facts.config.ramGb, facts.config.ramMaxGb, facts.foreign],
      ["test", 2, 8, ["domain type test", "machine "]],
    );
  });

  test("the order of cards and disks makes no name, but for the first", () => {
    const xml = foreignXml("foreign-live.xml");
    const [first, second] = xml.split(/(?=<interface type='bridge')/) as [string, string];
    const card = second.slice(0, second.indexOf("</interface>") + "</interface>".length);
    const moved = first + second.slice(card.length).replace("</devices>", `${card}</devices>`);
    assert.deepEqual(fromDomainXml(moved, OTHER).config.nics, fromDomainXml(xml, OTHER).config.nics);
  });

  const memory = [
    { unit: "b", text: "1073741824", gib: 1 },
    { unit: "GiB", text: "3", gib: 3 },
    { unit: "MB", text: "1024", gib: 1_000_000 / 1024 / 1024 },
    { unit: undefined, text: "1048576", gib: 1 },
  ];
  for (const { unit, text, gib } of memory)
    test(`memory in ${unit ?? "no unit"}`, () => {
      const xml = `<domain type="kvm"><uuid>${UID}</uuid><memory${unit === undefined ? "" : ` unit="${unit}"`}>${text}</memory></domain>`;
      assert.equal(fromDomainXml(xml, OTHER).config.ramGb, gib);
    });

  test("our metadata is found by its namespace, and only there", () => {
    const wrap = (inner: string): string => `<domain type="kvm"><uuid>${UID}</uuid><metadata>${inner}</metadata></domain>`;
    const read = (inner: string): string => fromDomainXml(wrap(inner), OTHER).metadata;
    assert.equal(read(`<x:vm xmlns:x="${METADATA_NAMESPACE}">a</x:vm>`), "a");
    assert.equal(read(`<vm xmlns="${METADATA_NAMESPACE}">b</vm>`), "b");
    assert.equal(read(`<ghost:vm xmlns:ghost="urn:other">c</ghost:vm><app:vm>d</app:vm>`), "");
  });
});

suite("a domain is edited", () => {
  test("what somebody else put there stays", () => {
    const before = foreignXml("foreign-live.xml");
    const after = editDomainXml(before, {
      metadata: "{}",
      vcpus: { vcpu: 4, vcpuMax: 8 },
      ram: { ramGb: 4, ramMaxGb: 4 },
      addDisks: { data: { id: "abc", sizeGb: 1, path: "/d" } },
      removeNics: ["nic-525400aabb02"],
      updateNics: { default: { mac: "52:54:00:aa:bb:01", bridge: "br7" } },
    });
    const facts = fromDomainXml(after, { ...OTHER, autoType: "kvm" });
    const was = fromDomainXml(before, OTHER);
    assert.deepEqual(facts.foreign, was.foreign);
    assert.deepEqual([facts.metadata, facts.config.vcpu, facts.config.vcpuMax, facts.config.ramGb], ["{}", 4, 8, 4]);
    assert.deepEqual(facts.config.nics, {
      default: { mac: "52:54:00:aa:bb:01", bridge: "br7" },
      "nic-525400aabb03": { mac: "52:54:00:aa:bb:03" },
    });
    assert.deepEqual(Object.fromEntries(Object.entries(facts.disks).map(([name, { id, target, own }]) => [name, [id, target, own]])), {
      data: ["abc", "vdb", true],
      root: ["WD-1234", "sda", true],
      vda: [was.disks["vda"]?.id, "vda", true],
    });
    for (const kept of ["<other:app", "0x06", "<tpm", "<future-device", 'policy="require"']) assert.ok(after.includes(kept), kept);
    assert.ok(!after.includes("<topology"));
    assert.equal(editDomainXml(after, { addDisks: { data: { id: "abc", sizeGb: 1, path: "/d" } }, removeNics: ["gone"] }), after);
  });

  test("a disk made anew has the place of the old one, and boots as the domain says", () => {
    const anew = { removeDisks: ["root"], addDisks: { root: { id: "new", sizeGb: 1, path: "/new" } } };
    const own = editDomainXml(foreignXml("libvirt-own-inactive.xml"), anew);
    assert.deepEqual(fromDomainXml(own, OTHER).disks["root"], { id: "new", target: "vda", source: "/new", format: "qcow2", own: true });
    assert.match(own, /boot order/);
    assert.doesNotMatch(editDomainXml(foreignXml("test-driver.xml"), anew), /boot order/);
  });

  test("another machine type leaves no place of the old bus", () => {
    const after = editDomainXml(foreignXml("libvirt-own-inactive.xml"), { os: { machine: "pc", firmware: "uefi" } });
    assert.doesNotMatch(after, /address type="pci"|pcie-root-port|sata/);
    const { config } = fromDomainXml(after, OTHER);
    assert.deepEqual([config.machine, config.firmware], ["pc", "uefi"]);
  });

  test("accel changes type and processor, and remembers what was asked", () => {
    const after = editDomainXml(foreignXml("libvirt-own-inactive.xml"), { accel: "kvm", type: "kvm" });
    assert.equal(fromDomainXml(after, OTHER).config.accel, "kvm");
    assert.match(after, /host-passthrough/);
  });

  test("a card that is not there is no card to update", () => {
    assert.throws(
      () => editDomainXml(foreignXml("test-driver.xml"), { updateNics: { no: { mac: "52:54:00:00:00:01" } } }),
      /no network card no/,
    );
  });
});

suite("one device", () => {
  const config = configOf();
  const xml = toDomainXml(UID, config, partsOf(config));

  test("is attached in a free place", () => {
    assert.match(attachDiskXml(xml, "logs", { id: "a1", sizeGb: 1 }, { path: "/l" }), /dev="vdc"[^]*<serial>a1<[^]*ua-disk-logs/);
    assert.match(attachNicXml("n", { mac: "52:54:00:00:00:01", network: "user" }), /type="user"[^]*ua-nic-n/);
  });

  test("is detached by its name", () => {
    assert.match(detachDiskXml(xml, "data") ?? "", /dev="vdb"/);
    assert.match(detachNicXml(xml, "lan") ?? "", /br0/);
    assert.deepEqual([detachDiskXml(xml, "seed"), detachNicXml(xml, "data")], [undefined, undefined]);
  });

  test("is updated with all else as it was", () => {
    const updated = updateNicXml(foreignXml("foreign-live.xml"), "default", { mac: "52:54:00:aa:bb:01", network: "lan" }) ?? "";
    assert.match(updated, /source network="lan"\/>/);
    assert.match(updated, /e1000e[^]*<address type="pci"/);
    assert.equal(updateNicXml(xml, "none", { mac: "52:54:00:aa:bb:01" }), undefined);
  });
});

suite("hostile XML is refused in bounds", () => {
  const bomb = `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><domain><uuid>&b;</uuid></domain>`;
  const cases = [
    { name: "entities", xml: bomb, why: /document type/ },
    { name: "an entity without a type", xml: "<domain>&b;</domain>", why: /not XML/ },
    { name: "a file", xml: `<!DOCTYPE d SYSTEM "file:///etc/passwd"><domain/>`, why: /document type/ },
    { name: "depth", xml: "<a>".repeat(100_000) + "</a>".repeat(100_000), why: /deeper than 64/ },
    { name: "a little too deep", xml: "<a>".repeat(65) + "</a>".repeat(65), why: /deeper than 64/ },
    { name: "ten megabytes", xml: `<domain>${"x".repeat(10 * 1024 * 1024)}</domain>`, why: /at most/ },
    { name: "very many elements", xml: `<domain>${"<a/>".repeat(300_000)}</domain>`, why: /more than 200000/ },
    { name: "nothing", xml: "", why: /not XML/ },
    { name: "half a domain", xml: "<domain><uuid>", why: /not XML/ },
    { name: "another thing", xml: "<network><uuid>x</uuid></network>", why: /not that of a domain/ },
    { name: "a domain without an identity", xml: "<domain/>", why: /not that of a domain/ },
  ];
  for (const { name, xml, why } of cases) test(name, () => assert.throws(() => fromDomainXml(xml, OTHER), why));

  test("many devices of one name are read", () => {
    const disks = `<disk type="file"><target dev="vda"/></disk>`.repeat(20_000);
    const facts = fromDomainXml(`<domain type="kvm"><uuid>${UID}</uuid><devices>${disks}</devices></domain>`, OTHER);
    assert.equal(Object.keys(facts.disks).length, 20_000);
  });
});

suite("accel", () => {
  const flags = (more: string): string => `processor : 0\nflags\t\t: fpu vme ${more} sse\nbugs : vmxish\n`;
  const cases = [
    { accel: "auto", kvmOpens: true, cpuInfo: flags("vmx"), want: "kvm" },
    { accel: "auto", kvmOpens: true, cpuInfo: flags("svm"), want: "kvm" },
    { accel: "auto", kvmOpens: true, cpuInfo: flags("svm_lock"), want: "qemu" },
    { accel: "auto", kvmOpens: true, cpuInfo: flags(""), want: "qemu" },
    { accel: "auto", kvmOpens: false, cpuInfo: flags("vmx"), want: "qemu" },
    { accel: "kvm", kvmOpens: false, cpuInfo: "", want: "kvm" },
    { accel: "tcg", kvmOpens: true, cpuInfo: flags("vmx"), want: "qemu" },
  ] as const;
  for (const { accel, want, ...facts } of cases)
    test(`${accel}, device ${facts.kvmOpens}, ${facts.cpuInfo.split("\n")[1] ?? "nothing known"}`, () =>
      assert.equal(domainTypeOf(accel, facts), want));
});
