import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Domain, DomainUsage } from "../driver.ts";
import { FAKE_CONFIG, FakeLibvirt } from "./testdata/fake-libvirt.ts";
import type { FakeDomain } from "./testdata/fake-libvirt.ts";
import { UsageReader } from "./usage.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const GIB = 2 ** 30;
const SECOND_NS = 1e9;

interface Bench {
  readonly domain: FakeDomain;
  /** At this many seconds after the machine's start. */
  readonly at: (seconds: number, statistics?: Readonly<Record<string, number>>) => Promise<DomainUsage | undefined>;
}

function bench(vcpu = 2): Bench {
  const libvirt = new FakeLibvirt();
  const domain: FakeDomain = { config: FAKE_CONFIG, id: 1 };
  libvirt.domains.set(UID, domain);
  const startedAt = new Date(1_000_000);
  const config = { ...FAKE_CONFIG, vcpu };
  const active: Domain = {
    uid: UID,
    status: "running",
    statusReason: "",
    live: config,
    stored: config,
    metadata: "",
    ipAddress: "",
    guestAgent: false,
    bootFinished: false,
    startedAt,
  };
  let nowMs = 0;
  const reader = new UsageReader({ ask: libvirt, probe: libvirt, active: async () => [active], now: () => nowMs });
  return {
    domain,
    at: async (seconds, statistics = {}) => {
      nowMs = startedAt.getTime() + seconds * 1000;
      domain.statistics = statistics;
      return (await reader.read()).get(UID);
    },
  };
}

suite("usage", () => {
  test("of processors: since the start, then since the question before", async () => {
    const { at, domain } = bench();
    const first = await at(100, { "cpu.time": 20 * SECOND_NS });
    assert.deepEqual([first?.cpuPercent, first?.cpuSeconds, first?.uptimeSeconds], [10, 20, 100]);
    assert.equal((await at(110, { "cpu.time": 30 * SECOND_NS }))?.cpuPercent, 50);
    // Two who ask at the same time compare with the same.
    assert.equal((await at(110.2, { "cpu.time": 30 * SECOND_NS }))?.cpuPercent, 49);
    assert.equal((await at(120, { "cpu.time": 50 * SECOND_NS }))?.cpuPercent, 100);
    // Clocks differ by a tick.
    assert.equal((await at(122, { "cpu.time": 55 * SECOND_NS }))?.cpuPercent, 100);
    domain.id = 2;
    assert.equal((await at(200, { "cpu.time": 4 * SECOND_NS }))?.cpuPercent, 1);
    assert.equal((await at(210, { "cpu.time": 3 * SECOND_NS }))?.cpuPercent, 0);
  });

  test("at the moment of the start nothing is used, and nothing is divided by it", async () => {
    assert.deepEqual(await bench().at(0), {
      cpuPercent: 0,
      ramPercent: 0,
      uptimeSeconds: 0,
      cpuSeconds: 0,
      ramBytes: 0,
      ramUsedBytes: 0,
      disk: { readBytes: 0, writtenBytes: 0 },
      network: { receivedBytes: 0, sentBytes: 0 },
    });
  });

  const kib = { "balloon.current": 4 * 2 ** 20, "balloon.rss": 3 * 2 ** 20 };
  const memory = [
    { name: "what its QEMU holds, where the guest says nothing", statistics: kib, want: [75, 3] },
    {
      name: "never more than it has",
      statistics: { ...kib, "balloon.rss": 5 * 2 ** 20 },
      want: [100, 4],
    },
    {
      name: "what the guest says; caches count as free",
      statistics: { ...kib, "balloon.available": 4 * 2 ** 20, "balloon.unused": 2 ** 20, "balloon.usable": 2 * 2 ** 20 },
      want: [50, 2],
    },
    {
      name: "what an older guest says",
      statistics: { ...kib, "balloon.available": 4 * 2 ** 20, "balloon.unused": 2 ** 20 },
      want: [75, 3],
    },
  ] as const;
  for (const { name, statistics, want } of memory) {
    test(`of memory: ${name}`, async () => {
      const usage = await bench().at(1, statistics);
      assert.deepEqual([usage?.ramPercent, (usage?.ramUsedBytes ?? 0) / GIB, usage?.ramBytes], [...want, 4 * GIB]);
    });
  }

  test("of disks and cards: the sum", async () => {
    const usage = await bench().at(1, {
      "block.count": 2,
      "block.0.rd.bytes": 1,
      "block.1.rd.bytes": 2,
      "block.1.wr.bytes": 4,
      "net.count": 2,
      "net.0.rx.bytes": 8,
      "net.1.rx.bytes": 16,
      "net.0.tx.bytes": 32,
    });
    assert.deepEqual(
      [usage?.disk, usage?.network],
      [
        { readBytes: 3, writtenBytes: 4 },
        { receivedBytes: 24, sentBytes: 32 },
      ],
    );
  });

  test("a machine that stands still has none", async () => {
    const { at, domain } = bench();
    domain.state = [3, 1];
    assert.equal(await at(1), undefined);
  });
});
