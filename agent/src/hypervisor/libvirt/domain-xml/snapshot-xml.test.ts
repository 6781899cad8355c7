import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromSnapshotXml, toSnapshotXml } from "./snapshot-xml.ts";

const DOMAIN = `<domain type='qemu'><name>web</name><uuid>0b8e4c1e-0000-4000-8000-000000000001</uuid><memory unit='KiB'>65536</memory><vcpu>1</vcpu><os><type machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/d/a.qcow2'/><target dev='vda' bus='virtio'/><serial>a</serial></disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='file' device='disk'><source file='/d/seed.iso'/><target dev='vdzz' bus='virtio'/><readonly/></disk>
  </devices></domain>`;

suite("a snapshot's XML", () => {
  test("names every disk, and says which are kept", () => {
    assert.equal(
      toSnapshotXml({ name: "before", description: `"<&>"` }, DOMAIN, new Set(["vda"])),
      `<domainsnapshot>
  <name>before</name>
  <description>&quot;&lt;&amp;&gt;&quot;</description>
  <disks>
    <disk name="vda" snapshot="internal"/>
    <disk name="sda" snapshot="no"/>
    <disk name="vdzz" snapshot="no"/>
  </disks>
</domainsnapshot>
`,
    );
    assert.doesNotMatch(toSnapshotXml({ name: "x", description: "" }, DOMAIN, new Set()), /description/);
  });

  const whole = (state: string, more = ""): string =>
    `<domainsnapshot><name>b</name><description> d </description><state>${state}</state><creationTime>1795223185</creationTime>${more}</domainsnapshot>`;

  test("is read with the machine of then, as it ran and as it was stored", () => {
    const stored = DOMAIN.replaceAll("domain", "inactiveDomain").replace("<serial>a<", "<serial>b<");
    const { domains, ...facts } = fromSnapshotXml(whole("running", `<parent><name>a</name></parent>${DOMAIN}${stored}`));
    assert.deepEqual(facts, {
      name: "b",
      description: " d ",
      createdAt: new Date("2026-11-21T01:06:25Z"),
      status: "running",
      parent: "a",
      isInternal: true,
    });
    assert.deepEqual(
      domains.map((domain) => Object.values(domain.disks).map(({ id, source }) => [id, source])),
      [[["a", "/d/a.qcow2"]], [["b", "/d/a.qcow2"]]],
    );
  });

  const states: readonly (readonly [state: string, status: string])[] = [
    ["running", "running"],
    ["blocked", "running"],
    ["paused", "paused"],
    ["shutoff", "stopped"],
    ["shutdown", "stopped"],
    ["crashed", "stopped"],
    ["disk-snapshot", "stopped"],
    ["nostate", "stopped"],
  ];
  for (const [state, status] of states)
    test(`${state} is ${status}`, () => {
      const { parent, domains, ...facts } = fromSnapshotXml(whole(state));
      assert.deepEqual([facts.status, parent, domains], [status, undefined, []]);
    });

  const external: readonly string[] = [
    "<memory snapshot='external' file='/m'/>",
    "<disks><disk name='vda' snapshot='internal'/><disk name='vdb' snapshot='external' type='file'><source file='/x'/></disk></disks>",
  ];
  for (const more of external)
    test(`something beside the disks: ${more}`, () => assert.equal(fromSnapshotXml(whole("running", more)).isInternal, false));

  for (const text of [DOMAIN, "<domainsnapshot/>", "", "<domainsnapshot>"])
    test(`is not ${JSON.stringify(text.slice(0, 16))}`, () => {
      assert.throws(() => fromSnapshotXml(text), /HOST_ERROR/);
    });
});
