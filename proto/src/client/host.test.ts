import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { GhostError, problem } from "@ghost/schemas";
import type { DiagnosticCode, Observation, Operation, PlanHeader, StepBody, VmSnapshot } from "@ghost/schemas";
import { Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { executeFromWire, observationToWire, operationToWire, setRecordFromWire, vmSnapshotToWire } from "../index.ts";
import type { ExecuteInput } from "../index.ts";
import { agentpb, host, serviceError } from "../server.ts";
import { connectHost } from "./host.ts";
import type { HostClient } from "./host.ts";
import type { HostConnection } from "./connection.ts";
import { closedPort, collect, listen, makeCertificates, occasion, serve, serveHost, temporaryFolder } from "./testdata/server.ts";

const none = { vcpu: 0, ram_gb: 0, disk_gb: 0 };
const observation: Observation = {
  host: {
    agentId: "a1",
    name: "desk",
    version: "0.1.0",
    hypervisor: "simulated",
    total: { vcpu: 8, ram_gb: 31.5, disk_gb: 100 },
    reserved: none,
    available: none,
    capabilities: {
      vcpu_plug: true,
      vcpu_unplug: false,
      ram_balloon: true,
      disk_plug: true,
      disk_grow: true,
      network_plug: true,
      kvm: false,
    },
    settings: {},
    images: [],
  },
  vms: [],
  templates: [],
  operations: [],
  set: { stack: "shop", serial: 3, members: [], agents: [] },
};
const operation: Operation = {
  id: "op1",
  stepId: "desk/vm/web",
  kind: "vm",
  action: "create",
  name: "web",
  uid: "u1",
  planHash: "sha256:1",
  owner: "spec:shop",
  state: "succeeded",
  phase: "",
  bytesDone: 0,
  bytesTotal: 0,
  diagnostics: [],
  noop: false,
  attempt: 1,
};
const snapshot: VmSnapshot = { name: "", description: "d", createdAt: new Date(1234), status: "paused", parent: "first", isCurrent: true };
const header: PlanHeader = {
  format: 1,
  owner: "spec:shop",
  spec_hash: "s",
  steps_root: "r",
  document_hash: "d",
  step_count: 1,
  max_impact: "live",
  expires_at: "2030-01-31T12:00:00Z",
  git_commit: "",
};
const body: StepBody = {
  id: "desk/vm/web",
  agent_id: "a1",
  kind: "vm",
  action: "create",
  name: "web",
  uid: "u1",
  revision: "",
  impact: "none",
  vm: { name: "web" },
};
const input: ExecuteInput = {
  operationId: "op1",
  header,
  proof: { index: 0, siblings: [] },
  body,
  secrets: { "cloud_init.password": "x" },
  projection: { a: 1 },
};

const to = (address: string, more: Partial<HostConnection> = {}): HostConnection => ({ name: "desk", address, timeoutMs: 10_000, ...more });

/** The first diagnostic of what a call throws. */
async function thrown(run: () => unknown): Promise<GhostError["diagnostics"][0]> {
  try {
    const result = await run();
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result)
      for await (const _ of result as AsyncIterable<unknown>);
  } catch (reason) {
    assert.ok(reason instanceof GhostError, String(reason));
    assert.doesNotMatch(reason.message, /node_modules|\.ts:|undefined|Resolution note/);
    return reason.diagnostics[0];
  }
  return assert.fail("nothing was thrown");
}

function answer<R>(call: { write(response: R): boolean; end(): void }, response: R): void {
  call.write(response);
  call.end();
}

type StepsCall = Parameters<host.HostServiceServer["executeSteps"]>[0];

/** Serves the steps of a call one by one; ends it as an agent does. */
function steps(
  answerOne: (request: host.ExecuteRequest, tell: (operation: Operation) => void, call: StepsCall) => void,
): host.HostServiceServer["executeSteps"] {
  return (call) => {
    call.sendMetadata(new Metadata());
    call.on("data", ({ execute: request }: host.ExecuteStepsRequest) => {
      if (request === undefined) return;
      const { operation_id } = request;
      answerOne(
        request,
        (told) => void call.write({ operation_id, operation: operationToWire({ ...told, id: operation_id }), problems: [] }),
        call,
      );
    });
    call.on("end", () => call.end());
  };
}

async function refusal(connection: HostConnection): Promise<GhostError["diagnostics"][0]> {
  await using client = connectHost(connection);
  return await thrown(() => client.snapshot(""));
}

suite("connectHost", () => {
  test("every call goes there and back", async () => {
    const seen: unknown[] = [];
    await using server = await serveHost({
      snapshot: (call, reply) => (seen.push(call.request), reply(null, observationToWire(observation))),
      updateSet: (call, reply) => (
        seen.push([call.request.expected_serial, call.request.expected_digest]),
        reply(null, { set: call.request.set })
      ),
      executeSteps: steps((request, tell) => {
        seen.push(executeFromWire(request));
        tell({ ...operation, state: "running" });
        tell(operation);
      }),
      attachOperation: (call) => answer(call, { operation: operationToWire({ ...operation, id: call.request.operation_id }) }),
      listOperations: (call, reply) => (seen.push(call.request), reply(null, { operations: [operationToWire(operation)] })),
      cancelOperation: (call, reply) =>
        reply(null, { operation: operationToWire({ ...operation, id: call.request.operation_id, state: "cancelled" }) }),
      watch: (call) =>
        answer(call, { resume_token: `${call.request.resume_token}+`, type: "vm-created", name: "web", uid: "u1", detail: "" }),
      actOnVm: (call) =>
        answer(call, { operation: operationToWire({ ...operation, id: call.request.operation_id, action: call.request.action }) }),
      listVmSnapshots: (call, reply) => reply(null, { snapshots: [vmSnapshotToWire({ ...snapshot, name: `of-${call.request.vm}` })] }),
    });
    await using client = connectHost(to(server.address));
    assert.deepEqual(await client.snapshot("shop", { setDigestOnly: true }), observation);
    assert.deepEqual(await client.updateSet({ stack: "shop", serial: 4, members: [], agents: [] }, { serial: 3, digest: "sha256:a" }), {
      stack: "shop",
      serial: 4,
      members: [],
      agents: [],
    });
    assert.deepEqual(
      (await collect(client.execute(input))).map(({ state }) => state),
      ["running", "succeeded"],
    );
    assert.deepEqual(
      (await collect(client.attachOperation("op2"))).map(({ id }) => id),
      ["op2"],
    );
    assert.deepEqual(await client.listOperations({ activeOnly: true, limit: 5 }), [operation]);
    assert.equal((await client.cancelOperation("op3")).state, "cancelled");
    assert.deepEqual(await collect(client.watch("7")), [{ resumeToken: "7+", type: "vm-created", name: "web", uid: "u1", detail: "" }]);
    assert.deepEqual(
      (await collect(client.actOnVm({ operationId: "op4", vm: "web", action: "suspend" }))).map(({ id, action }) => [id, action]),
      [["op4", "suspend"]],
    );
    assert.deepEqual(await client.listVmSnapshots("web"), [{ ...snapshot, name: "of-web" }]);
    assert.deepEqual(seen, [{ stack: "shop", set_digest_only: true }, [3, "sha256:a"], input, { active_only: true, limit: 5 }]);
  });

  test("a unix socket", async () => {
    using folder = temporaryFolder();
    await using server = await serveHost(
      { snapshot: (_, reply) => reply(null, observationToWire(observation)) },
      { at: `unix:${join(folder.path, "agent.sock")}` },
    );
    await using client = connectHost(to(server.address));
    assert.equal((await client.snapshot("")).host.agentId, "a1");
  });

  test("an answer larger than gRPC's usual 4 MiB", async () => {
    const vm = { ...host.Vm.create({ name: "web", status: "stopped", phase: "ready" }), status_reason: "x".repeat(1_000_000) };
    await using server = await serveHost({
      snapshot: (_, reply) => reply(null, { ...observationToWire(observation), vms: Array.from({ length: 8 }, () => vm) }),
    });
    await using client = connectHost(to(server.address));
    assert.equal((await client.snapshot("")).vms.length, 8);
  });

  test("a proxy of the environment is not asked", async () => {
    await using server = await serveHost({ snapshot: (_, reply) => reply(null, observationToWire(observation)) });
    process.env["grpc_proxy"] = "http://127.0.0.1:1";
    try {
      await using client = connectHost(to(server.address));
      assert.equal((await client.snapshot("")).host.agentId, "a1");
    } finally {
      delete process.env["grpc_proxy"];
    }
  });
});

suite("an agent that cannot be reached", () => {
  test("nothing listens", async () => {
    const address = await closedPort(createServer());
    const { code, detail, hint, agent } = await refusal(to(address));
    assert.deepEqual(
      { code, detail, agent },
      {
        code: "AGENT_UNREACHABLE",
        detail: `Agent "desk" does not answer at ${address}: nothing listens there (connection refused).`,
        agent: "desk",
      },
    );
    assert.match(hint ?? "", /ghost agent run/);
  });

  test("no such socket", async () => {
    const { code, detail } = await refusal(to("unix:/nonexistent/agent.sock"));
    assert.equal(code, "AGENT_UNREACHABLE");
    assert.match(detail, /unix:\/nonexistent\/agent\.sock: there is no such socket/);
  });

  test("it stays so without a pause, and is reached once it is there", async () => {
    using folder = temporaryFolder();
    const at = `unix:${join(folder.path, "agent.sock")}`;
    await using client = connectHost(to(at));
    assert.equal((await thrown(() => client.snapshot(""))).code, "AGENT_UNREACHABLE");
    await using _server = await serveHost({ snapshot: (_call, reply) => reply(null, observationToWire(observation)) }, { at });
    const deadline = Date.now() + 30_000;
    for (;;) {
      const found = await client.snapshot("").catch(() => undefined);
      if (found !== undefined) break;
      assert.ok(Date.now() < deadline, "not reached");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  const strangers: readonly { name: string; server: () => Server; code: DiagnosticCode; says: RegExp; timeoutMs?: number }[] = [
    {
      name: "garbage",
      server: () => createServer((socket) => socket.end("220 mail ready\r\n".repeat(40))),
      code: "AGENT_PROTOCOL",
      says: /does not speak gRPC/,
    },
    {
      name: "HTTP/1",
      server: () => createHttpServer((_, response) => response.end("hi")) as unknown as Server,
      code: "AGENT_PROTOCOL",
      says: /does not speak gRPC/,
    },
    {
      name: "HTTP/2 without gRPC",
      server: () => createHttp2Server((_, response) => response.end("hi")) as unknown as Server,
      code: "AGENT_PROTOCOL",
      says: /not a Ghost agent/,
    },
    {
      name: "HTTP/2 with 404",
      server: () => createHttp2Server((_, response) => (response.writeHead(404), response.end())) as unknown as Server,
      code: "AGENT_PROTOCOL",
      says: /404/,
    },
    {
      name: "one that hangs up",
      server: () => createServer((socket) => socket.destroy()),
      code: "AGENT_UNREACHABLE",
      says: /closes the connection at once/,
    },
    {
      name: "one that says nothing",
      server: () => createServer(() => {}),
      code: "AGENT_UNREACHABLE",
      says: /no connection to .* within 0.2 s/,
      timeoutMs: 200,
    },
  ];
  for (const { name, server, code, says, timeoutMs } of strangers) {
    test(name, async () => {
      await using stranger = await listen(server());
      const found = await refusal(to(stranger.address, timeoutMs === undefined ? {} : { timeoutMs }));
      assert.equal(found.code, code, found.detail);
      assert.match(found.detail, says);
      assert.equal(found.agent, "desk");
    });
  }

  test("an agent without this service", async () => {
    await using server = await serve(agentpb.AgentServiceService, {});
    const { code, detail } = await refusal(to(server.address));
    assert.equal(code, "AGENT_PROTOCOL");
    assert.match(detail, /HostService\/Snapshot/);
  });

  test("an answer that is not one", async () => {
    const raw = { ...host.HostServiceService.snapshot, responseSerialize: () => Buffer.from([0xff, 0xff, 0xff]) };
    await using server = await serve(
      { snapshot: raw },
      { snapshot: (_: unknown, reply: (error: null, value: unknown) => void) => reply(null, {}) },
    );
    assert.equal((await refusal(to(server.address))).code, "AGENT_PROTOCOL");
  });

  test("an answer without a host names the agent", async () => {
    await using server = await serveHost({ snapshot: (_, reply) => reply(null, { vms: [], templates: [], operations: [] }) });
    const { code, agent } = await refusal(to(server.address));
    assert.deepEqual({ code, agent }, { code: "AGENT_PROTOCOL", agent: "desk" });
  });
});

suite("an agent that answers too late", () => {
  /** Until the connection is up, however slow the machine is. */
  async function warm(client: HostClient): Promise<void> {
    while ((await client.listOperations().catch(() => undefined)) === undefined);
  }
  const listOperations: host.HostServiceServer["listOperations"] = (_, reply) => reply(null, { operations: [] });

  test("a question", async () => {
    await using server = await serveHost({ listOperations, snapshot: () => {} });
    await using client = connectHost(to(server.address));
    await warm(client);
    const { code, detail } = await thrown(() => client.snapshot("", { timeoutMs: 100 }));
    assert.equal(code, "AGENT_TIMEOUT");
    assert.match(detail, /within 0\.1 s/);
  });

  test("a stream that never begins", async () => {
    await using server = await serveHost({ listOperations, executeSteps: () => {} });
    await using client = connectHost(to(server.address, { timeoutMs: 200 }));
    await warm(client);
    assert.equal((await thrown(() => client.execute(input))).code, "AGENT_TIMEOUT");
  });

  test("a longer timeout of one question does not lengthen the connecting", async () => {
    await using silent = await listen(createServer(() => {}));
    await using client = connectHost(to(silent.address, { timeoutMs: 200 }));
    const { code, detail } = await thrown(() => client.snapshot("", { timeoutMs: 600_000 }));
    assert.equal(code, "AGENT_UNREACHABLE");
    assert.match(detail, /within 0\.2 s/);
  });

  test("a stream may be slow once it has begun, and a quiet one may begin late", async () => {
    await using server = await serveHost({
      listOperations,
      executeSteps: steps((_, tell) => void setTimeout(() => tell(operation), 1300)),
      watch: (call) => void setTimeout(() => answer(call, { resume_token: "1", type: "operation", name: "", uid: "", detail: "" }), 1300),
    });
    await using client = connectHost(to(server.address, { timeoutMs: 1000 }));
    await warm(client);
    const [operations, events] = await Promise.all([collect(client.execute(input)), collect(client.watch())]);
    assert.deepEqual([operations.length, events.length], [1, 1]);
  });
});

suite("steps of one connection", () => {
  const step = (id: string): ExecuteInput => ({ ...input, operationId: id });

  test("go over one call, each told its own, the plan's header sent once", async () => {
    const calls = new Set<StepsCall>();
    const headers: boolean[] = [];
    const held: (() => void)[] = [];
    await using server = await serveHost({
      executeSteps: steps((request, tell, call) => {
        calls.add(call);
        headers.push(request.header !== undefined);
        tell({ ...operation, state: "running" });
        // Answered in the reverse order of asking.
        held.unshift(() => tell(operation));
        if (held.length === 3) for (const end of held) end();
      }),
    });
    await using client = connectHost(to(server.address));
    const told = await Promise.all(["a", "b", "c"].map((id) => collect(client.execute(step(id)))));
    assert.deepEqual(
      told.map((operations) => operations.map(({ id, state }) => `${id} ${state}`)),
      [
        ["a running", "a succeeded"],
        ["b running", "b succeeded"],
        ["c running", "c succeeded"],
      ],
    );
    assert.equal(calls.size, 1);
    assert.deepEqual(headers, [true, false, false]);
  });

  test("a call ends with its last step, and the next step has the header again", async () => {
    const calls = new Set<StepsCall>();
    const headers: boolean[] = [];
    const ended = [occasion(), occasion()];
    await using server = await serveHost({
      executeSteps: steps((request, tell, call) => {
        call.on("end", ended[calls.size]!.happen);
        calls.add(call);
        headers.push(request.header !== undefined);
        tell(operation);
      }),
    });
    await using client = connectHost(to(server.address));
    for (const [index, id] of ["a", "b"].entries()) {
      await collect(client.execute(step(id)));
      await ended[index]!.happened;
    }
    assert.equal(calls.size, 2);
    assert.deepEqual(headers, [true, true]);
  });

  test("one that is refused, and one whose reader leaves, disturb no other", async () => {
    const enough = new AbortController();
    let end = (): void => {};
    await using server = await serveHost({
      executeSteps: steps((request, tell, call) => {
        const { operation_id } = request;
        if (operation_id === "refused")
          call.write({ operation_id, problems: [{ code: "PLAN_STALE", severity: "error", detail: "It moved.", hint: "", path: [] }] });
        else if (operation_id === "left") tell({ ...operation, state: "running" });
        else end = () => tell(operation);
      }),
    });
    await using client = connectHost(to(server.address));
    const kept = collect(client.execute(step("kept")));
    const { code, agent } = await thrown(() => client.execute(step("refused")));
    assert.deepEqual([code, agent], ["PLAN_STALE", "desk"]);
    await assert.rejects(
      async () => {
        for await (const _ of client.execute(step("left"), { signal: enough.signal })) enough.abort(new Error("enough"));
      },
      { message: "enough" },
    );
    end();
    assert.deepEqual(
      (await kept).map(({ id, state }) => `${id} ${state}`),
      ["kept succeeded"],
    );
  });

  test("one id twice at once is told twice", async () => {
    await using server = await serveHost({ executeSteps: steps((_, tell) => void setTimeout(() => tell(operation), 20)) });
    await using client = connectHost(to(server.address));
    const told = await Promise.all([collect(client.execute(input)), collect(client.execute(input))]);
    assert.deepEqual(
      told.map((operations) => operations.map(({ state }) => state)),
      [["succeeded"], ["succeeded"]],
    );
  });

  test("an answer with neither an operation nor a problem is the agent's fault", async () => {
    await using server = await serveHost({
      executeSteps: steps((request, _, call) => void call.write({ operation_id: request.operation_id, problems: [] })),
    });
    await using client = connectHost(to(server.address));
    assert.equal((await thrown(() => client.execute(input))).code, "AGENT_PROTOCOL");
  });
});

suite("problems of the agent", () => {
  test("its diagnostics come back, with its name", async () => {
    const wanted = new GhostError([
      { code: "SET_CONFLICT", severity: "error", detail: "Serial 4 is not above 5 — 競合.", hint: "Plan again.", path: ["set", 0] },
      { code: "VARIABLE_UNUSED", severity: "warning", detail: "x" },
    ]);
    await using server = await serveHost({ updateSet: (_, reply) => reply(serviceError(wanted)) });
    await using client = connectHost(to(server.address));
    await assert.rejects(
      () => client.updateSet(setRecordFromWire(host.SetRecord.create()), { serial: 0, digest: "" }),
      (error) => {
        assert.ok(error instanceof GhostError);
        assert.deepEqual(
          error.diagnostics,
          wanted.diagnostics.map((diagnostic) => ({ ...diagnostic, agent: "desk" })),
        );
        return true;
      },
    );
  });

  test("also in a stream", async () => {
    const tooOld = serviceError(problem("PLAN_EXPIRED", "Too old."));
    await using server = await serveHost({ attachOperation: (call) => void call.emit("error", tooOld) });
    await using client = connectHost(to(server.address));
    assert.equal((await thrown(() => client.attachOperation("op1"))).code, "PLAN_EXPIRED");
  });

  const plain: readonly [number, DiagnosticCode][] = [
    [status.PERMISSION_DENIED, "PERMISSION"],
    [status.UNAUTHENTICATED, "PERMISSION"],
    [status.NOT_FOUND, "VM_NOT_FOUND"],
    [status.INTERNAL, "HOST_ERROR"],
    [status.UNKNOWN, "AGENT_PROTOCOL"],
    [status.UNAVAILABLE, "AGENT_UNREACHABLE"],
  ];
  for (const [grpc, code] of plain) {
    test(`${status[grpc]} without diagnostics is ${code}`, async () => {
      await using server = await serveHost({ snapshot: (_, reply) => reply({ code: grpc, details: "it said so" }) });
      const found = await refusal(to(server.address));
      assert.equal(found.code, code);
      assert.match(found.detail, /it said so/);
    });
  }
});

suite("a stream that breaks", () => {
  test("when the agent dies", async () => {
    await using server = await serveHost({
      executeSteps: steps((_, tell) => tell({ ...operation, state: "running" })),
    });
    await using client = connectHost(to(server.address));
    const states: string[] = [];
    const { code, detail } = await thrown(async () => {
      for await (const { state } of client.execute(input)) {
        states.push(state);
        server.kill();
      }
    });
    assert.deepEqual(states, ["running"]);
    assert.equal(code, "AGENT_UNREACHABLE");
    assert.match(detail, /broke/);
  });

  test("when it ends before the operation has", async () => {
    await using server = await serveHost({
      executeSteps: steps((_, tell, call) => {
        tell({ ...operation, state: "running" });
        call.end();
      }),
    });
    await using client = connectHost(to(server.address));
    const { code, detail } = await thrown(() => client.execute(input));
    assert.equal(code, "AGENT_UNREACHABLE");
    assert.match(detail, /op1 before the operation ended/);
  });
});

suite("cancellation", () => {
  test("an aborted question throws the signal's reason", async () => {
    const abort = new AbortController();
    await using server = await serveHost({ snapshot: () => abort.abort(new Error("enough")) });
    await using client = connectHost(to(server.address));
    await assert.rejects(client.snapshot("", { signal: abort.signal }), { message: "enough" });
    await assert.rejects(client.snapshot("", { signal: abort.signal }), { message: "enough" });
  });

  test("an aborted stream too, and the agent sees it", async () => {
    const abort = new AbortController();
    const cancelled = occasion();
    await using server = await serveHost({
      attachOperation: (call) => {
        call.on("cancelled", cancelled.happen);
        call.write({ operation: operationToWire({ ...operation, state: "running" }) });
      },
    });
    await using client = connectHost(to(server.address));
    await assert.rejects(
      async () => {
        for await (const _ of client.attachOperation("op1", { signal: abort.signal })) abort.abort(new Error("enough"));
      },
      { message: "enough" },
    );
    await cancelled.happened;
  });

  test("a reader that leaves cancels the call", async () => {
    const cancelled = occasion();
    await using server = await serveHost({
      watch: (call) => {
        call.on("cancelled", cancelled.happen);
        call.write({ resume_token: "1", type: "operation", name: "", uid: "", detail: "" });
      },
    });
    await using client = connectHost(to(server.address));
    for await (const _ of client.watch()) break;
    await cancelled.happened;
  });
});

suite("addresses", () => {
  const cases: readonly { name: string; connection: HostConnection; code: DiagnosticCode; says: RegExp }[] = [
    { name: "another machine without TLS", connection: to("desk.example:9090"), code: "PERMISSION", says: /TLS is required/ },
    { name: "every address without TLS", connection: to("0.0.0.0:9090"), code: "PERMISSION", says: /TLS is required/ },
    {
      name: "a name that only begins like loopback",
      connection: to("127.0.0.1.example:9090"),
      code: "PERMISSION",
      says: /TLS is required/,
    },
    { name: "no port", connection: to("localhost"), code: "AGENT_UNREACHABLE", says: /neither host:port nor unix/ },
    { name: "port 0", connection: to("localhost:0"), code: "AGENT_UNREACHABLE", says: /"localhost:0"/ },
    { name: "port 65536", connection: to("localhost:65536"), code: "AGENT_UNREACHABLE", says: /neither/ },
    {
      name: "an embedded agent, which is another's to start",
      connection: to("embedded:/tmp/x"),
      code: "AGENT_UNREACHABLE",
      says: /neither/,
    },
    {
      name: "a certificate without its key",
      connection: to("desk.example:9090", { tls: { cert: "/c" } }),
      code: "AGENT_UNREACHABLE",
      says: /cert without its key/,
    },
    {
      name: "a missing file",
      connection: to("desk.example:9090", { tls: { ca: "/nonexistent/ca.crt" } }),
      code: "AGENT_UNREACHABLE",
      says: /tls\.ca .*no such file/,
    },
  ];
  for (const { name, connection, code, says } of cases) {
    test(name, async () => {
      const found = await thrown(() => connectHost(connection));
      assert.equal(found.code, code);
      assert.match(found.detail, says);
    });
  }

  for (const address of ["localhost:9090", "127.0.0.2:9090", "[::1]:9090", "agent.localhost:9090"]) {
    test(`${address} needs no TLS`, () => connectHost(to(address)).close());
  }
});

suite("TLS", () => {
  const folder = temporaryFolder();
  const pem = makeCertificates(folder.path);
  const path = (name: string): string => join(folder.path, name);
  const agentOnly = ServerCredentials.createSsl(null, [{ private_key: pem("agent.key"), cert_chain: pem("agent.crt") }]);
  const mutual = ServerCredentials.createSsl(pem("ca.crt"), [{ private_key: pem("agent.key"), cert_chain: pem("agent.crt") }], true);
  const handlers = {
    snapshot: (_: unknown, reply: (error: null, value: host.SnapshotResponse) => void) => reply(null, observationToWire(observation)),
  };
  const client = { cert: path("client.crt"), key: path("client.key") };
  test.after(() => folder[Symbol.dispose]());

  const cases: readonly { name: string; credentials?: ServerCredentials; tls?: NonNullable<HostConnection["tls"]>; says?: RegExp }[] = [
    { name: "the agent proves itself", credentials: agentOnly, tls: { ca: path("ca.crt") } },
    { name: "under another name", credentials: agentOnly, tls: { ca: path("ca.crt"), server_name: "agent.example" } },
    { name: "both prove themselves", credentials: mutual, tls: { ca: path("ca.crt"), ...client } },
    { name: "an unknown authority", credentials: agentOnly, tls: { ca: path("other.crt") }, says: /certificate is not trusted/ },
    {
      name: "a wrong name",
      credentials: agentOnly,
      tls: { ca: path("ca.crt"), server_name: "web.example" },
      says: /certificate is not trusted .*web\.example/,
    },
    {
      name: "no certificate where one is asked for",
      credentials: mutual,
      tls: { ca: path("ca.crt") },
      says: /refuses this client's certificate/,
    },
    {
      name: "a certificate of another authority",
      credentials: mutual,
      tls: { ca: path("ca.crt"), cert: path("other.crt"), key: path("other.key") },
      says: /refuses this client's certificate|closes the connection|broke/,
    },
    { name: "TLS to an agent without it", tls: { ca: path("ca.crt") }, says: /answers without TLS/ },
    { name: "no TLS to an agent with it", credentials: agentOnly, says: /expects TLS|closes the connection/ },
    {
      name: "a key of another certificate",
      credentials: mutual,
      tls: { ca: path("ca.crt"), cert: path("client.crt"), key: path("agent.key") },
      says: /cannot be used/,
    },
  ];
  for (const { name, credentials, tls, says } of cases) {
    test(name, async () => {
      await using server = await serveHost(handlers, credentials === undefined ? {} : { credentials });
      const connection = to(server.address, tls === undefined ? {} : { tls });
      if (says === undefined) {
        await using good = connectHost(connection);
        assert.equal((await good.snapshot("")).host.agentId, "a1");
      } else {
        const found = await thrown(() => refusal(connection).then((diagnostic) => Promise.reject(new GhostError([diagnostic]))));
        assert.match(found.detail, says);
        assert.ok(found.code === "AGENT_UNREACHABLE" || found.code === "AGENT_PROTOCOL", found.code);
      }
    });
  }

  test("an IP address in the certificate's place of a name gives no warning of Node", async () => {
    const warnings: Error[] = [];
    process.on("warning", (warning) => warnings.push(warning));
    await using server = await serveHost(handlers, { credentials: agentOnly });
    await using good = connectHost(to(server.address, { tls: { ca: path("ca.crt") } }));
    await good.snapshot("");
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  });
});
