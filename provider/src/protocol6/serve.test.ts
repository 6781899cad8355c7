import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import path from "node:path";
import { existsSync } from "node:fs";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { toPem } from "./certificate.ts";
import { startProgram, TestClient } from "./testing/client.ts";
import type { Program } from "./testing/client.ts";
import { toyProvider } from "./testing/toy-provider.ts";

const MAIN = path.join(import.meta.dirname, "testing/toy-main.ts");
const COMMAND = [process.execPath, MAIN] as const;
const COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

async function started(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const program = await startProgram(toyProvider(), [...COMMAND], env);
  t.after(() => program.child.kill("SIGKILL"));
  return program;
}

async function run(env: NodeJS.ProcessEnv): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(COMMAND[0], COMMAND.slice(1), { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

suite("the process of a plugin", () => {
  for (const [name, cookie] of [
    ["without the cookie", ""],
    ["with a wrong cookie", "x"],
  ] as const) {
    test(`${name}, says what it is`, async () => {
      const result = await run({ TF_PLUGIN_MAGIC_COOKIE: cookie });
      assert.deepEqual(result, { code: 1, stdout: "", stderr: "This is the toy provider.\nTerraform starts it.\n" });
    });
  }

  test("says that it speaks protocol 6 alone", async () => {
    const { code, stdout, stderr } = await run({ TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_PROTOCOL_VERSIONS: "4,5" });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /speaks plugin protocol 6/);
  });

  test("says on stdout why it cannot start, where Terraform shows it", async () => {
    const { code, stdout } = await run({ TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_UNIX_SOCKET_DIR: "/no/such/folder" });
    assert.equal(code, 1);
    assert.match(stdout, /^Error: provider\.toy could not start: /);
  });

  test("works over TLS, and ends when it is told to, its socket gone", async (t) => {
    const { client, line, ended } = await started(t);
    const [core, protocol, network, address = "", kind] = line.split("|");
    assert.deepEqual([core, protocol, network, kind], ["1", "6", "unix", "grpc"]);
    assert.ok(existsSync(address));
    await client.configure();
    assert.equal((await client.apply("toy_thing", { name: "a" })).state?.["id"], "id-a");
    await client.shutdown();
    assert.deepEqual(await ended, { code: 0, signal: null, stderr: "" });
    assert.ok(!existsSync(address));
  });

  test("refuses whoever has no certificate, and goes on after garbage", async (t) => {
    const { client, line } = await started(t);
    const [, , , address = "", , der = ""] = line.split("|");
    const garbage = connectSocket(address);
    garbage.on("error", () => {});
    garbage.write("GET / HTTP/1.1\r\n\r\n");
    await once(garbage.resume(), "close");
    const theirs = toPem(Buffer.from(der, "base64"));
    const stranger = new TestClient(toyProvider(), `unix:${address}`, credentials.createSsl(theirs), async () => {});
    await assert.rejects(stranger.configure());
    await stranger.close();
    assert.deepEqual(await client.configure(), []);
    await client.shutdown();
  });

  test("takes no notice of Ctrl-C", async (t) => {
    const { client, child, ended } = await started(t);
    await client.configure();
    child.kill("SIGINT");
    assert.equal((await client.apply("toy_thing", { name: "a" })).state?.["id"], "id-a");
    await client.shutdown();
    assert.equal((await ended).code, 0);
  });

  test("answers what runs before SIGTERM ends it", async (t) => {
    const { client, child, ended } = await started(t);
    await client.configure();
    const config = { name: "slow" };
    const plan = await client.plan("toy_thing", config);
    const slow = client.applyPlan("toy_thing", config, { state: null, private: null }, plan);
    // Answered after the call above has arrived: one connection keeps its order.
    await client.call("getMetadata", {});
    child.kill("SIGTERM");
    assert.equal((await slow).diagnostics[0]?.detail, "Stopped.");
    client.grpc.close();
    assert.equal((await ended).code, 0);
  });

  test("ends when the client hangs up", async (t) => {
    const { client, ended } = await started(t);
    const lifeline = client.lifeline();
    await client.configure();
    lifeline.hangUp();
    assert.equal((await ended).code, 0);
  });

  test("ends when the process that started it is gone", async (t) => {
    // A parent of its own, to be killed.
    const script = `const { spawn } = require("node:child_process");
      const child = spawn(process.argv[1], process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
      console.error(child.pid);`;
    const parent = spawn(process.execPath, ["-e", script, ...COMMAND], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TF_PLUGIN_MAGIC_COOKIE: COOKIE },
    });
    let pid = 0;
    parent.stderr.on("data", (chunk) => (pid ||= Number.parseInt(String(chunk), 10)));
    t.after(() => {
      try {
        if (pid !== 0) process.kill(pid, "SIGKILL");
      } catch {
        // Gone, as it should be.
      }
    });
    const handshake = once(parent.stdout, "data");
    await handshake;
    const closed = once(parent.stdout, "close");
    parent.stdout.resume();
    parent.kill("SIGKILL");
    // The grandchild holds the pipe until it ends.
    await closed;
  });

  test("in debug mode, prints what makes Terraform use it", async (t) => {
    const child = spawn(COMMAND[0], [...COMMAND.slice(1), "--debug"], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    const [text] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const json = /TF_REATTACH_PROVIDERS='(.*)'/.exec(text)?.[1] ?? "";
    const entry = (JSON.parse(json) as Record<string, { Addr: { String: string }; Pid: number }>)["registry.terraform.io/test/toy"];
    assert.ok(entry);
    assert.equal(entry.Pid, child.pid);
    const client = new TestClient(toyProvider(), `unix:${entry.Addr.String}`, credentials.createInsecure(), async () => {});
    client.lifeline().hangUp();
    // Not the end here: the next command comes.
    await client.shutdown();
    const again = new TestClient(toyProvider(), `unix:${entry.Addr.String}`, credentials.createInsecure(), async () => {});
    assert.deepEqual(await again.configure(), []);
    await again.close();
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "close"), [0, null]);
  });
});
