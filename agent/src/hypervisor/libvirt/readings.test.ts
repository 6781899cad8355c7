import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import { LibvirtError } from "@ghost/libvirt";
import { GhostError, SAVED_DOMAIN } from "@ghost/schemas";
import type { DomainConfig } from "../driver.ts";
import { statusOf } from "./domain-status.ts";
import { LibvirtReadings } from "./readings.ts";
import { StartTimes } from "./start-times.ts";
import { FAKE_CONFIG, FakeLibvirt, serverError } from "./testdata/fake-libvirt.ts";
import type { FakeDomain } from "./testdata/fake-libvirt.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const OTHER = "6f8d1c5e-0f5a-4b1d-9d44-222222222222";
const NOW = new Date("2026-01-02T03:04:05Z");

function bench(domains: Readonly<Record<string, FakeDomain>> = {}): { readonly libvirt: FakeLibvirt; readonly readings: LibvirtReadings } {
  const libvirt = new FakeLibvirt();
  for (const [uid, domain] of Object.entries(domains)) libvirt.domains.set(uid, domain);
  const readings = new LibvirtReadings({
    ask: libvirt,
    autoType: "qemu",
    defaultNetwork: "lab",
    guests: async (running) => new Map(running.map(({ uid }) => [uid, { ipAddress: "192.0.2.1", bootFinished: true }])),
    startTimes: new StartTimes({ procFolder: "/nowhere", now: () => NOW }),
  });
  return { libvirt, readings };
}

suite("readings", () => {
  test("a domain that is off is what is stored", async () => {
    const { readings } = bench({ [UID]: { config: FAKE_CONFIG, autostart: true } });
    const config: DomainConfig = { ...FAKE_CONFIG, autostart: true, nics: { default: { mac: "52:54:00:00:00:01", network: "default" } } };
    assert.deepEqual(await readings.list(), [
      {
        uid: UID,
        status: "stopped",
        statusReason: "",
        live: config,
        stored: config,
        metadata: "note",
        ipAddress: "",
        guestAgent: false,
        bootFinished: false,
      },
    ]);
  });

  test("one that was saved with its memory says so, whatever libvirt remembers of its end, until it goes on", async () => {
    const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG, isSaved: true }, [OTHER]: { config: FAKE_CONFIG, state: [5, 5] } });
    assert.deepEqual(
      (await readings.list()).map(({ status, statusReason }) => [status, statusReason]),
      [
        ["stopped", SAVED_DOMAIN],
        ["stopped", "saved"],
      ],
    );
    libvirt.domains.set(UID, { config: FAKE_CONFIG, isSaved: true, id: 3 });
    assert.equal((await readings.find(UID))?.statusReason, "booted");
  });

  test("a disk is ours by its file's name, under whatever path the folder is reached", async () => {
    const id = "0123456789abcdef0123";
    const disks = Object.fromEntries(["root", "data", "copy", "other"].map((name) => [name, { id, sizeGb: 0 }]));
    const paths = {
      root: `/var/lib/ghost/disks/${UID}/${id}.qcow2`,
      data: `/srv/ghost/${UID}/${id}.qcow2`,
      copy: `/var/lib/ghost/disks/${UID}/${id}-copy.qcow2`,
      other: `/var/lib/ghost/disks/${OTHER}/${id}.qcow2`,
    };
    const { readings } = bench({ [UID]: { config: { ...FAKE_CONFIG, disks }, paths } });
    const found = (await readings.require(UID)).domain.stored.disks;
    assert.deepEqual(
      Object.entries(found).flatMap(([name, { isForeign }]) => (isForeign === true ? name : [])),
      ["copy", "other"],
    );
  });

  test("one that runs has what is live, what its guest says and when it started", async () => {
    const { readings } = bench({ [UID]: { config: FAKE_CONFIG, live: { ...FAKE_CONFIG, vcpu: 2 }, id: 3 } });
    const domain = await readings.find(UID);
    assert.deepEqual(
      [domain?.status, domain?.statusReason, domain?.live.vcpu, domain?.stored.vcpu, domain?.ipAddress, domain?.startedAt],
      ["running", "booted", 2, 1, "192.0.2.1", NOW],
    );
  });

  test("an unchanged domain is the same object, and costs no question but for its XML", async () => {
    const { libvirt, readings } = bench({
      [UID]: { config: FAKE_CONFIG, id: 3 },
      [OTHER]: { config: { ...FAKE_CONFIG, name: "other" } },
    });
    const first = await readings.list();
    libvirt.asked.length = 0;
    const second = await readings.list();
    assert.equal(first.length, 2);
    assert.ok(second.every((domain, index) => domain === first[index]));
    assert.deepEqual(libvirt.asked.sort(), [
      "GET_ALL_DOMAIN_STATS",
      "GET_XML_DESC",
      "GET_XML_DESC",
      "GET_XML_DESC",
      "LIST_ALL_DOMAINS",
      "LIST_ALL_DOMAINS",
      "LIST_ALL_DOMAINS",
    ]);
    libvirt.domains.get(OTHER)!.autostart = true;
    const third = await readings.list();
    assert.deepEqual(
      third.map((domain, index) => domain === first[index]),
      [true, false],
    );
  });

  test("one of many costs what one alone does", async () => {
    const asked = async (count: number): Promise<readonly string[]> => {
      const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG, id: 1, autostart: true } });
      for (let index = 0; index < count; index++)
        libvirt.domains.set(randomUUID(), { config: FAKE_CONFIG, id: index + 2, autostart: true });
      assert.equal((await readings.find(UID))?.live.autostart, true);
      return libvirt.asked.sort();
    };
    const alone = await asked(0);
    assert.deepEqual(alone, [
      "GET_ALL_DOMAIN_STATS",
      "GET_AUTOSTART",
      "GET_XML_DESC",
      "GET_XML_DESC",
      "HAS_MANAGED_SAVE_IMAGE",
      "IS_PERSISTENT",
    ]);
    assert.deepEqual(await asked(1_000), alone);
  });

  test("lists that are asked for at the same time are two readings, and each knows what was there when it was asked for", async () => {
    const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG } });
    const first = readings.list();
    libvirt.domains.set(OTHER, { config: { ...FAKE_CONFIG, name: "other" } });
    const others = await Promise.all(Array.from({ length: 19 }, () => readings.list()));
    await first;
    for (const domains of others) assert.deepEqual(domains.map(({ uid }) => uid).sort(), [UID, OTHER].sort());
    assert.equal(libvirt.asked.filter((call) => call === "GET_ALL_DOMAIN_STATS").length, 2);
  });

  test("a passing domain's stored definition is what is live", async () => {
    const { readings } = bench({ [UID]: { config: { ...FAKE_CONFIG, vcpu: 2 }, live: FAKE_CONFIG, id: 1, isTransient: true } });
    const reading = await readings.require(UID);
    assert.deepEqual([reading.isPersistent, reading.isActive, reading.stored.config.vcpu], [false, true, 1]);
  });

  test("one that goes while the others are read is not in the list", async () => {
    const { libvirt, readings } = bench({
      [UID]: { config: FAKE_CONFIG, failure: serverError("VIR_ERR_NO_DOMAIN", "Domain not found") },
      [OTHER]: { config: { ...FAKE_CONFIG, name: "other" } },
    });
    assert.deepEqual(
      (await readings.list()).map(({ uid }) => uid),
      [OTHER],
    );
    assert.equal(await readings.find(UID), undefined);
    libvirt.domains.delete(UID);
    await assert.rejects(readings.require(UID), /no machine with the id/);
    assert.equal(await readings.find("no uuid"), undefined);
  });

  test("one that cannot be read is as it was last, with the reason, and the others are there", async () => {
    const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG }, [OTHER]: { config: { ...FAKE_CONFIG, name: "other" } } });
    const [before] = await readings.list();
    libvirt.domains.get(UID)!.failure = serverError("VIR_ERR_ACCESS_DENIED", "access denied");
    const [failed, other] = await readings.list();
    assert.deepEqual(failed, { ...before, status: "error", statusReason: "cannot be read: access denied" });
    // Who would remove what belongs to nobody must not take it for gone.
    await assert.rejects(readings.read(UID), /HOST_ERROR.*"web" cannot be read: access denied/);
    assert.equal((await readings.list())[0], failed);
    assert.equal(other?.status, "stopped");
    await assert.rejects(readings.require(UID), /"web" cannot be read: access denied/);
    libvirt.domains.set(UID, { config: { ...FAKE_CONFIG, vcpu: 2 } });
    assert.equal((await readings.list())[0]?.stored.vcpu, 2);
    libvirt.domains.get(UID)!.failure = serverError("VIR_ERR_ACCESS_DENIED", "access denied");
    assert.equal((await readings.list())[0]?.stored.vcpu, 2);
    const never = bench({ [UID]: { config: FAKE_CONFIG, failure: serverError("VIR_ERR_INTERNAL_ERROR", "odd") } });
    assert.deepEqual(
      (await never.readings.list()).map(({ status, stored }) => [status, stored.name]),
      [["error", "web"]],
    );
  });

  test("a libvirt that goes is a problem of the host, and no shorter list", async () => {
    const lost = new LibvirtError({ source: "disconnected", message: "The connection was lost.", code: 39, domain: 7 });
    const { readings } = bench({ [UID]: { config: FAKE_CONFIG, failure: lost }, [OTHER]: { config: FAKE_CONFIG } });
    await assert.rejects(readings.list(), (error: unknown) => {
      assert.ok(error instanceof GhostError);
      assert.equal(error.diagnostics[0].code, "HOST_ERROR");
      return true;
    });
  });

  const spoke = { "balloon.last-update": 1_700_000_000 };
  const cases: { name: string; live: number; stored?: number; statistics?: Readonly<Record<string, number>>; want: number }[] = [
    { name: "all of the headroom is not what it holds before the guest has spoken", live: 4, want: 1 },
    { name: "nor when it never asked for statistics", live: 4, statistics: { "balloon.last-update": 0 }, want: 1 },
    { name: "what it holds counts once it has", live: 4, statistics: spoke, want: 4 },
    { name: "less too", live: 0.5, statistics: spoke, want: 0.5 },
    { name: "but for rounding", live: 1 + 15 / 1024, statistics: spoke, want: 1 },
    { name: "and not for more than that", live: 1 + 17 / 1024, statistics: spoke, want: 1 + 17 / 1024 },
    { name: "of a large one a hundredth", live: 3.97, stored: 4, statistics: spoke, want: 4 },
    { name: "what only the next boot can have is not what it holds", live: 4, stored: 8, want: 4 },
  ];
  for (const { name, live, stored = 1, statistics, want } of cases) {
    test(`memory: ${name}`, async () => {
      const config = { ...FAKE_CONFIG, ramGb: stored, ramMaxGb: Math.max(4, stored) };
      const { readings } = bench({
        [UID]: { config, live: { ...FAKE_CONFIG, ramGb: live }, id: 1, ...(statistics !== undefined && { statistics }) },
      });
      assert.equal((await readings.find(UID))?.live.ramGb, want);
    });
  }

  test("memory: a new start has to speak anew", async () => {
    const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG, live: { ...FAKE_CONFIG, ramGb: 4 }, id: 1, statistics: spoke } });
    assert.equal((await readings.find(UID))?.live.ramGb, 4);
    libvirt.domains.set(UID, { config: FAKE_CONFIG, live: { ...FAKE_CONFIG, ramGb: 4 }, id: 2 });
    assert.equal((await readings.find(UID))?.live.ramGb, 1);
  });

  test("memory: a balloon on its way counts as where it was sent", async () => {
    const { readings } = bench({ [UID]: { config: FAKE_CONFIG, live: { ...FAKE_CONFIG, ramGb: 3 }, id: 1, statistics: spoke } });
    readings.balloonMoved(UID);
    assert.equal((await readings.find(UID))?.live.ramGb, 1);
  });

  test("who runs is asked, and what they are is not read again", async () => {
    const { libvirt, readings } = bench({ [UID]: { config: FAKE_CONFIG, id: 1 }, [OTHER]: { config: FAKE_CONFIG } });
    await readings.list();
    libvirt.asked.length = 0;
    assert.deepEqual(
      (await readings.active()).map(({ uid }) => uid),
      [UID],
    );
    assert.deepEqual(libvirt.asked, ["LIST_ALL_DOMAINS"]);
    libvirt.domains.get(UID)!.id = 2;
    assert.equal((await readings.active()).length, 1);
    assert.ok(libvirt.asked.includes("GET_XML_DESC"));
  });
});

suite("status", () => {
  const cases = [
    ["running", "booted", "running", "booted"],
    ["blocked", "unknown", "running", ""],
    ["shutdown", "user", "running", "shutting down: user"],
    ["paused", "user", "paused", "user"],
    ["paused", "ioerror", "paused", "I/O error: a disk of the host is full, or fails"],
    ["paused", "starting-up", "running", "starting-up"],
    ["pmsuspended", "unknown", "paused", "suspended by the guest"],
    ["shutoff", "unknown", "stopped", ""],
    ["shutoff", "crashed", "stopped", "crashed"],
    ["crashed", "panicked", "error", "the guest panicked"],
    ["17", "3", "error", "state 17"],
  ] as const;
  for (const [state, reason, status, statusReason] of cases)
    test(`${state} ${reason}`, () => assert.deepEqual(statusOf({ state: state as "running", reason }), { status, statusReason }));
});
