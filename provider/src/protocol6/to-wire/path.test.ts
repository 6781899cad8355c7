import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Path } from "../provider.ts";
import type { AttributeSchemas } from "../schema.ts";
import { toWirePath } from "./path.ts";

const description = "";
const inner: AttributeSchemas = { size: { description, type: "number" } };
const attributes: AttributeSchemas = {
  name: { description, type: "string" },
  tags: { description, type: ["map", "string"] },
  list: { description, type: ["list", ["object", { a: ["tuple", ["string"]] }]] },
  ids: { description, type: ["set", "string"] },
  one: { description, nested: { nesting: "single", attributes: inner } },
  disks: { description, nested: { nesting: "map", attributes: inner } },
  items: { description, nested: { nesting: "list", attributes: inner } },
  bag: { description, nested: { nesting: "set", attributes: inner } },
};

suite("toWirePath", () => {
  const cases: readonly { path: Path; want: string }[] = [
    { path: ["name"], want: ".name" },
    { path: ["tags", "name"], want: '.tags["name"]' },
    { path: ["list", 0, "a", 0], want: ".list[0].a[0]" },
    { path: ["one", "size"], want: ".one.size" },
    { path: ["disks", "size", "size"], want: '.disks["size"].size' },
    { path: ["items", 3, "size"], want: ".items[3].size" },
    { path: ["bag", 0, "size"], want: ".bag" },
    { path: ["ids", "x"], want: ".ids" },
    { path: ["disks", "root", "nothing"], want: '.disks["root"]' },
    { path: ["nothing", "name"], want: "" },
    { path: ["toString"], want: "" },
    { path: ["name", "deeper"], want: ".name" },
    { path: ["items", "zero"], want: ".items" },
  ];
  for (const { path, want } of cases) {
    test(`${JSON.stringify(path)} is ${want || "the whole"}`, () => {
      const text = toWirePath(attributes, path).steps.map(({ selector }) =>
        selector?.$case === "attribute_name" ? `.${selector.value}` : `[${JSON.stringify(selector?.value)}]`,
      );
      assert.equal(text.join(""), want);
    });
  }
});
