import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { newValues } from "../../faces/values.ts";
import type { Value } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { checkVm } from "./check-vm.ts";
import { VM_SCHEMA } from "./vm-schema.ts";

function check(given: Readonly<Record<string, Value>>): string[] {
  const config = newValues(Object.keys(VM_SCHEMA.attributes).map((name) => [name, given[name] ?? null]));
  return checkVm(config).map(({ code, path = [] }) => `${code} at ${path.join(".")}`);
}

const DIGEST = "0".repeat(64);

suite("a configuration of ghost_vm", () => {
  const cases: { name: string; given: Readonly<Record<string, Value>>; want: string[] }[] = [
    { name: "with one image", given: { image: "debian-12" }, want: [] },
    { name: "with two images", given: { image: "debian-12", image_path: "/x" }, want: ["SPEC_CONFLICT at image_path"] },
    {
      name: "with one image and another that may be null",
      given: { image: "debian-12", image_url: UNKNOWN, image_sha256: UNKNOWN },
      want: [],
    },
    {
      name: "of which nothing is known",
      given: Object.fromEntries(Object.keys(VM_SCHEMA.attributes).map((name) => [name, UNKNOWN])),
      want: [],
    },
    { name: "with an address whose digest is not known", given: { image_url: "https://x/y", image_sha256: UNKNOWN }, want: [] },
    { name: "with an address without a digest", given: { image_url: "https://x/y" }, want: ["SPEC_MISSING_KEY at image_url"] },
    { name: "with an address and its digest", given: { image_url: "https://x/y", image_sha256: DIGEST }, want: [] },
    {
      name: "with a card of a network that may be null",
      given: {
        networks: newValues([
          [
            "lan",
            newValues([
              ["network", UNKNOWN],
              ["bridge", "br0"],
              ["mac", null],
            ]),
          ],
        ]),
      },
      want: [],
    },
    { name: "with a disk of which nothing is known", given: { disks: newValues([["data", UNKNOWN]]) }, want: [] },
  ];
  for (const { name, given, want } of cases) test(name, () => assert.deepEqual(check(given), want));
});
