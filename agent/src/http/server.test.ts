import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { createMetrics } from "./metrics.ts";
import type { HostGauges } from "./metrics.ts";
import { startHttp } from "./server.ts";
import type { HttpOptions, HttpServers } from "./server.ts";

const gauges: HostGauges = {
  vms: [],
  vmsRunning: 3,
  operationsRunning: 1,
  total: { vcpu: 8, ram_gb: 32, disk_gb: 500 },
  available: { vcpu: 4, ram_gb: 16.5, disk_gb: 250 },
  reserved: { vcpu: 2, ram_gb: 4, disk_gb: 50 },
};
const health = { host: "127.0.0.1", port: 0, path: "/health" };
const metricsAt = { host: "127.0.0.1", port: 0, path: "/metrics" };

function start(more: Partial<HttpOptions> = {}): Promise<HttpServers> {
  return startHttp({
    health,
    metricsAt,
    version: "0.1.0",
    metrics: createMetrics(),
    checkHypervisor: async () => ({ up: true }),
    isReady: () => true,
    readHost: async () => gauges,
    ...more,
  });
}

async function get(url: string, init?: RequestInit): Promise<{ status: number; type: string | null; body: string }> {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
}

const never = (): Promise<never> => new Promise(() => {});

suite("health", () => {
  const checks: readonly { name: string; check: HttpOptions["checkHypervisor"]; status: number; want: object }[] = [
    { name: "up", check: async () => ({ up: true }), status: 200, want: { status: "up" } },
    { name: "down", check: async () => ({ up: false, message: "no socket" }), status: 503, want: { status: "down", message: "no socket" } },
    { name: "failing", check: () => Promise.reject(new Error("broken")), status: 503, want: { status: "down", message: "broken" } },
    { name: "failing at once", check: () => assert.fail("thrown"), status: 503, want: { status: "down", message: "thrown" } },
    { name: "hanging", check: never, status: 503, want: { status: "down", message: "no answer within 0.05 s" } },
  ];
  for (const { name, check, status, want } of checks) {
    test(`a hypervisor that is ${name}`, async () => {
      await using servers = await start({ checkHypervisor: check, timeoutMs: name === "hanging" ? 50 : 10_000 });
      const answer = await get(`${servers.healthUrl}/health`);
      assert.equal(answer.status, status);
      assert.equal(answer.type, "application/json");
      const report = JSON.parse(answer.body);
      assert.match(report.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.ok(report.metrics.uptime_seconds > 0 && Number.isInteger(report.metrics.goroutines));
      assert.deepEqual(report, {
        status: status === 200 ? "healthy" : "unhealthy",
        version: "0.1.0",
        timestamp: report.timestamp,
        checks: { libvirt: want },
        metrics: report.metrics,
      });
    });
  }

  test("a hypervisor that hangs is asked once, not by everybody", async () => {
    let asked = 0;
    await using servers = await start({ checkHypervisor: () => (asked++, never()), timeoutMs: 50 });
    await Promise.all(Array.from({ length: 20 }, () => get(`${servers.healthUrl}/health`)));
    assert.equal(asked, 1);
  });

  const readiness: readonly { name: string; isReady: HttpOptions["isReady"]; status: number; body: string }[] = [
    { name: "ready", isReady: () => true, status: 200, body: "READY" },
    { name: "not ready", isReady: async () => false, status: 503, body: "NOT READY" },
    { name: "failing", isReady: () => assert.fail("thrown"), status: 503, body: "NOT READY" },
    { name: "hanging", isReady: never, status: 503, body: "NOT READY" },
  ];
  for (const { name, isReady, status, body } of readiness) {
    test(`an agent that is ${name}`, async () => {
      await using servers = await start({ isReady, timeoutMs: name === "hanging" ? 50 : 10_000 });
      assert.deepEqual(await get(`${servers.healthUrl}/ready`), { status, type: "text/plain; charset=utf-8", body });
    });
  }

  test("live, whatever the hypervisor does", async () => {
    await using servers = await start({ checkHypervisor: never, isReady: never });
    assert.deepEqual(await get(`${servers.healthUrl}/live?probe=1`), { status: 200, type: "text/plain; charset=utf-8", body: "OK" });
  });
});

suite("metrics", () => {
  test("names, labels and values", async () => {
    const metrics = createMetrics();
    await using servers = await start({ metrics });
    metrics.vmCreated();
    metrics.vmDeleted();
    metrics.vmOperation("create", "success");
    metrics.vmOperation("stop", "error");
    metrics.apiCall("heartbeat", 0.2);
    metrics.heartbeat(true);
    metrics.rpc({ service: "ghost.host.v1.HostService", method: "Snapshot", code: "OK", mutating: false });
    metrics.rpc({ service: "agentpb.AgentService", method: "CreateVM", code: "ALREADY_EXISTS", mutating: true });
    const { status, type, body } = await get(`${servers.metricsUrl}/metrics`);
    assert.equal(status, 200);
    assert.match(type ?? "", /^text\/plain; version=0\.0\.4/);
    const gib = 2 ** 30;
    for (const line of [
      "ghost_agent_vms_created_total 1",
      "ghost_agent_vms_deleted_total 1",
      "ghost_agent_vms_running 3",
      'ghost_agent_vm_operations_total{operation="create",status="success"} 1',
      'ghost_agent_vm_operations_total{operation="stop",status="error"} 1',
      'ghost_agent_vm_operations_total{operation="delete",status="success"} 0',
      'ghost_agent_api_call_duration_seconds_count{endpoint="heartbeat"} 1',
      "ghost_agent_heartbeat_success 1",
      'ghost_agent_rpcs_total{service="ghost.host.v1.HostService",method="Snapshot",code="OK"} 1',
      'ghost_agent_rpcs_total{service="agentpb.AgentService",method="CreateVM",code="ALREADY_EXISTS"} 1',
      "ghost_agent_mutating_rpcs_total 1",
      "ghost_agent_operations_running 1",
      "ghost_agent_hypervisor_up 1",
      "ghost_agent_host_total_vcpu 8",
      `ghost_agent_host_available_ram_bytes ${16.5 * gib}`,
      `ghost_agent_host_reserved_disk_bytes ${50 * gib}`,
    ]) {
      assert.ok(body.split("\n").includes(line), `${line} is not in:\n${body}`);
    }
  });

  test("a new agent has made 0 mutating calls", async () => {
    const { text } = await createMetrics().render();
    assert.match(text, /^ghost_agent_mutating_rpcs_total 0$/m);
  });

  test("a hypervisor that hangs leaves the rest", async () => {
    await using servers = await start({ readHost: never, timeoutMs: 50 });
    const { status, body } = await get(`${servers.metricsUrl}/metrics`);
    assert.equal(status, 200);
    assert.match(body, /^ghost_agent_hypervisor_up 0$/m);
  });

  test("two agents in one process count for themselves", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.vmCreated();
    assert.match((await other.render()).text, /^ghost_agent_vms_created_total 0$/m);
  });
});

suite("the servers", () => {
  const cases: readonly { name: string; path: string; method: string; status: number }[] = [
    { name: "another path", path: "/", method: "GET", status: 404 },
    { name: "a path below", path: "/health/x", method: "GET", status: 404 },
    { name: "metrics on the other server", path: "/metrics", method: "GET", status: 404 },
    { name: "another method", path: "/health", method: "POST", status: 405 },
    { name: "another method of another path", path: "/x", method: "DELETE", status: 404 },
    { name: "HEAD", path: "/live", method: "HEAD", status: 200 },
  ];
  for (const { name, path, method, status } of cases) {
    test(name, async () => {
      await using servers = await start();
      assert.equal((await get(`${servers.healthUrl}${path}`, { method })).status, status);
    });
  }

  test("one server for one address", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => free.once("listening", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    await using servers = await start({ health: { ...health, port }, metricsAt: { ...metricsAt, port } });
    assert.equal(servers.metricsUrl, servers.healthUrl);
    assert.equal((await get(`${servers.healthUrl}/metrics`)).status, 200);
    assert.equal((await get(`${servers.healthUrl}/live`)).status, 200);
  });

  test("nothing where nothing is wanted", async () => {
    await using servers = await start({ health: undefined, metricsAt: undefined });
    assert.deepEqual(Object.keys(servers), []);
  });

  test("an address that is taken, with nothing left behind", async () => {
    await using first = await start();
    const port = Number(new URL(first.metricsUrl ?? "").port);
    await assert.rejects(
      start({ metricsAt: { ...metricsAt, port } }),
      /AGENT_START.*metrics\.listen_addr 127\.0\.0\.1:\d+ .*something else listens there/,
    );
  });

  test("stop ends open connections", async () => {
    const servers = await start();
    await get(`${servers.healthUrl}/live`, { headers: { connection: "keep-alive" } });
    await servers[Symbol.asyncDispose]();
    await assert.rejects(get(`${servers.healthUrl}/live`));
  });
});
