import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { releaseMessage, sendRelease } from "./dhcp-release.ts";
import type { ReleasedLease } from "./dhcp-release.ts";

const LEASE: ReleasedLease = { server: "192.168.122.1", mac: "52:54:00:AB:CD:EF", address: "192.168.122.45" };

/** The fields of RFC 2131, figure 1, by what table 5 has in a DHCPRELEASE, and the options as RFC 2132 writes them. */
const HEADER = [
  "01", // op: BOOTREQUEST
  "01", // htype: Ethernet
  "06", // hlen
  "00", // hops
  "deadbeef", // xid
  "0000", // secs
  "0000", // flags
  "c0a87a2d", // ciaddr
  "00000000", // yiaddr
  "00000000", // siaddr
  "00000000", // giaddr
  "525400abcdef00000000000000000000", // chaddr
  "00".repeat(64), // sname
  "00".repeat(128), // file
  "63825363", // magic cookie
  "350107", // DHCP message type: DHCPRELEASE
  "3604c0a87a01", // server identifier
].join("");

suite("a DHCPRELEASE", () => {
  const cases = [
    { name: "of a guest that did not name itself", clientId: undefined, options: "" },
    { name: "of one that named itself by its card", clientId: "01:52:54:00:ab:cd:ef", options: "3d0701525400abcdef" },
    { name: "of one that named itself by a DUID", clientId: "ff:00:00:00:01:00:04:aa", options: "3d08ff000000010004aa" },
    { name: "of one whose name libvirt does not know", clientId: "*", options: "" },
  ];
  for (const { name, clientId, options } of cases)
    test(name, () => {
      const message = releaseMessage({ ...LEASE, clientId }, Buffer.from("deadbeef", "hex"));
      assert.equal(message.toString("hex"), `${HEADER}${options}ff`.padEnd(600, "0"));
    });

  test("has room for the longest name", () => {
    const clientId = Array.from({ length: 255 }, () => "ab").join(":");
    const message = releaseMessage({ ...LEASE, clientId }, Buffer.from("deadbeef", "hex"));
    assert.equal(message.toString("hex"), `${HEADER}3dff${"ab".repeat(255)}ff`);
  });

  test("goes nowhere when the server is not on this host", async () => {
    await assert.rejects(sendRelease({ ...LEASE, server: "192.0.2.1" }), { code: "EADDRNOTAVAIL" });
  });
});
