import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GhostError, problem } from "@ghost/schemas";
import type { DiagnosticCode } from "@ghost/schemas";
import { status } from "@grpc/grpc-js";
import { agentpb, serviceError } from "../server.ts";
import { serve } from "./testdata/server.ts";
import type { Running } from "./testdata/server.ts";
import { connectVms } from "./vms.ts";
import type { VmClient } from "./vms.ts";

const serveVms = (handlers: Partial<agentpb.AgentServiceServer>): Promise<Running> => serve(agentpb.AgentServiceService, handlers);
const connect = (server: Running): VmClient => connectVms({ name: "desk", address: server.address, timeoutMs: 10_000 });
const hasCode = (code: DiagnosticCode) => (error: unknown) =>
  error instanceof GhostError && error.diagnostics[0].code === code && error.diagnostics[0].agent === "desk";

suite("connectVms", () => {
  test("every call goes there and back", async () => {
    const seen: unknown[] = [];
    const report = {
      vm_id: "u1",
      name: "web",
      status: "running",
      vcpu: 2,
      ram_gb: 4,
      disk_gb: 20,
      ip_address: "10.0.0.5",
      uptime_seconds: 60,
      cpu_usage_percent: 0.5,
      ram_usage_percent: 25,
    };
    await using server = await serveVms({
      createVm: (call, reply) => (seen.push(call.request), reply(null, { vm_id: "u1", ip_address: "", status: "running", error: "" })),
      deleteVm: (call, reply) => (seen.push(call.request), reply(null, { success: true, error: "" })),
      startVm: (call, reply) => (seen.push(call.request), reply(null, { status: "running", error: "" })),
      stopVm: (call, reply) => (seen.push(call.request), reply(null, { status: "stopped", error: "" })),
      getVmStatus: (call, reply) => (seen.push(call.request), reply(null, report)),
      listVMs: (_, reply) => reply(null, { vms: [{ vm_id: "u1", name: "web", status: "running", ip_address: "" }] }),
    });
    await using client = connect(server);
    assert.deepEqual(await client.create({ name: "web", vcpu: 2, ram_gb: 4, disk_gb: 20, metadata: { a: "b" } }), {
      vm_id: "u1",
      ip_address: "",
      status: "running",
    });
    assert.deepEqual(await client.start("u1"), { status: "running" });
    assert.deepEqual(await client.stop("web", { force: true }), { status: "stopped" });
    assert.deepEqual(await client.status("web"), report);
    assert.deepEqual(await client.list(), [{ vm_id: "u1", name: "web", status: "running", ip_address: "" }]);
    await client.delete("web");
    assert.deepEqual(seen, [
      { name: "web", vcpu: 2, ram_gb: 4, disk_gb: 20, template: "", metadata: { a: "b" } },
      { vm_id: "u1" },
      { vm_id: "web", force: true },
      { vm_id: "web" },
      { vm_id: "web" },
    ]);
  });

  const errors: readonly [number, DiagnosticCode][] = [
    [status.INVALID_ARGUMENT, "VM_INVALID"],
    [status.ALREADY_EXISTS, "VM_EXISTS"],
    [status.RESOURCE_EXHAUSTED, "HOST_ERROR"],
    [status.FAILED_PRECONDITION, "VM_POWER_STATE"],
    [status.NOT_FOUND, "VM_NOT_FOUND"],
    [status.INTERNAL, "HOST_ERROR"],
  ];
  for (const [grpc, code] of errors) {
    test(`${status[grpc]} of the original agent is ${code}`, async () => {
      await using server = await serveVms({ startVm: (_, reply) => reply({ code: grpc, details: "no" }) });
      await using client = connect(server);
      await assert.rejects(client.start("web"), hasCode(code));
    });
  }

  test("our agent says it more exactly", async () => {
    await using server = await serveVms({
      createVm: (_, reply) => reply(serviceError(problem("HOST_OUT_OF_MEMORY", "2 GiB are missing."))),
    });
    await using client = connect(server);
    await assert.rejects(client.create({ name: "web", vcpu: 1, ram_gb: 1, disk_gb: 10 }), hasCode("HOST_OUT_OF_MEMORY"));
  });

  test("an error inside a good answer is one", async () => {
    await using server = await serveVms({
      stopVm: (_, reply) => reply(null, { status: "running", error: "guest does not stop" }),
      deleteVm: (_, reply) => reply(null, { success: false, error: "" }),
    });
    await using client = connect(server);
    await assert.rejects(client.stop("web"), /guest does not stop/);
    await assert.rejects(client.delete("web"), /VM web was not deleted/);
  });
});
