import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { connectHost, connectVms } from "@ghost/proto/client";
import type { HostClient } from "@ghost/proto/client";
import { GhostError } from "@ghost/schemas";
import { startCoreServer } from "./core/testdata/core-server.ts";
import { embeddedSocketPath, openSimulatedHost } from "./index.ts";
import { loadAgentConfig, runAgent, runEmbedded } from "./run.ts";
import type { RunningAgent } from "./run.ts";
import { collect, createBody, planOf } from "./server/testdata/served.ts";

const RUN = new URL("./run.ts", import.meta.url).href;

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-run-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function connect(t: TestContext, address: string): HostClient {
  const host = connectHost({ name: "desk", address, timeoutMs: 30_000 });
  t.after(() => host.close());
  return host;
}

async function configured(t: TestContext, dir: string, extra = ""): Promise<RunningAgent> {
  const file = join(dir, "agent.yaml");
  await writeFile(
    file,
    `${extra === "" ? "agent: { name: desk }\n" : extra}hypervisor: simulated\ndata_dir: ${dir}/data\nresources: { reserved_cpu: 2, reserved_ram_gb: 4, reserved_disk_gb: 50 }\nsimulated: { vcpu: 8, ram_gb: 16, disk_gb: 200 }\ngrpc: { listen_addr: "unix:${dir}/a.sock" }\nmetrics: { listen_addr: "127.0.0.1:0" }\nhealth: { listen_addr: "127.0.0.1:0" }\nlogging: { output: file }\n`,
  );
  const { config } = await loadAgentConfig(file, {});
  const agent = await runAgent({ config, version: "0.1.0", handleSignals: false });
  t.after(() => agent.stop());
  return agent;
}

/** A process that runs the embedded agent of a folder. Resolves when it has said that it is there, or has ended. */
async function embeddedProcess(t: TestContext, dir: string, code = ""): Promise<ChildProcess> {
  const script = `
    import { runEmbedded } from ${JSON.stringify(RUN)};
    const agent = await runEmbedded(${JSON.stringify(dir)}, { version: "0.1.0" });
    process.stdout.write(agent === undefined ? "held\\n" : "running\\n");
    ${code}
    await agent?.stopped;`;
  const child = spawn(process.execPath, ["--conditions=@ghost/source", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => void child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

suite("a configured agent", () => {
  test("answers gRPC, health and metrics, and ends in order", async (t) => {
    const dir = await tempDir(t);
    const agent = await configured(t, dir);
    const host = connect(t, agent.address);
    const { host: observed } = await host.snapshot("");
    assert.deepEqual(
      [observed.name, observed.version, observed.total, observed.reserved],
      ["desk", "0.1.0", { vcpu: 8, ram_gb: 16, disk_gb: 200 }, { vcpu: 2, ram_gb: 4, disk_gb: 50 }],
    );
    await collect(host.execute(planOf(observed.agentId, [createBody({ name: "web" })])[0]!));
    const health = await fetch(`${agent.healthUrl}/health`);
    assert.equal(health.status, 200);
    assert.equal(((await health.json()) as { status: string }).status, "healthy");
    assert.equal(await (await fetch(`${agent.healthUrl}/ready`)).text(), "READY");
    const metrics = await (await fetch(`${agent.metricsUrl}/metrics`)).text();
    for (const line of [
      "ghost_agent_vms_created_total 1",
      "ghost_agent_vms_running 1",
      'ghost_agent_vm_operations_total{operation="create",status="success"} 1',
      "ghost_agent_mutating_rpcs_total 1",
    ])
      assert.ok(metrics.includes(line), line);
    assert.ok(metrics.includes('service="ghost.host.v1.HostService",method="ExecuteSteps",code="OK"'));
    assert.match(metrics, /^ghost_vm_up\{name="web",uid="[0-9a-f-]+"\} 1$/m);
    assert.match(metrics, /^ghost_vm_memory_bytes\{name="web",uid="[0-9a-f-]+"\} \d+$/m);
    await agent.stop();
    await agent.stopped;
    assert.ok(!existsSync(join(dir, "a.sock")));
    const again = await configured(t, dir);
    assert.equal(again.agentId, agent.agentId);
    assert.deepEqual(
      (await connect(t, again.address).snapshot("")).vms.map((vm) => vm.name),
      ["web"],
    );
  });

  test("answers that it is not healthy while its hypervisor does not answer, and goes on when it does", async (t) => {
    const dir = await tempDir(t);
    await configured(t, dir).then((agent) => agent.stop());
    using behind = openSimulatedHost(join(dir, "data"));
    behind.addFault({ call: "*", error: "hypervisor-down", times: Infinity });
    const agent = await configured(t, dir);
    assert.equal((await fetch(`${agent.healthUrl}/health`)).status, 503);
    assert.equal((await fetch(`${agent.healthUrl}/ready`)).status, 503);
    assert.equal((await fetch(`${agent.healthUrl}/live`)).status, 200);
    const host = connect(t, agent.address);
    const ended = collect(host.execute(planOf(agent.agentId, [createBody({ name: "web" })])[0]!));
    behind.clearFaults();
    assert.equal((await ended).at(-1)?.state, "succeeded");
    assert.equal((await fetch(`${agent.healthUrl}/ready`)).status, 200);
  });

  test("tells Ghost Core what it has and what becomes of it", async (t) => {
    const core = await startCoreServer();
    t.after(() => core.kill());
    const dir = await tempDir(t);
    const agent = await configured(t, dir, `agent: { name: desk, api_url: "http://${core.address}" }\n`);
    await until(() => core.calls.includes("register"));
    const vms = connectVms({ name: "desk", address: agent.address, timeoutMs: 30_000 });
    t.after(() => vms.close());
    const { vm_id } = await vms.create({ name: "web", vcpu: 1, ram_gb: 1, disk_gb: 10, template: "debian-12" });
    await vms.stop(vm_id);
    await vms.delete(vm_id);
    await agent.stop();
    // A report whose answer was still awaited at the end is sent again.
    const calls = [...new Set(core.calls.filter((call) => !call.startsWith("heartbeat")))];
    assert.deepEqual(calls, [
      "register",
      "created web core-1",
      `status ${vm_id} stopped core-1`,
      `deleted ${vm_id} core-1`,
      "unregister core-1",
    ]);
  });

  test("says why it cannot start, and holds nothing then", async (t) => {
    const dir = await tempDir(t);
    const agent = await configured(t, dir);
    const { config } = await loadAgentConfig(join(dir, "agent.yaml"), {});
    const refused = (detail: RegExp) => (error: unknown) =>
      error instanceof GhostError && error.diagnostics[0].code === "AGENT_START" && detail.test(error.message);
    await assert.rejects(runAgent({ config, version: "0.1.0", handleSignals: false }), refused(/Another agent/));
    await assert.rejects(
      runAgent({ config: { ...config, dataDir: join(dir, "other") }, version: "0.1.0", handleSignals: false }),
      refused(/another process listens/),
    );
    await assert.rejects(
      runAgent({
        config: { ...config, hypervisor: "libvirt", libvirt: { ...config.libvirt, uri: "qemu+ssh://other/system" } },
        version: "0.1.0",
        handleSignals: false,
      }),
      refused(/Another agent/),
    );
    await agent.stop();
    const other = await runAgent({ config: { ...config, dataDir: join(dir, "other") }, version: "0.1.0", handleSignals: false });
    await other.stop();
  });
});

suite("an embedded agent", () => {
  test("answers on its folder's socket, and is the only one of its folder", async (t) => {
    const dir = await tempDir(t);
    const agent = await runEmbedded(dir, { version: "0.1.0", handleSignals: false });
    t.after(() => agent?.stop());
    assert.equal(agent?.address, `unix:${embeddedSocketPath(dir)}`);
    assert.equal((await connect(t, agent.address).snapshot("")).host.hypervisor, "simulated");
    assert.equal(await runEmbedded(dir, { version: "0.1.0", handleSignals: false }), undefined);
    const other = await embeddedProcess(t, dir);
    if (other.exitCode === null) await once(other, "exit");
    assert.equal(other.exitCode, 0);
  });

  test("has a short socket path however deep its folder is", async (t) => {
    const dir = join(await tempDir(t), "d".repeat(100));
    const path = embeddedSocketPath(dir);
    assert.ok(Buffer.byteLength(path) <= 100 && !path.startsWith(dir), path);
    assert.equal(embeddedSocketPath(dir), path);
    const agent = await runEmbedded(dir, { version: "0.1.0", handleSignals: false });
    t.after(() => agent?.stop());
    await connect(t, `unix:${path}`).snapshot("");
  });

  test("ends when nobody is connected and nothing runs", async (t) => {
    const dir = await tempDir(t);
    // Long enough to be connected to before it ends.
    const agent = await runEmbedded(dir, { version: "0.1.0", idleMs: 1_000, handleSignals: false });
    t.after(() => agent?.stop());
    const host = connect(t, agent!.address);
    using behind = openSimulatedHost(dir);
    behind.setLatency({ start: 150 });
    const [step] = planOf(agent!.agentId, [createBody({ name: "web" })]);
    for await (const _ of host.execute(step!)) break;
    host.close();
    await agent!.stopped;
    assert.deepEqual(
      behind.listDomains().map((domain) => domain.status),
      ["running"],
    );
  });

  test("is killed and starts again with what it had", async (t) => {
    const dir = await tempDir(t);
    const child = await embeddedProcess(t, dir);
    const host = connect(t, `unix:${embeddedSocketPath(dir)}`);
    const { host: before } = await host.snapshot("");
    await collect(host.execute(planOf(before.agentId, [createBody({ name: "web" })])[0]!));
    child.kill("SIGKILL");
    await once(child, "exit");
    await embeddedProcess(t, dir);
    const after = await connect(t, `unix:${embeddedSocketPath(dir)}`).snapshot("");
    assert.deepEqual([after.host.agentId, after.vms.map((vm) => vm.name)], [before.agentId, ["web"]]);
  });
});

suite("a signal", () => {
  test("lets what runs end, and refuses what is new", async (t) => {
    const dir = await tempDir(t);
    const child = await embeddedProcess(t, dir);
    using behind = openSimulatedHost(dir);
    behind.setLatency({ start: 300 });
    const host = connect(t, `unix:${embeddedSocketPath(dir)}`);
    const { agentId } = (await host.snapshot("")).host;
    const [web, db] = planOf(agentId, [createBody({ name: "web" }), createBody({ name: "db" })]);
    const states: string[] = [];
    const exited = once(child, "exit");
    for await (const operation of host.execute(web!)) {
      states.push(operation.state);
      if (operation.phase === "start" && child.exitCode === null && operation.state === "running") {
        child.kill("SIGTERM");
        // The signal is handled between two turns of that process: until then the new one is taken.
        await assert.rejects(async () => {
          for (let i = 0; ; i++) await collect(host.execute({ ...db!, operationId: `${db!.operationId}-${i}` }));
        }, /AGENT_STOPPING|AGENT_UNREACHABLE/);
      }
    }
    assert.equal(states.at(-1), "succeeded");
    assert.deepEqual(await exited, [0, null]);
  });

  test("a second time ends it at once, and the journal knows", async (t) => {
    const dir = await tempDir(t);
    const child = await embeddedProcess(t, dir);
    {
      using behind = openSimulatedHost(dir);
      behind.setLatency({ start: 60_000 });
      const host = connect(t, `unix:${embeddedSocketPath(dir)}`);
      const { agentId } = (await host.snapshot("")).host;
      const exited = once(child, "exit");
      await assert.rejects(async () => {
        for await (const operation of host.execute(planOf(agentId, [createBody({ name: "web" })])[0]!)) {
          if (operation.phase !== "start") continue;
          child.kill("SIGINT");
          setTimeout(() => child.kill("SIGINT"), 50);
        }
      }, /AGENT_UNREACHABLE/);
      assert.deepEqual(await exited, [null, "SIGINT"]);
      behind.setLatency({ start: 0 });
    }
    const agent = await runEmbedded(dir, { version: "0.1.0", handleSignals: false });
    t.after(() => agent?.stop());
    const host = connect(t, agent!.address);
    assert.deepEqual(
      (await host.listOperations()).map((operation) => operation.state),
      ["interrupted"],
    );
    assert.deepEqual(
      (await host.snapshot("")).vms.map((vm) => [vm.name, vm.status, vm.phase]),
      [["web", "stopped", "ready"]],
    );
  });
});

/** Waits for a condition; the test runner's own limit ends a wait that never comes true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
