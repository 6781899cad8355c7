/** An apply that does not come to its end: an agent is lost, or a person presses Ctrl-C. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openSimulatedHost } from "@ghost/agent";
import type { AgentProcess } from "../support/ghost.ts";
import { collect, ghost, spawnGhost, startAgent, tempFolder, until } from "../support/ghost.ts";

function namesOn(agent: AgentProcess): readonly string[] {
  using host = openSimulatedHost(agent.dir);
  return host.listDomains().map((domain) => domain.live.name);
}

function slowDown(agent: AgentProcess, defineMs: number): void {
  using host = openSimulatedHost(agent.dir);
  host.setLatency({ define: defineMs });
}

/** VMs that have a disk: begun, or done. */
function runningOn(agent: AgentProcess): number {
  using host = openSimulatedHost(agent.dir);
  return host.listDisks().size;
}

suite("an agent that is lost in the middle of an apply", () => {
  test("fails its own steps; the rest goes on, exit 1, and applying again converges", async () => {
    await using temp = await tempFolder();
    await using left = await startAgent(path.join(temp.path, "left"));
    await using right = await startAgent(path.join(temp.path, "right"));
    slowDown(left, 60_000);
    slowDown(right, 50);
    const spec = path.join(temp.path, "ghost.yaml");
    await writeFile(
      spec,
      `ghost: 1\nstack: s\nagents: { left: { address: "${left.address}" }, right: { address: "${right.address}" } }\n` +
        "vms:\n  l: { agent: left, image: debian-12, replicas: 3 }\n  r: { agent: right, image: debian-12, replicas: 12 }\n",
    );
    const apply = spawnGhost(["apply", "-f", spec, "--yes"]);
    apply.stdin?.end();
    const ended = collect(apply);
    await until(() => namesOn(right).length > 0, "the first VM on the other host");
    await left.kill("SIGKILL");
    const result = await ended;
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stdout + result.stderr, /AGENT_UNREACHABLE/);
    assert.equal(namesOn(right).length, 12, "the other host's VMs are all made");

    slowDown(left, 0);
    await using back = await startAgent(left.dir);
    const again = await ghost(["apply", "-f", spec, "--yes"]);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.deepEqual(namesOn(back).toSorted(), ["l-1", "l-2", "l-3"]);
    assert.equal((await ghost(["plan", "-f", spec, "--detailed-exitcode"])).code, 0);
  });
});

suite("Ctrl-C", () => {
  const setUp = async (folder: string, agent: AgentProcess, defineMs: number): Promise<string> => {
    const spec = path.join(folder, "ghost.yaml");
    await writeFile(
      spec,
      `ghost: 1\nstack: s\nagents: { desk: { address: "${agent.address}" } }\nvms: { web: { agent: desk, image: debian-12, replicas: 12 } }\n`,
    );
    slowDown(agent, defineMs);
    return spec;
  };

  test("once: nothing new is started, what runs is finished, exit 130", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const spec = await setUp(temp.path, agent, 1000);
    const apply = spawnGhost(["apply", "-f", spec, "--yes", "--parallel", "2"]);
    apply.stdin?.end();
    const ended = collect(apply);
    await until(() => namesOn(agent).length >= 2, "two VMs");
    apply.kill("SIGINT");
    const { code, stderr, stdout } = await ended;
    assert.equal(code, 130, stdout + stderr);
    const made = namesOn(agent).length;
    assert.ok(made >= 2 && made < 12, `${made} VMs`);
    slowDown(agent, 0);
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    assert.equal(namesOn(agent).length, 12);
  });

  test("twice: the operations go on by themselves and the way to them is told", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const spec = await setUp(temp.path, agent, 8000);
    const apply = spawnGhost(["apply", "-f", spec, "--yes", "--parallel", "2"]);
    apply.stdin?.end();
    let stderr = "";
    apply.stderr?.on("data", (chunk: string) => (stderr += chunk));
    const ended = collect(apply);
    await until(() => runningOn(agent) >= 2, "two disks, of VMs that are being made");
    apply.kill("SIGINT");
    await until(() => /Ctrl-C again/.test(stderr), "the word on a second Ctrl-C");
    // Two signals in one moment are one press.
    await sleep(200);
    apply.kill("SIGINT");
    const { code } = await ended;
    assert.equal(code, 130, stderr);
    const [, address = ""] = /ghost op attach (desk\/\S+)/.exec(stderr) ?? [];
    assert.notEqual(address, "", stderr);
    const attached = await ghost(["op", "attach", address, "-f", spec]);
    assert.equal(attached.code, 0, attached.stdout + attached.stderr);
    slowDown(agent, 0);
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    assert.equal(namesOn(agent).length, 12);
  });
});
