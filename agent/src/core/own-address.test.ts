import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { suite, test } from "node:test";
import { ownAddress } from "./own-address.ts";

const at = (address: string, internal = false): NetworkInterfaceInfo[] => [
  { address, family: "IPv4", internal, netmask: "", mac: "", cidr: null },
];

suite("ownAddress", () => {
  const cases: readonly { name: string; interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>; want: string }[] = [
    {
      name: "Tailscale's, wherever it stands",
      interfaces: { lo: at("127.0.0.1", true), eth0: at("192.168.1.5"), tailscale0: at("100.101.2.3") },
      want: "100.101.2.3",
    },
    {
      name: "the edges of its range",
      interfaces: { a: at("100.63.255.255"), b: at("100.128.0.0"), c: at("100.127.255.255") },
      want: "100.127.255.255",
    },
    {
      name: "else the first of the network",
      interfaces: { lo: at("127.0.0.1", true), eth0: at("192.168.1.5"), eth1: at("10.0.0.1") },
      want: "192.168.1.5",
    },
    { name: "else loopback", interfaces: { lo: at("127.0.0.1", true), none: undefined }, want: "127.0.0.1" },
  ];
  for (const { name, interfaces, want } of cases) test(name, () => assert.equal(ownAddress(interfaces), want));
  test("this machine's own", () => assert.match(ownAddress(), /^\d+\.\d+\.\d+\.\d+$/));
});
