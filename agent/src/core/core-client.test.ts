import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { plainTarget } from "@ghost/proto/client";
import { status } from "@grpc/grpc-js";
import { openLog } from "../logging.ts";
import { startCoreClient } from "./core-client.ts";
import type { CoreClient, CoreClientOptions } from "./core-client.ts";
import type { CoreSnapshot, CreatedVm } from "./messages.ts";
import { startCoreServer, testClock, until, wakeUntil } from "./testdata/core-server.ts";
import type { CoreServer, TestClock } from "./testdata/core-server.ts";

const BEAT_MS = 30_000;
const web: CreatedVm = {
  uid: "u1",
  name: "web",
  status: "running",
  ipAddress: "10.0.0.5",
  vcpu: 2,
  ram_gb: 3.5,
  disk_gb: 20,
  template: "debian-12",
};
const snapshot: CoreSnapshot = {
  total: { vcpu: 8, ram_gb: 31.4, disk_gb: 500 },
  available: { vcpu: -1, ram_gb: 12, disk_gb: 250.9 },
  vms: [web],
};

interface Bench {
  readonly core: CoreServer;
  readonly clock: TestClock;
  readonly client: CoreClient;
  readonly beats: boolean[];
  readonly endpoints: string[];
  /** Messages of the log, with their level. */
  readonly log: string[];
}

async function bench(
  t: TestContext,
  more: Partial<CoreClientOptions> = {},
  prepare: (core: CoreServer) => void = () => {},
): Promise<Bench> {
  const core = await startCoreServer();
  prepare(core);
  const clock = testClock();
  const [beats, endpoints, log]: [boolean[], string[], string[]] = [[], [], []];
  const { logger } = openLog({ level: "info", stdout: true, format: "json" }, { write: (line) => void log.push(line) });
  const client = startCoreClient({
    target: plainTarget(core.address),
    agentName: "desk",
    tailscaleIp: "100.64.0.7",
    version: "0.1.0",
    heartbeatMs: BEAT_MS,
    snapshot: async () => snapshot,
    metrics: { heartbeat: (good) => beats.push(good), apiCall: (endpoint) => endpoints.push(endpoint) },
    logger,
    clock,
    ...more,
  });
  t.after(async () => {
    await client.stop();
    core.kill();
  });
  return { core, clock, client, beats, endpoints, log };
}

const registered = (log: readonly string[]): Promise<void> => until(() => log.some((line) => line.includes("Registered")));

suite("startCoreClient", () => {
  test("registers, beats, and takes leave", async (t) => {
    const { core, clock, client, beats, endpoints } = await bench(t);
    assert.equal(await clock.wake(), BEAT_MS);
    assert.equal(await clock.wake(), BEAT_MS);
    await until(() => core.calls.length === 3);
    await client.stop();
    assert.deepEqual(core.calls, ["register", "heartbeat core-1", "heartbeat core-1", "unregister core-1"]);
    assert.deepEqual(beats.slice(0, 1), [true]);
    assert.deepEqual([...new Set(endpoints)], ["register", "heartbeat", "unregister"]);
    const resources = {
      total_cpu: 8,
      available_cpu: 0,
      total_ram_gb: 31,
      available_ram_gb: 12,
      total_disk_gb: 500,
      available_disk_gb: 250,
    };
    assert.deepEqual(core.requests[0]?.request, { agent_name: "desk", tailscale_ip: "100.64.0.7", resources, version: "0.1.0" });
    assert.deepEqual(core.requests[1]?.request, {
      agent_id: "core-1",
      resources,
      vms: [{ vm_id: "u1", vm_name: "web", status: "running", ip_address: "10.0.0.5", vcpu: 2, ram_gb: 4 }],
      timestamp: 1896091200,
    });
  });

  test("a heartbeat has three attempts with longer pauses, then the agent registers with the next beat", async (t) => {
    const { core, clock, beats } = await bench(t);
    await until(() => core.calls.length === 1);
    core.next["heartbeat"] = Array.from({ length: 3 }, () => ({ code: status.UNAVAILABLE, details: "busy" }));
    const pauses = [await clock.wake(), await clock.wake(), await clock.wake()];
    assert.deepEqual(pauses, [BEAT_MS, 1000, 2000]);
    await until(() => beats.length === 1);
    core.agentId = "core-2";
    assert.equal(await clock.wake(), BEAT_MS);
    await clock.wake();
    await until(() => core.calls.length === 6);
    assert.deepEqual(core.calls, ["register", "heartbeat core-1", "heartbeat core-1", "heartbeat core-1", "register", "heartbeat core-2"]);
    assert.equal(beats[0], false);
  });

  const refused = [
    { name: "refuses", answer: { success: false, message: "who?" } },
    { name: "does not know the agent any more", answer: { code: status.NOT_FOUND, details: "who?" } },
  ];
  for (const { name, answer } of refused) {
    test(`a Ghost Core that ${name} is registered with again at once`, async (t) => {
      const { core, clock, beats } = await bench(t);
      await until(() => core.calls.length === 1);
      core.agentId = "core-2";
      core.next["heartbeat"] = [answer];
      await clock.wake();
      await until(() => core.calls.length === 3);
      await clock.wake();
      await until(() => beats.length === 2);
      assert.deepEqual(core.calls, ["register", "heartbeat core-1", "register", "heartbeat core-2"]);
      assert.deepEqual(beats, [false, true]);
      assert.deepEqual(clock.pauses.slice(0, 2), [BEAT_MS, BEAT_MS]);
    });
  }

  test("a refused registration is tried with each beat, not in a loop", async (t) => {
    const { core, clock, log } = await bench(t, {}, (server) => {
      server.next["register"] = [
        { success: false, message: "full" },
        { success: true, agent_id: "" },
      ];
    });
    await clock.wake();
    await clock.wake();
    await until(() => core.calls.length === 3);
    await clock.wake();
    await until(() => core.calls.length === 4);
    assert.deepEqual(core.calls, ["register", "register", "register", "heartbeat core-1"]);
    assert.equal(log.filter((line) => /refuses to register/.test(line)).length, 2);
  });

  test("a Ghost Core that dies and comes back hears everything, in order", async (t) => {
    const { core, clock, client, beats, log } = await bench(t);
    await registered(log);
    core.kill();
    client.reportCreated(web);
    client.reportStatus("u1", "stopped");
    client.reportDeleted("u1");
    await wakeUntil(clock, () => beats.length > 0);
    assert.deepEqual(beats, [false]);

    const again = await startCoreServer(core.address);
    t.after(() => again.kill());
    again.agentId = "core-2";
    await wakeUntil(clock, () => again.calls.includes("deleted u1 core-2"));
    assert.deepEqual(
      again.calls.filter((call) => !call.startsWith("heartbeat")),
      ["register", "created web core-2", "status u1 stopped core-2", "deleted u1 core-2"],
    );
    assert.ok(log.filter((line) => /cannot be reached/.test(line)).length <= 1, "said once");
  });

  test("one that is not there yet", async (t) => {
    const first = await startCoreServer();
    first.kill();
    const clock = testClock();
    const { client } = await bench(t, { target: plainTarget(first.address), clock });
    client.reportCreated(web);
    assert.deepEqual([await clock.wake(), await clock.wake(), await clock.wake()], [1000, 2000, BEAT_MS]);
    const core = await startCoreServer(first.address);
    t.after(() => core.kill());
    await wakeUntil(clock, () => core.calls.length > 1);
    assert.deepEqual(core.calls.slice(0, 2), ["register", "created web core-1"]);
  });

  test("one that never answers is given up", async (t) => {
    const { core, clock, beats } = await bench(t, { timeoutMs: 100 });
    await until(() => core.calls.length === 1);
    core.next["heartbeat"] = ["silence", "silence", "silence"];
    await wakeUntil(clock, () => beats.length > 0);
    assert.deepEqual(beats, [false]);
  });

  test("reports carry everything", async (t) => {
    const { core, client } = await bench(t);
    client.reportCreated(web);
    await until(() => core.calls.length === 2);
    assert.deepEqual(core.requests[1]?.request, {
      agent_id: "core-1",
      vm_id: "u1",
      vm_name: "web",
      vcpu: 2,
      ram_gb: 4,
      disk_gb: 20,
      ip_address: "10.0.0.5",
      template: "debian-12",
    });
  });

  test("a report that is refused is said and gone; the next goes out", async (t) => {
    const { core, client, log } = await bench(t, {}, (server) => {
      server.next["created"] = [{ success: false, message: "no" }];
      server.next["deleted"] = [{ code: status.INVALID_ARGUMENT, details: "no" }];
    });
    client.reportCreated(web);
    client.reportDeleted("u1");
    client.reportStatus("u1", "running");
    await until(() => core.calls.length === 4);
    assert.deepEqual(core.calls, ["register", "created web core-1", "deleted u1 core-1", "status u1 running core-1"]);
    await until(() => log.filter((line) => /refuses the report|Gave up the report/.test(line)).length === 2);
  });

  test("a report that Ghost Core cannot digest does not stop the others for ever", async (t) => {
    const { core, clock, client } = await bench(t);
    core.next["created"] = Array.from({ length: 100 }, () => ({ code: status.INTERNAL, details: "boom" }));
    client.reportCreated(web);
    client.reportDeleted("u2");
    await wakeUntil(clock, () => core.calls.includes("deleted u2 core-1"));
    assert.equal(core.calls.filter((call) => call.startsWith("created")).length, 15);
  });

  test("reports never wait for Ghost Core, and the oldest go when there are too many", async (t) => {
    const clock = testClock();
    const dead = await startCoreServer();
    dead.kill();
    const { client } = await bench(t, { target: plainTarget(dead.address), clock });
    for (let index = 0; index < 1200; index++) client.reportDeleted(`u${index}`);
    const core = await startCoreServer(dead.address);
    t.after(() => core.kill());
    await wakeUntil(clock, () => core.calls.includes("deleted u1199 core-1"));
    const reports = core.calls.filter((call) => call.startsWith("deleted"));
    assert.deepEqual([reports.length, reports[0]], [1000, "deleted u200 core-1"]);
  });

  test("commands are not carried out, and said once", async (t) => {
    const commands = [{ command_id: "c1", type: "delete_vm", params: { vm_id: "u1" } }];
    const { core, clock, log } = await bench(t, {}, (server) => {
      server.next["heartbeat"] = [{ commands }, { commands }];
    });
    await clock.wake();
    await clock.wake();
    await until(() => core.calls.length === 3);
    await clock.wake();
    await until(() => core.calls.length === 4);
    const said = log.filter((line) => line.includes("ignored")).map((line) => JSON.parse(line));
    assert.deepEqual(
      said.map(({ command_id, type }) => ({ command_id, type })),
      [{ command_id: "c1", type: "delete_vm" }],
    );
  });

  test("a hypervisor that hangs: what was last known", async (t) => {
    let asked = 0;
    const { core, clock } = await bench(t, {
      timeoutMs: 100,
      snapshot: () => (asked++ === 0 ? Promise.resolve(snapshot) : new Promise(() => {})),
    });
    await clock.wake();
    await until(() => core.calls.length === 2);
    assert.deepEqual(core.requests[1]?.request["resources"], core.requests[0]?.request["resources"]);
  });

  test("a hypervisor that never answered: nothing is said, rather than that there is no VM", async (t) => {
    const { core, clock, client } = await bench(t, { snapshot: () => Promise.reject(new Error("down")) });
    await clock.wake();
    await client.stop();
    assert.deepEqual(core.calls, []);
  });
});

suite("stop", () => {
  test("sends what is left first", async (t) => {
    const { core, client } = await bench(t);
    await until(() => core.calls.length === 1);
    core.next["created"] = ["silence"];
    client.reportCreated(web);
    client.reportDeleted("u1");
    await until(() => core.calls.length === 2);
    await client.stop();
    client.reportDeleted("too late");
    assert.deepEqual(core.calls.slice(2), ["created web core-1", "deleted u1 core-1", "unregister core-1"]);
  });

  test("does not wait for a Ghost Core that is gone", async (t) => {
    const { core, client, log } = await bench(t);
    await registered(log);
    core.kill();
    await Promise.all([client.stop(), client.stop()]);
    await until(() => log.some((line) => line.includes("Could not take leave")));
  });

  test("while it registers", async (t) => {
    const { client } = await bench(t, {}, (server) => {
      server.next["register"] = ["silence"];
    });
    await client.stop();
  });
});
