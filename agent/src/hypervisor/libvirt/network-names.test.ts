import assert from "node:assert/strict";
import { test } from "node:test";
import { networkInSpec, networkOnHost } from "./network-names.ts";

for (const [onHost, defaultNetwork, inSpec] of [
  ["default", "default", "default"],
  ["lan", "lan", "default"],
  ["lan", "default", "lan"],
  // The configuration has named another one since, or somebody else's machine is on it.
  ["default", "lan", "libvirt/default"],
  ["user", "lan", "user"],
  [undefined, "lan", undefined],
] as const)
  test(`the network ${onHost} is ${inSpec} where default means ${defaultNetwork}`, () => {
    assert.equal(networkInSpec(onHost, defaultNetwork), inSpec);
    assert.equal(networkOnHost(inSpec, defaultNetwork), onHost);
  });
