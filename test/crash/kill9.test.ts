/**
 * `kill -9` at random moments. The CLI and the agents are operating-system processes of their own; each round applies
 * a spec of 200 VMs on two hosts and kills the CLI, an agent, or both, then applies again until nothing is left to do.
 * Whatever was killed: every VM exists once, none is lost, and no disk is left over.
 *
 * GHOST_TEST_ROUNDS sets how many rounds (3 by default, 20 in CI), GHOST_TEST_SEED repeats a run.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openSimulatedHost } from "@ghost/agent";
import type { AgentProcess } from "../support/ghost.ts";
import { collect, ghost, spawnGhost, startAgent, tempFolder } from "../support/ghost.ts";

const ROUNDS = Number(process.env["GHOST_TEST_ROUNDS"] ?? (process.env["CI"] ? 20 : 3));
const SEED = Number(process.env["GHOST_TEST_SEED"] ?? randomInt(2 ** 31));
const VMS_PER_HOST = 100;
const HOSTS = ["left", "right"] as const;

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function specText(addresses: Readonly<Record<(typeof HOSTS)[number], string>>): string {
  const agents = HOSTS.map((name) => `  ${name}: { address: "${addresses[name]}" }`).join("\n");
  const vms = HOSTS.map(
    (name) =>
      `  ${name}-vm: { agent: ${name}, image: debian-12, replicas: ${VMS_PER_HOST}, vcpu: 1, ram_gb: 1, disk_gb: 4, disks: { data: { size_gb: 1 } } }`,
  ).join("\n");
  return `ghost: 1\nstack: crash\nagents:\n${agents}\nvms:\n${vms}\n`;
}

async function round(next: () => number, folder: string): Promise<string> {
  const dirs = { left: path.join(folder, "left"), right: path.join(folder, "right") };
  for (const dir of Object.values(dirs)) {
    await mkdir(dir);
    using host = openSimulatedHost(dir);
    host.setResources({ vcpu: 512, ram_gb: 1024, disk_gb: 4096 });
    host.setLatency({ createDisk: 6, define: 6, start: 6 });
  }
  const agents: Record<(typeof HOSTS)[number], AgentProcess> = { left: await startAgent(dirs.left), right: await startAgent(dirs.right) };
  const told: string[] = [];
  try {
    const spec = path.join(folder, "ghost.yaml");
    await writeFile(spec, specText({ left: agents.left.address, right: agents.right.address }));
    const apply = ["apply", "-f", spec, "--yes"];

    for (let kills = 1 + Math.floor(next() * 2); kills > 0; kills -= 1) {
      const cli = spawnGhost(apply);
      cli.stdin?.end();
      const ended = collect(cli);
      const delayMs = Math.floor(250 + next() * 1500);
      const victim = (["cli", "left", "right", "both"] as const)[Math.floor(next() * 4)] ?? "cli";
      told.push(`${victim} after ${delayMs} ms`);
      await sleep(delayMs);
      if (victim === "cli" || victim === "both") cli.kill("SIGKILL");
      if (victim === "left" || victim === "both") await agents.left.kill("SIGKILL");
      if (victim === "right") await agents.right.kill("SIGKILL");
      await ended;
      for (const name of HOSTS) {
        if (agents[name].process.signalCode !== null) agents[name] = await startAgent(dirs[name]);
      }
    }

    const last = await ghost(apply);
    assert.equal(last.code, 0, `the apply after the crash converges:\n${last.stderr}\n${last.stdout}`);
    const plan = await ghost(["plan", "-f", spec, "--detailed-exitcode"]);
    assert.equal(plan.code, 0, `nothing is left to do:\n${plan.stdout}${plan.stderr}`);
    for (const name of HOSTS) {
      using host = openSimulatedHost(dirs[name]);
      const domains = host.listDomains();
      assert.deepEqual(
        domains.map((domain) => domain.live.name).toSorted(),
        Array.from({ length: VMS_PER_HOST }, (_, index) => `${name}-vm-${index + 1}`).toSorted(),
        "every VM once, none lost",
      );
      assert.ok(domains.every((domain) => domain.status === "running"));
      assert.equal([...host.listDisks().values()].flat().length, 2 * VMS_PER_HOST, "no disk is left over");
    }
  } finally {
    for (const agent of Object.values(agents)) await agent.kill("SIGKILL");
  }
  return told.join(", ");
}

suite("kill -9", () => {
  const next = random(SEED);
  for (let number = 1; number <= ROUNDS; number += 1) {
    test(`round ${number} of seed ${SEED}`, async (t) => {
      await using temp = await tempFolder();
      t.diagnostic(await round(next, temp.path));
    });
  }
});
