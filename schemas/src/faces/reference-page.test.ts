import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { referencePages } from "./reference-page.ts";

const pages = referencePages();

suite("referencePages", () => {
  const lines = [
    { page: "vm", line: "| `ram_gb` | Memory given to the guest. | integer: GiB (2^30 bytes), 1 to 4096 | `1` | `restart` |" },
    { page: "vm", line: "| `disks.*.size_gb` | Size of the disk. | integer: GiB (2^30 bytes), 1 to 65536 | *required* | `data-loss` |" },
    {
      page: "vm",
      line: "| `firmware` | Boot firmware; many libvirts cannot take snapshots of `uefi` machines. | bios \\| uefi | `bios` | `replace` |",
    },
    { page: "vm", line: "| `cloud_init.password` | Password of the image's default user. | secret reference |  | `next-boot` |" },
    { page: "spec", line: "| `vms` | Virtual machines by name. | map of [vm](vm.md) |" },
    {
      page: "agent-config",
      line: "| `resources.reserved_cpu` | Processors that VMs do not get. | integer: 0 to 4096 | `0` |",
    },
    { page: "impacts", line: "| `stop` | `power` |" },
  ];
  for (const { page, line } of lines) {
    test(`${page} has the line ${line.slice(0, 24)}…`, () => assert.ok(pages[page]?.split("\n").includes(line), pages[page]));
  }

  test("every row of a table has as many cells as its head", () => {
    for (const [name, text] of Object.entries(pages)) {
      for (const block of text
        .trimEnd()
        .split("\n\n")
        .filter((part) => part.startsWith("|"))) {
        const widths = block.split("\n").map((row) => row.replaceAll("\\|", "").split("|").length);
        assert.equal(new Set(widths).size, 1, `${name}: ${block}`);
      }
    }
  });
});
