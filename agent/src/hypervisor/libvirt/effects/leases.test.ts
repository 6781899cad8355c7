import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dhcpServer } from "./leases.ts";

suite("where a network gives out addresses", () => {
  const cases = [
    ["<network><ip address='10.0.0.1' netmask='255.0.0.0'><dhcp/></ip></network>", "10.0.0.1"],
    ["<network><ip family='ipv4' address='10.0.0.1' prefix='8'><dhcp/></ip></network>", "10.0.0.1"],
    [
      "<network><ip address='10.0.0.1'/><ip family='ipv6' address='fd00::1'><dhcp/></ip><ip address='10.1.0.1'><dhcp/></ip></network>",
      "10.1.0.1",
    ],
    ["<network><ip family='ipv6' address='fd00::1'><dhcp/></ip></network>", undefined],
    ["<network><ip address='10.0.0.1' netmask='255.0.0.0'/></network>", undefined],
    ["<network><forward mode='bridge'/><bridge name='br0'/></network>", undefined],
  ] as const;
  for (const [xml, want] of cases) test(xml, () => assert.equal(dhcpServer(xml), want));
});
