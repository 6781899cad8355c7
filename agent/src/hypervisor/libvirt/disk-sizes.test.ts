import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { DiskSizeReader, sizeKey } from "./disk-sizes.ts";
import type { DomainDiskFacts } from "./domain-xml/from-domain-xml.ts";
import { emptyQcow2 } from "./images/qcow2.ts";
import { FakeLibvirt } from "./testdata/fake-libvirt.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const GIB = 2 ** 30;

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "ghost-sizes-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function disk(source: string, format: string): DomainDiskFacts {
  return { id: "x", target: "vda", source, format, own: true };
}

test("a file says it itself, and libvirt is not asked", async (t) => {
  const dir = folder(t);
  const [qcow2, raw] = [join(dir, "a"), join(dir, "b")];
  writeFileSync(qcow2, emptyQcow2(3 * GIB));
  // A guest writes what it likes into a raw disk.
  writeFileSync(raw, Buffer.concat([emptyQcow2(7 * GIB).subarray(0, 512), Buffer.alloc(512)]));
  const libvirt = new FakeLibvirt();
  const sizes = await new DiskSizeReader(libvirt).read([{ ref: { uuid: UID }, disks: [disk(qcow2, "qcow2"), disk(raw, "raw")] }]);
  assert.deepEqual(
    [...sizes],
    [
      [qcow2, 3 * GIB],
      [raw, 1024],
    ],
  );
  assert.deepEqual(libvirt.asked, []);
});

for (const [name, source, format] of [
  ["that is not there", "/nowhere/disk", "qcow2"],
  ["of another format", "/nowhere/disk", "vmdk"],
  ["that is a device", "/dev/vg/web", "raw"],
  ["of a pool", "pool/volume", "raw"],
  ["on a network", "", "raw"],
] as const) {
  test(`a disk ${name} is asked for, and remembered for when its machine is too busy`, async () => {
    const libvirt = new FakeLibvirt({
      REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS: () => ({ retStats: isBusy ? [] : [{ dom: HEAD, params: PARAMS }] }) as never,
    });
    let isBusy = true;
    const reader = new DiskSizeReader(libvirt);
    const read = async (): Promise<number | undefined> =>
      (await reader.read([{ ref: { uuid: UID }, disks: [disk(source, format)] }])).get(sizeKey(UID, disk(source, format)));
    assert.equal(await read(), undefined);
    isBusy = false;
    assert.equal(await read(), 5 * GIB);
    isBusy = true;
    assert.equal(await read(), 5 * GIB);
  });
}

test("disks on a network, which have no source, are not taken for one", async () => {
  const libvirt = new FakeLibvirt({
    REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS: () => ({ retStats: [{ dom: HEAD, params: [...PARAMS, ...SECOND] }] }) as never,
  });
  const disks = [disk("", "raw"), { ...disk("", "raw"), target: "vdb" }];
  const sizes = await new DiskSizeReader(libvirt).read([{ ref: { uuid: UID }, disks }]);
  assert.deepEqual(
    disks.map((each) => sizes.get(sizeKey(UID, each))),
    [5 * GIB, 9 * GIB],
  );
});

test("a file on a server that is away holds nobody up, and nobody opens another one there", async () => {
  let isAway = false;
  const opened: string[] = [];
  const back: (() => void)[] = [];
  const libvirt = new FakeLibvirt();
  const sizeOf = async ({ source }: DomainDiskFacts): Promise<number> => {
    opened.push(source);
    if (isAway && source.startsWith("/nas/")) await new Promise<void>((resolve) => back.push(resolve));
    return GIB;
  };
  const reader = new DiskSizeReader(libvirt, { sizeOf, patienceMs: 20 });
  const disks = ["/nas/a", "/nas/b", "/here/c"].map((source, index) => ({ ...disk(source, "raw"), target: `vd${index}` }));
  const read = async (): Promise<readonly unknown[]> =>
    [...(await reader.read([{ ref: { uuid: UID }, disks }]))].map(([source]) => source).sort();
  const all = ["/here/c", "/nas/a", "/nas/b"];
  assert.deepEqual(await read(), all);
  isAway = true;
  for (const want of [["/here/c", "/nas/a"], ["/here/c"]]) {
    opened.length = 0;
    assert.deepEqual(await read(), all);
    assert.deepEqual(opened.toSorted(), want);
  }
  isAway = false;
  for (const resolve of back) resolve();
  await new Promise((resolve) => setImmediate(resolve));
  opened.length = 0;
  assert.deepEqual([await read(), opened.toSorted()], [all, all]);
  assert.deepEqual(libvirt.asked, []);
});

const HEAD = { name: "web", uuid: Buffer.from(UID.replaceAll("-", ""), "hex"), id: 1 };
const number = (field: string, value: number): unknown => ({ field, value: { type: 4, ul: BigInt(value) } });
const PARAMS = [
  number("block.count", 3),
  { field: "block.0.name", value: { type: 7, s: "vda" } },
  number("block.0.capacity", 5 * GIB),
  // What it stands on.
  { field: "block.1.name", value: { type: 7, s: "vda" } },
  number("block.1.capacity", 1 * GIB),
];
const SECOND = [{ field: "block.2.name", value: { type: 7, s: "vdb" } }, number("block.2.capacity", 9 * GIB)];
