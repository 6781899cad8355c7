/** The promises, seen from outside: real processes, real gRPC, a simulated host. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import type { PlanDocument } from "@ghost/schemas";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openSimulatedHost } from "@ghost/agent";
import type { RunResult } from "../support/ghost.ts";
import { ghost, startAgent, startConfiguredAgent, tempFolder } from "../support/ghost.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

function planOf(result: RunResult): PlanDocument {
  return JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "") as PlanDocument;
}

function codesOf(plan: PlanDocument): readonly string[] {
  return plan.diagnostics.map((diagnostic) => diagnostic.code);
}

/** Sum of a counter over its labels. */
async function counter(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

suite("plan, apply, plan", () => {
  test("the second plan is empty, and planning and applying nothing calls nothing that changes", async () => {
    await using temp = await tempFolder();
    await using agent = await startConfiguredAgent(path.join(temp.path, "desk"));
    const spec = path.join(temp.path, "ghost.yaml");
    const text = await readFile(path.join(ROOT, "examples/quickstart/ghost.yaml"), "utf8");
    await using rack = await startConfiguredAgent(path.join(temp.path, "rack"));
    await writeFile(spec, text.replace("embedded:.ghost/desk", agent.address).replace("embedded:.ghost/rack", rack.address));

    const first = await ghost(["plan", "-f", spec, "--json", "--detailed-exitcode"]);
    assert.equal(first.code, 2, first.stderr);
    const schema = JSON.parse(await readFile(path.join(ROOT, "schemas/json/plan.schema.json"), "utf8")) as object;
    const validate = new Ajv2020().compile(schema);
    const plan: unknown = JSON.parse(first.stdout);
    assert.ok(validate(plan), JSON.stringify(validate.errors));

    const applied = await ghost(["apply", "-f", spec, "--yes"]);
    assert.equal(applied.code, 0, applied.stderr);
    const before = await counter(agent.metricsUrl, "ghost_agent_mutating_rpcs_total");
    assert.ok(before > 0, "the apply was counted");
    const snapshots = await counter(agent.metricsUrl, "ghost_agent_rpcs_total");

    const second = await ghost(["plan", "-f", spec, "--detailed-exitcode"]);
    assert.equal(second.code, 0, second.stdout);
    assert.equal(await counter(agent.metricsUrl, "ghost_agent_rpcs_total"), snapshots + 1, "one call an agent a plan");
    const again = await ghost(["apply", "-f", spec, "--yes"]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await counter(agent.metricsUrl, "ghost_agent_mutating_rpcs_total"), before);
    assert.equal(await counter(rack.metricsUrl, "ghost_agent_vms_running"), 1);
    const health = await fetch(`${agent.healthUrl}/health`);
    assert.equal(health.status, 200);
  });
});

suite("what changes behind Ghost's back", () => {
  const specText = (address: string, vms: string): string =>
    `ghost: 1\nstack: shop\nagents: { desk: { address: "${address}" } }\nvms:\n${vms}\n`;
  const WEB = "  web: { agent: desk, image: debian-12, ram_gb: 4, ram_max_gb: 8 }";

  test("drift is told as last applied, live and desired", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const spec = path.join(temp.path, "ghost.yaml");
    await writeFile(spec, specText(agent.address, WEB));
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    const set = await ghost(["agent", "sim", "set", "desk/web", "ram_gb=8", "--dir", agent.dir]);
    assert.equal(set.code, 0, set.stderr);
    const plan = planOf(await ghost(["plan", "-f", spec, "--json"]));
    const change = plan.steps[0]?.changes[0];
    assert.deepEqual(
      {
        path: change?.path,
        before: change?.before,
        after: change?.after,
        last: change?.last_applied,
        cause: change?.cause,
        impact: change?.impact,
      },
      { path: ["ram_gb"], before: 8, after: 4, last: 4, cause: "drift", impact: "live" },
    );
    const drift = await ghost(["drift", "-f", spec]);
    assert.match(drift.stdout, /last applied/);
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    assert.equal((await ghost(["plan", "-f", spec, "--detailed-exitcode"])).code, 0);
  });

  test("a VM that belongs to another stack is refused with its owner's name, one of nobody too, and both can be adopted", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const other = path.join(temp.path, "other.yaml");
    await writeFile(other, specText(agent.address, WEB).replace("stack: shop", "stack: other"));
    assert.equal((await ghost(["apply", "-f", other, "--yes"])).code, 0);
    {
      using host = openSimulatedHost(agent.dir);
      host.addForeignDomain({ name: "handmade" });
    }
    const spec = path.join(temp.path, "ghost.yaml");
    await writeFile(spec, specText(agent.address, `${WEB}\n  handmade: { agent: desk, image: debian-12 }`));
    const refused = await ghost(["plan", "-f", spec]);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout + refused.stderr, /spec:other/);
    const applied = await ghost(["apply", "-f", spec, "--yes", "--max-impact", "data-loss"]);
    assert.equal(applied.code, 1, "nothing is applied while a step is refused");
    assert.match(applied.stdout + applied.stderr, /OWNED_BY_OTHER/);
    const adopted = await ghost(["adopt", "desk/web", "desk/handmade", "-f", spec, "--yes"]);
    assert.equal(adopted.code, 0, adopted.stderr + adopted.stdout);
    const plan = planOf(await ghost(["plan", "-f", spec, "--json"]));
    assert.deepEqual(
      codesOf(plan).filter((code) => code === "OWNED_BY_OTHER"),
      [],
    );
  });

  test("a VM that leaves the spec is deleted only when that was allowed", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const spec = path.join(temp.path, "ghost.yaml");
    await writeFile(spec, specText(agent.address, `${WEB}\n  old: { agent: desk, image: debian-12 }`));
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    await writeFile(spec, specText(agent.address, WEB));

    for (const unattended of [[], ["--yes"], ["--yes", "--max-destroy", "1"], ["--yes", "--max-impact", "data-loss"]]) {
      const { code } = await ghost(["apply", "-f", spec, ...unattended]);
      assert.equal(code, 1, `apply ${unattended.join(" ")} deletes nothing`);
    }
    const names = (): readonly string[] => {
      using host = openSimulatedHost(agent.dir);
      return host.listDomains().map((domain) => domain.live.name);
    };
    assert.deepEqual(names().toSorted(), ["old", "web"]);
    const allowed = await ghost(["apply", "-f", spec, "--yes", "--max-destroy", "1", "--max-impact", "data-loss"]);
    assert.equal(allowed.code, 0, allowed.stderr + allowed.stdout);
    assert.deepEqual(names(), ["web"]);
  });

  test("a saved plan is refused once the machine moved", async () => {
    await using temp = await tempFolder();
    await using agent = await startAgent(path.join(temp.path, "desk"));
    const spec = path.join(temp.path, "ghost.yaml");
    const file = path.join(temp.path, "plan.json");
    await writeFile(spec, specText(agent.address, WEB));
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    await writeFile(spec, specText(agent.address, WEB.replace("ram_gb: 4,", "ram_gb: 6,")));
    assert.equal((await ghost(["plan", "-f", spec, "--out", file])).code, 0);
    assert.equal((await ghost(["agent", "sim", "set", "desk/web", "ram_gb=2", "--dir", agent.dir])).code, 0);
    const stale = await ghost(["apply", file]);
    assert.equal(stale.code, 1);
    assert.match(stale.stdout + stale.stderr, /PLAN_STALE[^]*ram_gb was 4, is 2/);
  });
});

suite("an agent that does not answer", () => {
  test("its VMs are unknown: nothing is made elsewhere, nothing deleted; exit 1, and 3 with --partial", async () => {
    await using temp = await tempFolder();
    await using desk = await startAgent(path.join(temp.path, "desk"));
    await using rack = await startAgent(path.join(temp.path, "rack"));
    const spec = path.join(temp.path, "ghost.yaml");
    const agents = `agents: { desk: { address: "${desk.address}" }, rack: { address: "${rack.address}" } }`;
    const vms = (web: string, count: number): string =>
      `vms: { web: { agent: ${web}, image: debian-12 }, db: { agent: rack, image: debian-12, replicas: ${count} } }`;
    await writeFile(spec, `ghost: 1\nstack: shop\n${agents}\n${vms("desk", 1)}\n`);
    assert.equal((await ghost(["apply", "-f", spec, "--yes"])).code, 0);
    await desk.kill("SIGTERM");

    // Even with `web` written to the other host, it is not made there: its home could not be asked.
    for (const home of ["desk", "rack"]) {
      await writeFile(spec, `ghost: 1\nstack: shop\n${agents}\n${vms(home, 2)}\n`);
      const planned = await ghost(["plan", "-f", spec, "--json"]);
      assert.equal(planned.code, 1);
      const plan = planOf(planned);
      assert.deepEqual(
        plan.unknown.map(({ name, agent }) => `${agent}/${name}`),
        ["desk/web"],
      );
      assert.deepEqual(
        plan.steps.map(({ id, body }) => `${body.action} ${id}`),
        ["create rack/vm/db-2"],
      );
    }
    await writeFile(spec, `ghost: 1\nstack: shop\n${agents}\n${vms("desk", 2)}\n`);
    assert.equal((await ghost(["plan", "-f", spec, "--partial"])).code, 3);
    const partial = await ghost(["apply", "-f", spec, "--yes", "--partial"]);
    assert.equal(partial.code, 3, partial.stderr + partial.stdout);
    {
      using host = openSimulatedHost(rack.dir);
      assert.deepEqual(
        host
          .listDomains()
          .map((domain) => domain.live.name)
          .toSorted(),
        ["db-1", "db-2"],
      );
    }

    await using back = await startAgent(desk.dir);
    assert.ok(back.address);
    const whole = await ghost(["plan", "-f", spec, "--detailed-exitcode"]);
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  });
});
