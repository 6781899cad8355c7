import assert from "node:assert/strict";
import { test } from "node:test";
import { toSnakeCase } from "./snake-case.ts";

test("keys of types change, names and values do not", () => {
  const given = {
    bytesDone: 1,
    gone: undefined,
    createdAt: new Date("2026-01-02T03:04:05.000Z"),
    vm: { diskIds: { rootDisk: "Ab" }, live: { ram_gb: 2, metadata: { costCenter: "xY" } } },
    stored: { ramMaxGb: 4, disks: { myData: { sizeGb: 5 } } },
    list: [{ isA: true }, null],
  };
  assert.deepEqual(toSnakeCase(given), {
    bytes_done: 1,
    created_at: "2026-01-02T03:04:05.000Z",
    vm: { disk_ids: { rootDisk: "Ab" }, live: { ram_gb: 2, metadata: { costCenter: "xY" } } },
    stored: { ram_max_gb: 4, disks: { myData: { size_gb: 5 } } },
    list: [{ is_a: true }, null],
  });
});
