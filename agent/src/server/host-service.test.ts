import assert from "node:assert/strict";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { suite, test } from "node:test";
import { executeToWire } from "@ghost/proto";
import { connectHost, createChannel, plainTarget } from "@ghost/proto/client";
import { host } from "@ghost/proto/server";
import { status } from "@grpc/grpc-js";
import { GhostError } from "@ghost/schemas";
import type { DiagnosticCode } from "@ghost/schemas";
import { revisionOf, templateRevision } from "@ghost/engine";
import type { HostEvent } from "@ghost/proto";
import { EventLog } from "./events.ts";
import { collect, createBody, openServed, planOf } from "./testdata/served.ts";

function refusal(code: DiagnosticCode, detail = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof GhostError, String(error));
    assert.equal(error.diagnostics[0].code, code, error.message);
    assert.match(error.diagnostics[0].detail, detail);
    return true;
  };
}

suite("ActOnVm and ListVmSnapshots", () => {
  test("an act is told to its end, by name and by id, and the VM's snapshots are listed oldest first", async (t) => {
    const served = await openServed(t);
    const { uid } = await served.create({ name: "web" });
    for (const [vm, snapshot] of [
      ["web", "z-first"],
      [uid, "a-second"],
    ] as const) {
      const told = await collect(served.host.actOnVm({ operationId: `make-${snapshot}`, vm, action: "snapshot-create", snapshot }));
      const end = told.at(-1);
      assert.deepEqual([end?.state, end?.action, end?.name, end?.owner], ["succeeded", "snapshot-create", "web", "agent"]);
    }
    const listed = await served.host.listVmSnapshots("web");
    assert.deepEqual(
      listed.map(({ name, parent, isCurrent, status }) => [name, parent, isCurrent, status]),
      [
        ["z-first", undefined, false, "running"],
        ["a-second", "z-first", true, "running"],
      ],
    );
    const [suspended] = await collect(served.host.actOnVm({ operationId: "hold", vm: "web", action: "suspend" }));
    assert.deepEqual([suspended?.state, suspended?.vm?.status], ["succeeded", "paused"]);
    assert.deepEqual(
      served.rpcs.map(({ method, mutating }) => [method, mutating]),
      [
        ["ActOnVm", true],
        ["ActOnVm", true],
        ["ListVmSnapshots", false],
        ["ActOnVm", true],
      ],
    );
  });

  test("a refusal is the operation's, an unknown VM the call's", async (t) => {
    const served = await openServed(t);
    await served.create({ name: "web" });
    const act = { operationId: "back", action: "snapshot-revert", snapshot: "never" } as const;
    const [end] = await collect(served.host.actOnVm({ ...act, vm: "web" }));
    assert.deepEqual([end?.state, end?.diagnostics[0]?.code], ["failed", "SNAPSHOT_NOT_FOUND"]);
    await assert.rejects(collect(served.host.actOnVm({ ...act, vm: "db" })), refusal("VM_NOT_FOUND", /db/));
    await assert.rejects(served.host.listVmSnapshots("db"), refusal("VM_NOT_FOUND", /db/));
  });

  test("goes on when the caller leaves", async (t) => {
    const served = await openServed(t);
    await served.create({ name: "web" });
    served.hypervisor.host.setLatency({ createSnapshot: 300 });
    const act = { operationId: "keep", vm: "web", action: "snapshot-create", snapshot: "s" } as const;
    for await (const { state } of served.host.actOnVm(act)) {
      assert.equal(state, "running");
      break;
    }
    const told = await collect(served.host.attachOperation("keep"));
    assert.equal(told.at(-1)?.state, "succeeded");
  });
});

suite("Snapshot", () => {
  test("tells host, VMs, operations and the stack's record, and revisions survive the wire", async (t) => {
    const served = await openServed(t);
    await served.create(
      {
        name: "web",
        vcpu: 2,
        labels: { a: "b" },
        networks: { lan: { bridge: "br0" } },
        cloud_init: { packages: ["nginx"], password: { version: 3 } },
      },
      { secrets: { "cloud_init.password": "x" } },
    );
    served.hypervisor.host.addForeignDomain({ name: "legacy", vcpu: 2, disks: { extra: 4 }, status: "running" });
    const set = {
      stack: "shop",
      serial: 1,
      digest: "sha256:1",
      members: [{ kind: "vm" as const, name: "web", uid: "u1", agentId: "a1" }],
      agents: [{ agentId: "a1", name: "desk", address: "x" }],
    };
    await served.store.writeSet(set, { serial: 0, digest: "" });
    const snapshot = await served.host.snapshot("shop");
    assert.equal(snapshot.host.agentId, served.store.agentId);
    assert.deepEqual(
      [snapshot.host.name, snapshot.host.version, snapshot.host.hypervisor, snapshot.host.available.vcpu],
      ["desk", "0.1.0", "simulated", 28],
    );
    assert.deepEqual(snapshot.vms.map((vm) => vm.name).sort(), ["legacy", "web"]);
    for (const vm of snapshot.vms) {
      assert.equal(vm.revision, (await served.vm(vm.name)).revision);
      assert.equal(vm.revision, revisionOf(vm));
    }
    assert.deepEqual(snapshot.set, set);
    assert.deepEqual((await served.host.snapshot("shop", { setDigestOnly: true })).set, { ...set, members: [], membersOmitted: true });
    assert.equal((await served.host.snapshot("")).set, undefined);
    assert.ok(snapshot.host.images.some((image) => image.name === "debian-12" && image.cached));
  });

  test("never waits for a create", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ ensureImage: 60_000 });
    const [step] = planOf(served.store.agentId, [createBody({ name: "web" })]);
    const updates = served.host.execute(step!)[Symbol.asyncIterator]();
    await updates.next();
    const snapshot = await served.host.snapshot("");
    assert.deepEqual(
      snapshot.operations.map((operation) => operation.name),
      ["web"],
    );
    assert.deepEqual((await served.agentVms.list()).length, 0);
    await updates.return?.();
  });

  test("says that the hypervisor does not answer", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.addFault({ call: "list", error: "hypervisor-down" });
    await assert.rejects(served.host.snapshot(""), refusal("HOST_ERROR", /does not answer/));
  });
});

suite("Execute", () => {
  test("one step in a call of its own, for whoever has no other way", async (t) => {
    const served = await openServed(t);
    const [web, db] = planOf(served.store.agentId, [createBody({ name: "web" }), createBody({ name: "db" })]);
    await using channel = createChannel({ target: plainTarget(served.address), timeoutMs: 30_000, toError: (error) => error });
    const execute = async (request: host.ExecuteRequest): Promise<readonly string[]> =>
      (await collect(channel.stream(host.HostServiceService.execute, request))).map(({ operation }) => operation?.state ?? "");
    assert.equal((await execute(executeToWire(web!))).at(-1), "succeeded");
    await assert.rejects(execute({ ...executeToWire(db!), proof: { index: 0, siblings: [] } }), { code: status.FAILED_PRECONDITION });
    assert.deepEqual(
      served.rpcs.map((event) => [event.method, event.code]),
      [
        ["Execute", "OK"],
        ["Execute", "FAILED_PRECONDITION"],
      ],
    );
  });

  test("a step without a header is one of the plan of the step before", async (t) => {
    const served = await openServed(t);
    const [web, db] = planOf(served.store.agentId, [createBody({ name: "web" }), createBody({ name: "db" })]);
    await using channel = createChannel({ target: plainTarget(served.address), timeoutMs: 30_000, toError: (error) => error });
    const told: string[] = [];
    const ended = new Promise<Error | undefined>((resolve) => {
      const call = channel.duplex<host.ExecuteStepsRequest, host.ExecuteStepsResponse>(host.HostServiceService.executeSteps, {
        onAnswer: ({ operation_id, operation, problems }) =>
          void told.push(`${operation_id === web!.operationId ? "web" : "db"} ${operation?.state ?? problems[0]?.code}`),
        onEnd: resolve,
      });
      // Without a header before, there is none.
      call.send({ execute: executeToWire(db!, { withHeader: false }) });
      call.send({ execute: executeToWire(web!) });
      call.send({ execute: executeToWire({ ...db!, operationId: "again" }, { withHeader: false }) });
      call.end();
    });
    assert.equal(await ended, undefined);
    assert.deepEqual(told.filter((each) => !each.endsWith(" running")).sort(), ["db PLAN_UNREADABLE", "db succeeded", "web succeeded"]);
  });

  test("a caller that is gone leaves nothing open", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ ensureImage: 50 });
    const [web] = planOf(served.store.agentId, [createBody({ name: "web" })]);
    const channel = createChannel({ target: plainTarget(served.address), timeoutMs: 30_000, toError: (error) => error });
    const begun = new Promise<void>((resolve) => {
      const call = channel.duplex<host.ExecuteStepsRequest, host.ExecuteStepsResponse>(host.HostServiceService.executeSteps, {
        onAnswer: () => resolve(),
        onEnd: () => resolve(),
      });
      call.send({ execute: executeToWire(web!) });
    });
    await begun;
    channel.close();
    // The operation goes on, and the agent has nobody to wait for.
    await collect(served.host.attachOperation(web!.operationId));
    while (served.server.idleMs === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await served.vm("web")).status, "running");
  });

  test("carries out a plan's steps and tells how far it is", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ ensureImage: 200 });
    const [web, db] = planOf(served.store.agentId, [createBody({ name: "web" }), createBody({ name: "db" })]);
    const [updates] = await Promise.all([collect(served.host.execute(web!)), collect(served.host.execute(db!))]);
    const last = updates.at(-1)!;
    assert.deepEqual([last.state, last.vm?.name, last.vm?.status, last.vm?.gitCommit], ["succeeded", "web", "running", "abc123"]);
    assert.ok(updates.some((update) => update.phase === "image" && update.bytesTotal > 0));
    assert.deepEqual(
      served.rpcs.map((event) => [event.method, event.code, event.mutating]),
      [
        ["ExecuteSteps", "OK", true],
        ["ExecuteSteps", "OK", true],
      ],
    );
  });

  test("carries out a step on a template, and the snapshot has it", async (t) => {
    const served = await openServed(t);
    const uid = "11111111-2222-4333-8444-555555555555";
    const body = {
      kind: "template",
      action: "create",
      name: "base",
      uid,
      revision: "",
      impact: "none",
      template: { name: "base", image: "debian-12" },
    } as const;
    const [step] = planOf(served.store.agentId, [body], { owner: "terraform:shop" });
    const { state, template } = (await collect(served.host.execute(step!))).at(-1)!;
    assert.equal(state, "succeeded");
    const { templates, host } = await served.host.snapshot("");
    assert.deepEqual(templates, [template]);
    assert.deepEqual(
      [template?.uid, template?.owner, template?.digest],
      [uid, "terraform:shop", host.images.find(({ name }) => name === "debian-12")?.digest],
    );
    assert.equal(template?.revision, templateRevision(template!));
  });

  test("the same step again gives the same result", async (t) => {
    const served = await openServed(t);
    const [step] = planOf(served.store.agentId, [createBody({ name: "web" })]);
    const first = (await collect(served.host.execute(step!))).at(-1);
    const again = await collect(served.host.execute(step!));
    assert.deepEqual(again.at(-1), first);
    assert.equal((await served.hypervisor.list()).length, 1);
  });

  test("a failed operation is an answer with its diagnostics, not an error of the call", async (t) => {
    const served = await openServed(t);
    const [step] = planOf(served.store.agentId, [createBody({ name: "web", vcpu: 64 })]);
    const last = (await collect(served.host.execute(step!))).at(-1);
    assert.deepEqual(
      [last?.state, last?.diagnostics[0]?.code, last?.diagnostics[0]?.path],
      ["failed", "HOST_OUT_OF_VCPU", ["vms", "web", "vcpu"]],
    );
  });

  test("goes on when the caller leaves, and can be followed again", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ start: 100 });
    const [step] = planOf(served.store.agentId, [createBody({ name: "web" })]);
    for await (const update of served.host.execute(step!)) {
      assert.equal(update.state === "pending" || update.state === "running", true);
      break;
    }
    const last = (await collect(served.host.attachOperation(step!.operationId))).at(-1);
    assert.deepEqual([last?.state, last?.vm?.name], ["succeeded", "web"]);
    assert.deepEqual(
      (await served.host.listOperations()).map((operation) => operation.id),
      [step!.operationId],
    );
  });

  test("is cancelled when asked", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ ensureImage: 60_000 });
    const [step] = planOf(served.store.agentId, [createBody({ name: "web" })]);
    const updates = served.host.execute(step!);
    let last;
    for await (const update of updates) {
      last = update;
      if (update.phase === "image") await served.host.cancelOperation(update.id);
    }
    assert.deepEqual([last?.state, last?.diagnostics[0]?.code], ["cancelled", "OPERATION_CANCELLED"]);
    assert.deepEqual((await served.host.listOperations({ activeOnly: true })).length, 0);
  });

  const refused: {
    name: string;
    code: DiagnosticCode;
    change: (input: ReturnType<typeof planOf>[number]) => ReturnType<typeof planOf>[number];
  }[] = [
    { name: "a step that was changed", code: "PLAN_MISMATCH", change: (input) => ({ ...input, body: { ...input.body, name: "other" } }) },
    {
      name: "a higher ceiling than the plan's",
      code: "PLAN_MISMATCH",
      change: (input) => ({ ...input, body: { ...input.body, impact: "data-loss" } }),
    },
    {
      name: "a step for another agent",
      code: "PLAN_MISMATCH",
      change: (input) => ({ ...input, body: { ...input.body, agent_id: "other" } }),
    },
    {
      name: "an expired plan",
      code: "PLAN_EXPIRED",
      change: (input) => ({ ...planOf(input.body.agent_id, [input.body], { expires_at: "2020-01-01T00:00:00Z" })[0]! }),
    },
    { name: "a request without an id", code: "PLAN_UNREADABLE", change: (input) => ({ ...input, operationId: "" }) },
  ];
  for (const { name, code, change } of refused) {
    test(`refuses ${name}`, async (t) => {
      const served = await openServed(t);
      const [step] = planOf(served.store.agentId, [createBody({ name: "web" })]);
      await assert.rejects(collect(served.host.execute(change(step!))), refusal(code));
      assert.deepEqual([served.store.vms.size, (await served.host.listOperations()).length], [0, 0]);
    });
  }

  test("refuses what is not known", async (t) => {
    const served = await openServed(t);
    await assert.rejects(collect(served.host.attachOperation("none")), refusal("OPERATION_NOT_FOUND"));
    await assert.rejects(served.host.cancelOperation("none"), refusal("OPERATION_NOT_FOUND"));
  });
});

test("UpdateSet replaces the record that its caller knows, and compares without writing", async (t) => {
  const served = await openServed(t);
  const set = { stack: "shop", serial: 2, members: [], agents: [], digest: "sha256:a" };
  const none = { serial: 0, digest: "" };
  assert.deepEqual(await served.host.updateSet(set, none), { ...set, membersOmitted: true });
  await assert.rejects(served.host.updateSet({ ...set, serial: 3 }, none), refusal("SET_CONFLICT"));
  await served.host.updateSet({ ...set, membersOmitted: true }, set);
  await assert.rejects(served.host.updateSet({ ...set, membersOmitted: true }, { ...set, digest: "sha256:b" }), refusal("SET_CONFLICT"));
  assert.deepEqual((await served.host.snapshot("shop")).set, set);
  await assert.rejects(served.host.updateSet({ ...set, stack: "../x", serial: 3 }, set), refusal("PLAN_UNREADABLE"));
});

test("Snapshot without members tells those of this host that are not as they are recorded", async (t) => {
  const served = await openServed(t);
  const { agentId } = served.store;
  const until = "2030-01-31T12:00:00Z";
  const members = [
    { kind: "vm", name: "gone", uid: "u1", agentId },
    { kind: "vm", name: "soon", uid: "u2", agentId, until },
    { kind: "vm", name: "elsewhere", uid: "u3", agentId: "another", until },
  ] as const;
  await served.host.updateSet({ stack: "shop", serial: 1, members, agents: [], digest: "sha256:a" }, { serial: 0, digest: "" });
  const { set } = await served.host.snapshot("shop", { setDigestOnly: true });
  assert.deepEqual([set?.members, set?.membersOmitted], [[members[1]], true]);
  assert.deepEqual((await served.host.snapshot("shop")).set?.members, members);
});

suite("Watch", () => {
  test("tells what happens through the agent and behind it", async (t) => {
    const served = await openServed(t);
    const leave = new AbortController();
    const heard: string[] = [];
    let token = "";
    const watching = (async () => {
      for await (const event of served.host.watch("", { signal: leave.signal })) {
        heard.push(`${event.type} ${event.name}`);
        token = event.resumeToken;
        if (event.type === "vm-status" && event.detail.includes("stopped: shut down by the guest")) return;
      }
    })();
    await until(() => served.server.openCalls > 0);
    await served.create({ name: "web" });
    served.hypervisor.host.setDomain("web", { status: "stopped" });
    await watching;
    for (const event of ["operation web", "vm-created web", "vm-status web"])
      assert.ok(heard.includes(event), `${event} in ${heard.join(", ")}`);
    served.hypervisor.host.setDomain("web", { vcpu: 3 });
    for await (const event of served.host.watch(token)) {
      assert.equal(`${event.type} ${event.name}`, "vm-changed web");
      break;
    }
  });

  test("says that there is a gap when the token is of another run, or too old", async (t) => {
    const served = await openServed(t);
    for await (const event of served.host.watch("other.5")) {
      assert.equal(event.type, "gap");
      break;
    }
    const events = new EventLog(served.hypervisor, served.operations);
    t.after(() => events[Symbol.dispose]());
    const leave = new AbortController();
    const first = events.watch("", leave.signal);
    const waiting = first.next();
    await served.create({ name: "web" });
    const { value } = (await waiting) as { value: HostEvent };
    for (let i = 1; i <= 7000; i++) served.hypervisor.host.setDomain("web", { vcpu: 1 + (i % 30) });
    const again = events.watch(value.resumeToken, leave.signal);
    assert.equal((await again.next()).value?.type, "gap");
    assert.equal((await again.next()).value?.type, "vm-changed");
    leave.abort();
    while (!(await again.next()).done);
  });
});

suite("the server", () => {
  test("listens on a socket for its owner alone", async (t) => {
    const served = await openServed(t);
    assert.equal((await stat(served.address.slice("unix:".length))).mode & 0o777, 0o600);
  });

  test("takes over a socket that nobody listens at any more, and no other", async (t) => {
    const served = await openServed(t);
    await assert.rejects(openServed(t, { address: served.address }), refusal("AGENT_START", /another process listens/));
    await served.server.close(0);
    const { createServer } = await import("node:net");
    const path = served.address.slice("unix:".length);
    const dead = createServer().listen(path);
    await once(dead, "listening");
    // As after a kill: the file stays, nobody listens.
    const { link, unlink } = await import("node:fs/promises");
    await link(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    await link(`${path}.kept`, path);
    await unlink(`${path}.kept`);
    const again = await openServed(t, { address: served.address });
    await again.host.snapshot("");
  });

  test("listens on loopback TCP with the port that the system gave", async (t) => {
    const served = await openServed(t, { address: "127.0.0.1:0" });
    assert.match(served.address, /^127\.0\.0\.1:[1-9]/);
    await served.host.snapshot("");
    await assert.rejects(openServed(t, { address: served.address }), refusal("AGENT_START", /EADDRINUSE/));
  });

  test("is idle when nobody is connected", async (t) => {
    const served = await openServed(t);
    await served.host.snapshot("");
    assert.equal(Math.round(served.server.idleMs), 0);
    served.host.close();
    await until(() => served.server.idleMs > 5);
  });

  test("lets running calls end when it closes", async (t) => {
    const served = await openServed(t);
    served.hypervisor.host.setLatency({ list: 80 });
    const other = connectHost({ name: "desk", address: served.address, timeoutMs: 30_000 });
    t.after(() => other.close());
    const snapshot = other.snapshot("");
    await until(() => served.server.openCalls > 0);
    await served.server.close(30_000);
    assert.equal((await snapshot).host.name, "desk");
  });

  test("ends what has no end of its own when it closes", async (t) => {
    const served = await openServed(t);
    const watching = served.host.watch()[Symbol.asyncIterator]().next();
    await until(() => served.server.openCalls > 0);
    await served.server.close(30_000);
    assert.equal((await watching).done, true);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
