import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { GhostError } from "@ghost/schemas";
import { startGrpcServer } from "./grpc-server.ts";

async function socketPath(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ghost-socket-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return join(dir, "agent.sock");
}

suite("the unix socket", () => {
  test("is its owner's alone", async (t) => {
    const path = await socketPath(t);
    const server = await startGrpcServer({ address: `unix:${path}`, services: [] });
    t.after(() => server.close(0));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("is a group's too, where one is named", async (t) => {
    const gid = process.getgid!();
    const [group = ""] = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((line) => line.split(":")[2] === String(gid))!
      .split(":");
    const path = await socketPath(t);
    const server = await startGrpcServer({ address: `unix:${path}`, socketGroup: group, services: [] });
    t.after(() => server.close(0));
    const found = await stat(path);
    assert.deepEqual([found.mode & 0o777, found.gid], [0o660, gid]);
  });

  test("is not opened for a group that is not there", async (t) => {
    const path = await socketPath(t);
    await assert.rejects(
      startGrpcServer({ address: `unix:${path}`, socketGroup: "nobody-has-this", services: [] }),
      (error: unknown) => error instanceof GhostError && /given to the group nobody-has-this: there is no such group/.test(error.message),
    );
    assert.ok(!existsSync(path));
  });
});
