import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { fromDomainXml } from "./domain-xml/from-domain-xml.ts";
import { toDomainXml } from "./domain-xml/to-domain-xml.ts";
import { GuestWatch } from "./guest-watch.ts";
import type { GuestSays, Running } from "./readings.ts";
import { FAKE_CONFIG, FakeLibvirt, serverError } from "./testdata/fake-libvirt.ts";

const UID = "6f8d1c5e-0f5a-4b1d-9d44-111111111111";
const MAC = "52:54:00:00:00:01";
const STARTED_MS = 1_000_000;
const HOUR_S = 3_600;

interface Bench {
  readonly watch: GuestWatch;
  readonly ask: FakeLibvirt;
  readonly work: FakeLibvirt;
  readonly news: string[];
  /** What the network has given, and what the guest's agent answers; the guest hangs where it is undefined. */
  readonly world: { leases: readonly string[]; agent: ((execute: string) => unknown) | undefined };
  readonly says: (id?: number, guestAgent?: boolean) => Promise<GuestSays | undefined>;
  readonly pass: (seconds: number) => Promise<void>;
}

function bench(t: TestContext): Bench {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: STARTED_MS });
  const world: Bench["world"] = { leases: [], agent: undefined };
  const network = { name: "lab", uuid: Buffer.alloc(16) };
  const ask = new FakeLibvirt({
    REMOTE_PROC_NETWORK_LOOKUP_BY_NAME: () => ({ net: network }),
    REMOTE_PROC_NETWORK_GET_XML_DESC: () => ({ xml: "<network/>" }),
    REMOTE_PROC_NETWORK_GET_DHCP_LEASES: () =>
      ({
        leases: world.leases.map((ipaddr) => ({
          ipaddr,
          mac: MAC.toUpperCase(),
          type: 0,
          prefix: 24,
          expirytime: BigInt(Math.floor(STARTED_MS / 1000) + HOUR_S),
        })),
      }) as never,
  });
  const work = new FakeLibvirt({
    QEMU_PROC_DOMAIN_AGENT_COMMAND: async ({ cmd }) => {
      if (world.agent === undefined) return await new Promise<never>(() => {});
      return { result: JSON.stringify({ return: world.agent((JSON.parse(cmd) as { execute: string }).execute) }) };
    },
  });
  const news: string[] = [];
  const watch = new GuestWatch({ ask, work, onNews: (uid) => news.push(uid) });
  t.after(() => watch[Symbol.dispose]());
  return {
    watch,
    ask,
    work,
    news,
    world,
    says: async (id = 1, guestAgent = false) => (await watch.says([running(id, guestAgent)])).get(UID),
    pass: async (seconds) => {
      for (let second = 0; second < seconds; second++) {
        t.mock.timers.tick(1_000);
        for (let turn = 0; turn < 10; turn++) await setImmediate();
      }
    },
  };
}

function running(id: number, guestAgent: boolean): Running {
  const xml = toDomainXml(UID, FAKE_CONFIG, { disks: {}, consoleLog: "/x", metadata: "", type: "qemu" });
  const live = { ...fromDomainXml(xml, { sizeGbOf: () => 0, autostart: false, autoType: "qemu" }), guestAgent };
  return { uid: UID, name: "web", id, live, startedAt: new Date(STARTED_MS) };
}

const NOTHING: GuestSays = { ipAddress: "", bootFinished: false };
const CARDS = [{ "hardware-address": MAC, "ip-addresses": [{ "ip-address": "10.0.0.9", "ip-address-type": "ipv4" }] }];

suite("watching guests", () => {
  test("leases are read at the first meeting, and from then on in the background", async (t) => {
    const { ask, says, pass, news, world } = bench(t);
    world.leases = ["10.0.0.2"];
    assert.deepEqual(await says(), { ipAddress: "10.0.0.2", bootFinished: false });
    ask.asked.length = 0;
    await says();
    assert.deepEqual(ask.asked, []);
    world.leases = ["10.0.0.3"];
    await pass(29);
    assert.deepEqual(news, []);
    await pass(2);
    assert.deepEqual([...new Set(news)], [UID]);
    assert.equal((await says())?.ipAddress, "10.0.0.3");
  });

  test("an address that is awaited is news within a second", async (t) => {
    const { says, pass, news, world } = bench(t);
    assert.deepEqual(await says(), NOTHING);
    await pass(1);
    world.leases = ["10.0.0.2"];
    await pass(1);
    assert.deepEqual(news, [UID]);
    assert.equal((await says())?.ipAddress, "10.0.0.2");
  });

  test("a guest is asked once its agent is there, until it has booted", async (t) => {
    const { work, says, pass, world, news } = bench(t);
    let isBooted = false;
    world.agent = (execute) => {
      if (execute === "guest-network-get-interfaces") return CARDS;
      if (!isBooted) throw serverError("VIR_ERR_INTERNAL_ERROR", "No such file or directory");
      return execute === "guest-file-open" ? 7 : {};
    };
    await says();
    await pass(3);
    assert.deepEqual(work.asked, []);
    await says(1, true);
    await pass(1);
    assert.deepEqual(await says(1, true), { ipAddress: "10.0.0.9", bootFinished: false });
    isBooted = true;
    await pass(2);
    assert.deepEqual(await says(1, true), { ipAddress: "10.0.0.9", bootFinished: true });
    assert.ok(news.length >= 2);
    work.asked.length = 0;
    await pass(20);
    assert.deepEqual(work.asked, []);
    await pass(15);
    assert.deepEqual(work.asked, ["AGENT_COMMAND"]);
    // It was started anew inside, and is asked at once.
    await says(1, false);
    await says(1, true);
    await pass(1);
    assert.equal(work.asked.length, 2);
  });

  test("who never tells is asked ever less", async (t) => {
    const { work, says, pass, world } = bench(t);
    world.agent = () => {
      throw serverError("VIR_ERR_AGENT_UNRESPONSIVE", "not answering");
    };
    await says(1, true);
    const perMinute: number[] = [];
    for (let minute = 0; minute < 6; minute++) {
      work.asked.length = 0;
      await pass(60);
      perMinute.push(work.asked.length);
    }
    assert.ok((perMinute[0] ?? 0) > 8 && (perMinute[5] ?? 9) <= 3, String(perMinute));
  });

  test("a guest that hangs holds nobody up", async (t) => {
    const { says, pass, world } = bench(t);
    await says(1, true);
    await pass(2);
    world.leases = ["10.0.0.2"];
    await pass(2);
    assert.equal((await says(1, true))?.ipAddress, "10.0.0.2");
  });

  test("what it said ends with its start", async (t) => {
    const { says, pass, world, watch } = bench(t);
    world.agent = () => CARDS;
    await says(1, true);
    await pass(2);
    assert.equal((await says(1, true))?.ipAddress, "10.0.0.9");
    assert.deepEqual(await says(2, false), NOTHING);
    await says(2, true);
    await pass(2);
    assert.equal((await says(2, true))?.ipAddress, "10.0.0.9");
    watch.noticed({ domains: [], of: [UID] });
    assert.deepEqual(await says(2, false), NOTHING);
  });

  test("a lease that ended is no address of the next start", async (t) => {
    const { says, world } = bench(t);
    world.leases = ["10.0.0.2"];
    assert.equal((await says(1))?.ipAddress, "10.0.0.2");
    world.leases = [];
    assert.deepEqual(await says(2), NOTHING);
  });

  test("a libvirt that does not answer leaves what was known", async (t) => {
    const { ask, says, pass, world } = bench(t);
    world.leases = ["10.0.0.2"];
    await says();
    world.leases = {
      map: () => {
        throw serverError("VIR_ERR_RPC", "gone");
      },
    } as never;
    ask.asked.length = 0;
    await pass(40);
    assert.ok(ask.asked.length > 0);
    assert.equal((await says())?.ipAddress, "10.0.0.2");
  });
});
