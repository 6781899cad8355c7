import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Json } from "@ghost/schemas";
import { renderTable } from "./table.ts";
import { makeStyle } from "./style.ts";
import { attributeAt, showPath, showValue } from "./value.ts";

suite("showValue", () => {
  const cases: readonly (readonly [path: string, value: Json | undefined, want: string])[] = [
    ["vcpu", 4, "4"],
    ["ram_gb", 4, "4 GiB"],
    ["ram_gb", 1.666666, "1.67 GiB"],
    ["wait_timeout_s", 300, "300 s"],
    ["protect", true, "true"],
    ["image", "debian-12", "debian-12"],
    ["image", undefined, "unset"],
    ["labels.role", "", '""'],
    ["labels.role", "two words", "two words"],
    ["labels.role", "true", '"true"'],
    ["labels.role", "12", '"12"'],
    ["labels.role", "unset", '"unset"'],
    ["labels.role", "a\u001b[31m", '"a\\u001b[31m"'],
    ["cloud_init.packages", ["nginx", "curl"], "[nginx, curl]"],
    ["cloud_init.password", { version: 2 }, "secret version 2"],
    ["disks.data", { size_gb: 10 }, "{ size_gb: 10 GiB }"],
    ["networks", { lan: { network: "default" } }, "{ lan: { network: default } }"],
    ["no_such_attribute", { a: [1, null] }, "{ a: [1, unset] }"],
  ];
  for (const [path, value, want] of cases) {
    test(`${path} ${JSON.stringify(value)}`, () => assert.equal(showValue(value, attributeAt("vm", path.split("."))), want));
  }

  test("a path of another version of Ghost has no definition", () => {
    for (const path of [["nope"], ["vcpu", "deeper"], ["__proto__"], ["constructor", "name"]])
      assert.equal(attributeAt("vm", path), undefined);
  });
});

test("showPath brackets what is no word", () => {
  assert.equal(showPath(["labels", "example.com/tier"]), 'labels["example.com/tier"]');
  assert.equal(showPath(["disks", "data", "size_gb"]), "disks.data.size_gb");
});

suite("renderTable", () => {
  const rows = [
    ["desk", "web-1", "running"],
    ["desk", "日本\u001b[2J", ""],
  ];
  const style = makeStyle(false);

  test("columns line up, foreign characters included", () => {
    assert.equal(
      renderTable(["agent", "name", "status"], rows, { style, columns: 80 }),
      "AGENT  NAME       STATUS\ndesk   web-1      running\ndesk   日本\\e[2J  -\n",
    );
  });

  test("a terminal that is too narrow gets blocks", () => {
    assert.equal(
      renderTable(
        ["agent", "name"],
        [
          ["desk", "web-1"],
          ["desk", "web-2"],
        ],
        { style, columns: 10 },
      ),
      "agent: desk\nname:  web-1\n\nagent: desk\nname:  web-2\n",
    );
  });
});
