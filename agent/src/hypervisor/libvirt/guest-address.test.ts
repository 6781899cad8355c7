import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { leaseSeconds, pickAddress } from "./guest-address.ts";
import type { Lease } from "./guest-address.ts";
import { guestCards } from "./guest-agent.ts";
import type { GuestCard } from "./guest-agent.ts";

const STARTED = new Date("2026-01-02T03:04:05Z");
const after = (seconds: number): Date => new Date(STARTED.getTime() + seconds * 1000);
const lease = (address: string, seconds?: number): Lease => ({
  address,
  family: address.includes(":") ? "ipv6" : "ipv4",
  ...(seconds !== undefined && { grantedAt: after(seconds) }),
});
const card = (mac: string, ...addresses: readonly string[]): GuestCard => ({
  mac,
  addresses: addresses.map((address) => ({ address, family: address.includes(":") ? "ipv6" : "ipv4" })),
});

suite("a machine's address", () => {
  const cases: {
    name: string;
    macs?: readonly string[];
    cards?: readonly GuestCard[];
    leases?: Readonly<Record<string, readonly Lease[]>>;
    want: string;
  }[] = [
    { name: "nobody knows one", want: "" },
    { name: "a lease of this start", leases: { a: [lease("10.0.0.2", 3)] }, want: "10.0.0.2" },
    { name: "a lease of its last life is not its own", leases: { a: [lease("10.0.0.2", -60)] }, want: "" },
    { name: "one that never ends is", leases: { a: [lease("10.0.0.2")] }, want: "10.0.0.2" },
    { name: "the newest of two", leases: { a: [lease("10.0.0.2", 3), lease("10.0.0.3", 9)] }, want: "10.0.0.3" },
    { name: "the guest knows better", cards: [card("a", "10.0.0.9")], leases: { a: [lease("10.0.0.2", 3)] }, want: "10.0.0.9" },
    { name: "the first card's", macs: ["b", "a"], cards: [card("a", "10.0.0.1"), card("b", "10.0.0.2")], want: "10.0.0.2" },
    {
      name: "IPv4 of the second before IPv6 of the first",
      macs: ["a", "b"],
      cards: [card("a", "2001:db8::1"), card("b", "10.0.0.2")],
      want: "10.0.0.2",
    },
    { name: "IPv6 where there is no other", cards: [card("a", "fe80::1", "2001:db8::1")], want: "2001:db8::1" },
    { name: "none of its loopback or of a link alone", cards: [card("a", "127.0.0.1", "169.254.7.7", "FE80::1", "::1")], want: "" },
    { name: "a card inside the guest is none of the machine's", cards: [card("docker", "172.17.0.1")], want: "" },
    { name: "what is no address is none", cards: [card("a", "<script>")], want: "" },
  ];
  for (const { name, macs = ["a"], cards = [], leases = {}, want } of cases)
    test(name, () => assert.equal(pickAddress(macs, { cards, leasesOf: (mac) => leases[mac] ?? [], startedAt: STARTED }), want));
});

suite("how long a network's leases last", () => {
  const cases = [
    ["<network/>", 3600],
    ["<network><ip><dhcp><range start='1' end='2'><lease expiry='30'/></range></dhcp></ip></network>", 1800],
    ["<network><ip><dhcp><range><lease expiry='12' unit='hours'/></range></dhcp></ip></network>", 43_200],
    ["<network><ip><dhcp><range><lease expiry='90' unit='seconds'/></range></dhcp></ip></network>", 90],
    ["<network><ip><dhcp><range><lease expiry='0'/></range></dhcp></ip></network>", undefined],
    ["<network><ip><dhcp><range><lease expiry='soon'/></range></dhcp></ip></network>", 3600],
  ] as const;
  for (const [xml, want] of cases) test(xml, () => assert.equal(leaseSeconds(xml), want));
});

suite("what a guest says of its cards", () => {
  test("is read as its agent writes it", () => {
    const said = [
      { name: "lo", "hardware-address": "00:00:00:00:00:00", "ip-addresses": [] },
      {
        name: "eth0",
        "hardware-address": "52:54:00:AA:00:01",
        "ip-addresses": [{ "ip-address": "10.0.0.2", "ip-address-type": "ipv4", prefix: 24 }],
      },
    ];
    assert.deepEqual(guestCards(said), [
      { mac: "00:00:00:00:00:00", addresses: [] },
      { mac: "52:54:00:aa:00:01", addresses: [{ family: "ipv4", address: "10.0.0.2" }] },
    ]);
  });
  for (const said of [undefined, null, "no", 7, {}, [null, 3, "x", {}], [{ "hardware-address": 1 }]])
    test(`or not at all: ${JSON.stringify(said)}`, () => assert.deepEqual(guestCards(said), []));
  for (const addresses of [
    null,
    "x",
    [null],
    [{ "ip-address": 1, "ip-address-type": "ipv4" }],
    [{ "ip-address": "1", "ip-address-type": "ipx" }],
  ])
    test(`or without addresses: ${JSON.stringify(addresses)}`, () =>
      assert.deepEqual(guestCards([{ "hardware-address": "a", "ip-addresses": addresses }]), [{ mac: "a", addresses: [] }]));
});
