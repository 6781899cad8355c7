import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { backingPath } from "./backing-path.ts";

suite("backingPath", () => {
  for (const [name, path] of [
    ["/images/base.qcow2", "/images/base.qcow2"],
    ["base.qcow2", "/disks/web/base.qcow2"],
    ["../base.qcow2", "/disks/base.qcow2"],
    ["file:/images/base.qcow2", "/images/base.qcow2"],
    [`json:{"driver":"qcow2","file":{"driver":"file","filename":"/images/base.qcow2"}}`, "/images/base.qcow2"],
    [`json:{"file.driver":"file","file.filename":"base.qcow2"}`, "/disks/web/base.qcow2"],
    ["nbd://192.0.2.1/base", undefined],
    ["nbd:192.0.2.1:10809", undefined],
  ] as const)
    test(`${name} is ${path}`, () => assert.equal(backingPath(name, "/disks/web/root.qcow2"), path));

  for (const name of ["json:{", `json:{"driver":"nbd"}`])
    test(`${name} is nobody's`, () => assert.throws(() => backingPath(name, "/disks/web/root.qcow2"), RangeError));
});
