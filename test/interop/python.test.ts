import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { spawnGhost, tempFolder, until } from "../support/ghost.ts";

const PYTHON = "/usr/bin/python3";

/** Why the other implementation cannot be asked here; undefined when it can. */
function missing(): string | undefined {
  try {
    execFileSync(PYTHON, ["-c", "import grpc, google.protobuf"], { stdio: "ignore" });
    execFileSync("protoc", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler";
  }
}

suite("a client of another gRPC implementation", () => {
  const reason = missing();
  // CI installs the packages; there their absence is a failure.
  if (reason !== undefined && process.env["CI"] === undefined) {
    test("creates, lists, stops, starts and deletes", { skip: reason }, () => {});
    return;
  }
  test("creates, lists, stops, starts and deletes, and gets the documented codes", async () => {
    await using temp = await tempFolder();
    const config = path.join(temp.path, "agent.yaml");
    const socket = path.join(temp.path, "agent.sock");
    await writeFile(
      config,
      `hypervisor: simulated\ndata_dir: ${temp.path}/data\ndefault_template: debian-12\ngrpc: { listen_addr: "unix:${socket}" }\n` +
        `metrics: { listen_addr: "127.0.0.1:0" }\nhealth: { listen_addr: "127.0.0.1:0" }\nlogging: { output: stdout }\n` +
        "simulated: { vcpu: 16, ram_gb: 64, disk_gb: 500 }\n",
    );
    const agent = spawnGhost(["agent", "run", "--config", config]);
    try {
      let output = "";
      agent.stdout?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      agent.stderr?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      await until(() => {
        assert.equal(agent.exitCode, null, output);
        try {
          execFileSync("test", ["-S", socket]);
          return true;
        } catch {
          return false;
        }
      }, "the agent's socket");
      execFileSync("protoc", [
        `--proto_path=${path.resolve(import.meta.dirname, "../../proto/agentpb")}`,
        `--python_out=${temp.path}`,
        "agent.proto",
      ]);
      const printed = execFileSync(PYTHON, [path.join(import.meta.dirname, "client.py"), `unix:${socket}`, temp.path], {
        encoding: "utf8",
      });
      const calls = printed
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { call: string; code: string; reply: Record<string, unknown> });
      assert.deepEqual(
        calls.map(({ call, code }) => `${call} ${code}`),
        [
          "CreateVM OK",
          "CreateVM ALREADY_EXISTS",
          "CreateVM INVALID_ARGUMENT",
          "CreateVM INVALID_ARGUMENT",
          "CreateVM INVALID_ARGUMENT",
          "CreateVM RESOURCE_EXHAUSTED",
          "CreateVM OK",
          "ListVMs OK",
          "GetVMStatus OK",
          "GetVMStatus OK",
          "StartVM FAILED_PRECONDITION",
          "StopVM OK",
          "StopVM FAILED_PRECONDITION",
          "GetVMStatus OK",
          "StartVM OK",
          "StopVM OK",
          "DeleteVM OK",
          "DeleteVM NOT_FOUND",
          "StartVM NOT_FOUND",
          "StopVM NOT_FOUND",
          "GetVMStatus NOT_FOUND",
          "DeleteVM OK",
          "ListVMs OK",
        ],
      );
      const [made, , , , , tooBig, , listed, byId, byName] = calls.map(({ reply }) => reply);
      assert.equal(made?.["status"], "running");
      assert.match(String(tooBig?.["details"]), /short/, "RESOURCE_EXHAUSTED says what is short by how much");
      assert.equal((listed?.["vms"] as unknown[] | undefined)?.length, 2);
      assert.deepEqual(
        { ...byId, uptime_seconds: 0, cpu_usage_percent: 0, ram_usage_percent: 0 },
        { ...byName, uptime_seconds: 0, cpu_usage_percent: 0, ram_usage_percent: 0 },
      );
      assert.equal(byId?.["name"], "my-vm");
      assert.equal(byId?.["vcpu"], 2);
      assert.equal(calls[13]?.reply["status"], "stopped");
      assert.deepEqual((calls.at(-1)?.reply["vms"] as unknown[]) ?? [], []);
    } finally {
      agent.kill("SIGKILL");
    }
  });
});
