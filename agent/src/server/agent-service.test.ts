import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { agentpb, health, reflection } from "@ghost/proto/server";
import { descriptors } from "@ghost/proto/descriptors";
import { findProblems } from "./agent-service.ts";
import { reflectionDefinitions } from "./reflection-service.ts";
import { openServed } from "./testdata/served.ts";
import type { Served } from "./testdata/served.ts";

/** Calls as another program would, and gives the name of the status with the message. */
async function raw<R>(
  served: Served,
  t: { after(fn: () => void): void },
  method: "createVm" | "deleteVm" | "startVm" | "stopVm" | "getVmStatus" | "listVMs",
  request: object,
): Promise<{ code: number; details: string; response?: R }> {
  const client = new agentpb.AgentServiceClient(served.address, credentials.createInsecure());
  t.after(() => client.close());
  return await new Promise((resolve) => {
    const call = client[method] as unknown as (
      request: object,
      reply: (error: { code: number; details: string } | null, response: R) => void,
    ) => void;
    call.call(client, request, (error, response) =>
      resolve(error === null ? { code: 0, details: "", response } : { code: error.code, details: error.details }),
    );
  });
}

const VM = { name: "my-vm", vcpu: 2, ram_gb: 4, disk_gb: 50, template: "ubuntu-22.04", metadata: { key: "value" } };

suite("agentpb.AgentService", () => {
  test("creates, lists, describes, stops, starts and deletes, by id and by name", async (t) => {
    const served = await openServed(t);
    const made = await served.agentVms.create(VM);
    assert.deepEqual([made.status, made.ip_address.startsWith("192.168."), /^[0-9a-f-]{36}$/.test(made.vm_id)], ["running", true, true]);
    const status = await served.agentVms.status("my-vm");
    assert.deepEqual(
      [status.vm_id, status.name, status.status, status.vcpu, status.ram_gb, status.disk_gb, status.ip_address],
      [made.vm_id, "my-vm", "running", 2, 4, 50, made.ip_address],
    );
    assert.deepEqual(await served.agentVms.list(), [{ vm_id: made.vm_id, name: "my-vm", status: "running", ip_address: made.ip_address }]);
    assert.equal((await served.agentVms.stop(made.vm_id)).status, "stopped");
    assert.equal((await served.agentVms.status(made.vm_id)).status, "stopped");
    assert.equal((await served.agentVms.start("my-vm")).status, "running");
    const vm = await served.vm("my-vm");
    assert.deepEqual([vm.owner, vm.live.metadata, vm.live.image], ["agent", { key: "value" }, "ubuntu-22.04"]);
    await served.agentVms.delete("my-vm");
    assert.deepEqual(await served.agentVms.list(), []);
    assert.deepEqual(
      served.operations.list({ activeOnly: false, limit: 10 }).map((operation) => operation.action),
      ["delete", "start", "stop", "create"],
    );
  });

  test("takes the default template, and says so when there is none", async (t) => {
    const served = await openServed(t);
    await served.agentVms.create({ ...VM, template: "" });
    assert.equal((await served.vm("my-vm")).live.image, "debian-12");
    const without = await openServed(t, { defaultTemplate: "" });
    assert.match((await raw(without, t, "createVm", { ...VM, template: "" })).details, /default_template/);
  });

  test("a graceful stop waits for the guest's real end", async (t) => {
    const served = await openServed(t);
    await served.agentVms.create(VM);
    served.hypervisor.host.setLatency({ stop: 60 });
    const stopped = served.agentVms.stop("my-vm");
    await until(async () => served.operations.list({ activeOnly: true, limit: 1 })[0]?.phase === "stop");
    assert.equal((await served.agentVms.status("my-vm")).status, "running");
    assert.equal((await stopped).status, "stopped");
  });

  const codes: {
    name: string;
    prepare?: (served: Served) => unknown;
    method: Parameters<typeof raw>[2];
    request: object;
    code: number;
    details: RegExp;
  }[] = [
    {
      name: "a name that is taken",
      prepare: (served) => served.agentVms.create(VM),
      method: "createVm",
      request: VM,
      code: 6,
      details: /"my-vm" already/,
    },
    {
      name: "bad values, all of them",
      method: "createVm",
      request: { ...VM, name: "x", vcpu: 33, ram_gb: 0, disk_gb: 9, template: "windows-95" },
      code: 3,
      details: /name.*\n.*vcpu.*\n.*ram_gb.*\n.*disk_gb.*\n.*template/,
    },
    {
      name: "more than the host has",
      method: "createVm",
      request: { ...VM, vcpu: 32, ram_gb: 128, disk_gb: 1000 },
      prepare: (served) => served.create({ name: "other" }),
      code: 8,
      details: /1 processor short[^]*1 GiB of memory short/,
    },
    {
      name: "a hypervisor that fails",
      prepare: (served) => served.hypervisor.host.addFault({ call: "define", error: "internal error" }),
      method: "createVm",
      request: VM,
      code: 13,
      details: /internal error/,
    },
    { name: "a VM that there is not: delete", method: "deleteVm", request: { vm_id: "nobody" }, code: 5, details: /"nobody"/ },
    { name: "a VM that there is not: start", method: "startVm", request: { vm_id: "nobody" }, code: 5, details: /"nobody"/ },
    { name: "a VM that there is not: stop", method: "stopVm", request: { vm_id: "nobody" }, code: 5, details: /"nobody"/ },
    { name: "a VM that there is not: status", method: "getVmStatus", request: { vm_id: "nobody" }, code: 5, details: /"nobody"/ },
    { name: "no id", method: "getVmStatus", request: { vm_id: "" }, code: 3, details: /vm_id/ },
    {
      name: "a VM that runs",
      prepare: (served) => served.agentVms.create(VM),
      method: "startVm",
      request: { vm_id: "my-vm" },
      code: 9,
      details: /running already/,
    },
    {
      name: "a VM that is stopped",
      prepare: (served) => served.create({ name: "my-vm", power: "stopped" }),
      method: "stopVm",
      request: { vm_id: "my-vm" },
      code: 9,
      details: /stopped already/,
    },
    {
      name: "a protected VM",
      prepare: (served) => served.create({ name: "my-vm", protect: true }, { owner: "agent" }),
      method: "deleteVm",
      request: { vm_id: "my-vm" },
      code: 9,
      details: /protected/,
    },
    {
      name: "a stack's VM",
      prepare: (served) => served.create({ name: "my-vm" }),
      method: "deleteVm",
      request: { vm_id: "my-vm" },
      code: 9,
      details: /belongs to spec:shop/,
    },
    {
      name: "nobody's VM",
      prepare: (served) => served.hypervisor.host.addForeignDomain({ name: "my-vm" }),
      method: "startVm",
      request: { vm_id: "my-vm" },
      code: 9,
      details: /belongs to nobody/,
    },
  ];
  for (const { name, prepare, method, request, code, details } of codes) {
    test(`answers ${code} for ${name}`, async (t) => {
      const served = await openServed(t);
      await prepare?.(served);
      const answer = await raw(served, t, method, request);
      assert.equal(answer.code, code, answer.details);
      assert.match(answer.details, details);
      assert.deepEqual(served.bugs, []);
      assert.equal(served.rpcs.at(-1)?.service, "agentpb.AgentService");
      assert.notEqual(served.rpcs.at(-1)?.code, "OK");
    });
  }

  test("nothing is created when something is refused", async (t) => {
    const served = await openServed(t);
    await raw(served, t, "createVm", { ...VM, vcpu: 33 });
    assert.deepEqual([served.store.vms.size, served.operations.list({ activeOnly: false, limit: 9 }).length], [0, 0]);
  });

  const limits: { name: string; change: Partial<typeof VM>; keys: string[] }[] = [
    { name: "the smallest", change: { name: "abc", vcpu: 1, ram_gb: 1, disk_gb: 10 }, keys: [] },
    { name: "the largest", change: { name: "a".repeat(63), vcpu: 32, ram_gb: 128, disk_gb: 1000 }, keys: [] },
    { name: "too short and too long names", change: { name: "ab" }, keys: ["name"] },
    { name: "a name of 64", change: { name: "a".repeat(64) }, keys: ["name"] },
    { name: "no name", change: { name: "" }, keys: ["name"] },
    { name: "a path", change: { name: "../etc" }, keys: ["name"] },
    { name: "a hyphen at the end", change: { name: "abc-" }, keys: ["name"] },
    { name: "below every limit", change: { vcpu: 0, ram_gb: 0, disk_gb: 9 }, keys: ["vcpu", "ram_gb", "disk_gb"] },
    { name: "above every limit", change: { vcpu: 33, ram_gb: 129, disk_gb: 1001 }, keys: ["vcpu", "ram_gb", "disk_gb"] },
  ];
  for (const { name, change, keys } of limits) {
    test(`the original's limits: ${name}`, () =>
      assert.deepEqual(
        findProblems({ ...VM, ...change }, VM.template, ["ubuntu-22.04"]).map((each) => each.path?.[0]),
        keys,
      ));
  }
});

suite("gRPC health", () => {
  const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;

  async function check(served: Served, client: health.HealthClient, service: string): Promise<number> {
    return await new Promise((resolve) => client.check({ service }, (error, response) => resolve(error?.code ?? response.status)));
  }

  test("says whether the server and each service serve", async (t) => {
    const served = await openServed(t);
    const client = new health.HealthClient(served.address, credentials.createInsecure());
    t.after(() => client.close());
    assert.deepEqual(
      await Promise.all(["", "agentpb.AgentService", "ghost.host.v1.HostService"].map((service) => check(served, client, service))),
      [SERVING, SERVING, SERVING],
    );
    assert.equal(await check(served, client, "nothing"), 5);
    served.isHealthy = false;
    assert.equal(await check(served, client, ""), NOT_SERVING);
  });

  test("tells a watcher what it is now, also of a service that there is not", async (t) => {
    const served = await openServed(t);
    const client = new health.HealthClient(served.address, credentials.createInsecure());
    t.after(() => client.close());
    for (const [service, want] of [
      ["", SERVING],
      ["nothing", SERVICE_UNKNOWN],
    ] as const) {
      const call = client.watch({ service });
      call.on("error", () => undefined);
      const status = await new Promise((resolve) => call.once("data", (response: health.HealthCheckResponse) => resolve(response.status)));
      call.cancel();
      assert.equal(status, want);
    }
  });
});

suite("gRPC reflection", () => {
  async function ask(
    served: Served,
    t: { after(fn: () => void): void },
    version: 0 | 1,
    questions: readonly reflection.ServerReflectionRequest["message_request"][],
  ): Promise<reflection.ServerReflectionResponse[]> {
    const { serverReflectionInfo: method } = reflectionDefinitions[version] as typeof reflection.ServerReflectionService;
    const client = new Client(served.address, credentials.createInsecure());
    t.after(() => client.close());
    const call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
    const answers: reflection.ServerReflectionResponse[] = [];
    call.on("data", (response: reflection.ServerReflectionResponse) => answers.push(response));
    for (const message_request of questions) call.write({ host: "", message_request });
    call.end();
    await new Promise((resolve, reject) => call.on("end", resolve).on("error", reject));
    return answers;
  }

  for (const version of [0, 1] as const) {
    test(`of version ${["v1", "v1alpha"][version]} lists services and describes them`, async (t) => {
      const served = await openServed(t);
      const [listed, found, missing] = await ask(served, t, version, [
        { $case: "list_services", value: "*" },
        { $case: "file_containing_symbol", value: "ghost.host.v1.HostService.Snapshot" },
        { $case: "file_by_filename", value: "nothing.proto" },
      ]);
      assert.ok(listed?.message_response?.$case === "list_services_response");
      assert.deepEqual(listed.message_response.value.service.map((service) => service.name).sort(), [
        "agentpb.AgentService",
        "ghost.host.v1.HostService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ]);
      assert.ok(found?.message_response?.$case === "file_descriptor_response");
      assert.deepEqual(
        found.message_response.value.file_descriptor_proto.map((file) => Buffer.from(file).toString("base64")),
        ["ghost/host/v1/host.proto", "google/protobuf/timestamp.proto"].map((path) => descriptors[path]?.base64),
      );
      assert.ok(missing?.message_response?.$case === "error_response");
      assert.equal(missing.message_response.value.error_code, 5);
    });
  }

  test("knows every service that is listed", async (t) => {
    const served = await openServed(t);
    const [listed] = await ask(served, t, 0, [{ $case: "list_services", value: "" }]);
    assert.ok(listed?.message_response?.$case === "list_services_response");
    const names = listed.message_response.value.service.map((service) => service.name);
    const answers = await ask(
      served,
      t,
      0,
      names.map((value) => ({ $case: "file_containing_symbol" as const, value })),
    );
    assert.deepEqual(
      answers.map((each) => each.message_response?.$case),
      names.map(() => "file_descriptor_response"),
    );
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
