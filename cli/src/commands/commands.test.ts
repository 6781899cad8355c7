/** Commands as a person or a script runs them, on agents over simulated hosts. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { suite, test } from "node:test";
import { bindPlan } from "@ghost/engine";
import type { PlanDocument } from "@ghost/schemas";
import { validatePlan } from "@ghost/schemas/validators";
import type { Lab } from "../testing/command-line.ts";
import { ghost, openLab } from "../testing/command-line.ts";

const WEB = "web: { agent: desk, image: debian-12, ram_gb: 2, ram_max_gb: 4 }";
const OLD = "old: { agent: desk, image: debian-12 }";

function specOf(lab: Lab, vms: readonly string[], agents: readonly string[] = ["desk"]): string {
  return [
    "ghost: 1",
    "stack: shop",
    "agents:",
    ...agents.map((name) => `  ${name}: { address: "${lab.address(name)}", timeout_s: 5 }`),
    vms.length === 0 ? "vms: {}" : "vms:",
    ...vms.map((vm) => `  ${vm}`),
    "",
  ].join("\n");
}

async function labWith(vms: readonly string[], agents: readonly string[] = ["desk"]): Promise<Lab> {
  const lab = await openLab(...agents);
  await lab.write("ghost.yaml", specOf(lab, vms, agents));
  return lab;
}

const ALL = ["--yes", "--max-impact", "data-loss", "--max-destroy", "9"] as const;

suite("plan and apply", () => {
  test("plan tells, apply does, and then there is nothing to do", async () => {
    await using lab = await labWith([WEB]);
    const planned = await lab.ghost("plan");
    assert.equal(planned.code, 0);
    assert.match(planned.stdout, /^Stack shop: 1 to create\./);
    assert.match(planned.stderr, /To do it: ghost apply\n/);
    assert.equal((await lab.ghost("plan", "--detailed-exitcode")).code, 2);
    const applied = await lab.ghost("apply", "--yes");
    assert.deepEqual([applied.code, /1 step done/.test(applied.stdout), /✓ desk vm web: created/.test(applied.stderr)], [0, true, true]);
    const again = await lab.ghost("plan", "--detailed-exitcode");
    assert.deepEqual([again.code, again.stdout], [0, "No changes: 1 object of stack shop as the spec says.\n"]);
    assert.match((await lab.ghost("apply", "--yes")).stdout, /nothing to do/);
  });

  test("plan --json is one line that the schema knows", async () => {
    await using lab = await labWith([WEB]);
    const { stdout, stderr, events, code } = await lab.ghost("plan", "--json", "--detailed-exitcode");
    assert.equal(code, 2);
    assert.equal(stdout.split("\n").length, 2);
    assert.ok(validatePlan(events[0]), JSON.stringify(validatePlan.errors));
    assert.doesNotMatch(stderr, /create/);
  });

  test("apply --json is the plan, the events, and apply_done last", async () => {
    await using lab = await labWith([WEB]);
    const { events, code } = await lab.ghost("apply", "--yes", "--json");
    assert.equal(code, 0);
    const types = events.map(({ type }) => type);
    assert.deepEqual([types[0], types[1], types.at(-1)], ["plan", "apply_start", "apply_done"]);
    assert.ok(types.includes("step_done"));
  });

  test("a VM that was not seen ready is waited for until it is", async () => {
    await using lab = await labWith(["web: { agent: desk, image: debian-12, wait_for: ip, wait_timeout_s: 1 }"]);
    using host = lab.host("desk");
    host.setLatency({ address: 3_600_000 });
    const failed = await lab.ghost("apply", "--yes");
    assert.deepEqual([failed.code, /WAIT_TIMEOUT/.test(failed.stderr), /Apply again to wait again/.test(failed.stderr)], [1, true, true]);
    const { code, stdout } = await lab.ghost("plan", "--detailed-exitcode", "--out", "plan.json");
    assert.equal(code, 2);
    assert.match(stdout, /^Stack shop: 1 to change\. Nothing happens to running machines\.\n/);
    assert.match(stdout, /vm web {2}none {2}it was not seen ready yet: waits until it has an address \(wait_for: ip\)\n/);
    const [plan] = (await lab.ghost("plan", "--json")).events as unknown as readonly [PlanDocument];
    assert.ok(validatePlan(plan), JSON.stringify(validatePlan.errors));
    assert.deepEqual(plan.summary.drifted, 0);
    assert.deepEqual(
      plan.steps.map(({ body, impact, changes }) => [body.action, body.name, impact, changes]),
      [["update", "web", "none", []]],
    );
    assert.equal((await lab.ghost("drift", "--detailed-exitcode")).code, 0);
    assert.match((await lab.ghost("status")).stdout, /web .*unfinished/);
    assert.equal((await lab.ghost("apply", "--yes")).code, 1);
    assert.match((await lab.ghost("plan")).stdout, /not seen ready yet/);
    // The plan from before holds, whether it is ready by now or not.
    host.setLatency({ address: 0 });
    const applied = await lab.ghost("apply", "plan.json", "--yes");
    assert.deepEqual([applied.code, /1 step done in [^(]*\.$/m.test(applied.stdout)], [0, true], applied.stderr);
    assert.match(applied.stderr, /✓ desk vm web: seen ready/);
    assert.equal((await lab.ghost("plan", "--detailed-exitcode")).code, 0);
    assert.match((await lab.ghost("status")).stdout, /web .*as the spec says/);
  });

  test("--json-into writes the events beside the usual output", async () => {
    await using lab = await labWith([WEB]);
    const { stdout, code } = await lab.ghost("apply", "--yes", "--json-into", "events.jsonl");
    assert.deepEqual([code, /1 step done/.test(stdout)], [0, true]);
    const lines = (await readFile(path.join(lab.cwd, "events.jsonl"), "utf8")).trim().split("\n");
    assert.equal((JSON.parse(lines.at(-1) ?? "") as { type: string }).type, "apply_done");
    assert.equal((await lab.ghost("plan", "--json-into", "no/such/x")).code, 1);
  });

  test("markdown is the comment, and nothing else is on stdout", async () => {
    await using lab = await labWith([WEB]);
    const { stdout, code } = await lab.ghost("plan", "--format", "markdown");
    assert.equal(code, 0);
    assert.match(stdout, /^### Ghost plan: <code>shop<\/code>\n/);
  });

  test("--target plans a part", async () => {
    await using lab = await labWith([WEB, OLD]);
    assert.match((await lab.ghost("plan", "--target", "old")).stdout, /1 to create/);
    assert.match((await lab.ghost("plan", "--exclude", "old", "--exclude", "web")).stdout, /No changes/);
    assert.equal((await lab.ghost("plan", "--target", "nope")).code, 1);
  });

  test("an interrupted question changes nothing", async () => {
    await using lab = await labWith([WEB]);
    const { code, stderr } = await lab.ask("", "apply");
    assert.deepEqual([code, /Nothing was changed/.test(stderr)], [1, true]);
    assert.equal(lab.host("desk").listDomains().length, 0);
  });
});

suite("who may do what", () => {
  test("where nobody can be asked, --yes is needed", async () => {
    await using lab = await labWith([WEB]);
    for (const command of ["apply", "destroy"]) {
      const { code, stderr } = await lab.ghost(command);
      assert.deepEqual([code, /CONFIRMATION_NEEDED/.test(stderr)], [1, true]);
    }
  });

  test("destroy without its limits says once what it takes", async () => {
    await using lab = await labWith(["web: { agent: desk, image: debian-12, replicas: 5 }"]);
    await lab.ghost("apply", "--yes");
    const { code, stderr } = await lab.ghost("destroy", "--yes");
    assert.deepEqual([code, stderr.match(/IMPACT_EXCEEDED/g)?.length], [1, 1], stderr);
    assert.match(stderr, /refuses 4 more steps/);
    assert.match(stderr, /--max-impact data-loss --max-destroy 5/);
    assert.equal((await lab.ghost("destroy", "--yes", "--max-impact", "data-loss", "--max-destroy", "5")).code, 0);
  });

  test("--yes alone deletes nothing", async () => {
    await using lab = await labWith([WEB, OLD]);
    await lab.ghost("apply", "--yes");
    await lab.write("ghost.yaml", specOf(lab, [WEB]));
    for (const flags of [["--yes"], ["--yes", "--max-destroy", "1"], ["--yes", "--max-impact", "data-loss"]]) {
      const { code, stderr } = await lab.ghost("apply", ...flags);
      assert.equal(code, 1);
      assert.match(stderr, /IMPACT_EXCEEDED|DESTROY_EXCEEDED/);
    }
    assert.equal((await lab.ghost("apply", "--yes", "--max-destroy", "1", "--max-impact", "data-loss")).code, 0);
    assert.deepEqual(
      lab
        .host("desk")
        .listDomains()
        .map(({ live }) => live.name),
      ["web"],
    );
  });

  const answers: readonly (readonly [typed: string, code: number])[] = [
    ["y\n", 1],
    ["yes\n", 1],
    ["\n", 1],
    ["delete\n", 0],
  ];
  for (const [typed, code] of answers) {
    test(`at a terminal, ${JSON.stringify(typed)} to a deletion`, async () => {
      await using lab = await labWith([OLD]);
      assert.equal((await lab.ask("y\n", "apply")).code, 0);
      await lab.write("ghost.yaml", specOf(lab, []));
      const asked = await lab.ask(typed, "apply");
      assert.equal(asked.code, code, asked.stderr);
      assert.match(asked.stderr, /This deletes 1 VM with all disks\. Type delete/);
      assert.equal(lab.host("desk").listDomains().length, code);
    });
  }

  test("CI is not asked, whatever is typed", async () => {
    await using lab = await labWith([WEB]);
    const { code } = await ghost(["apply"], { cwd: lab.cwd, input: "yes\n", isTerminal: true, env: { CI: "true" } });
    assert.equal(code, 1);
  });
});

suite("saved plans", () => {
  test("apply does exactly the saved plan, without a question and without the spec", async () => {
    await using lab = await labWith([WEB]);
    const planned = await lab.ghost("plan", "--out", "plan.json");
    assert.match(planned.stderr, /ghost apply plan\.json/);
    const shown = await lab.ghost("show", "plan.json");
    assert.equal(shown.stdout, planned.stdout);
    await lab.write("ghost.yaml", "not: a spec");
    assert.equal((await lab.ghost("apply", "plan.json")).code, 0);
    assert.equal(lab.host("desk").listDomains().length, 1);
  });

  test("--verify-spec refuses a plan of another spec", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("plan", "--out", "plan.json");
    assert.equal((await lab.ghost("apply", "plan.json", "--verify-spec", "ghost.yaml", "--json")).code, 0);
    await lab.write("ghost.yaml", specOf(lab, [WEB, OLD]));
    const refused = await lab.ghost("apply", "plan.json", "--verify-spec", "ghost.yaml");
    assert.deepEqual([refused.code, /PLAN_SPEC_CHANGED/.test(refused.stderr)], [1, true]);
  });

  for (const words of [
    ["--var", "x=1"],
    ["--var-file", "x.yaml"],
    ["-f", "ghost.yaml"],
    ["--target", "web"],
    ["--exclude", "web"],
    ["--verify-spec", "ghost.yaml", "--target", "web"],
  ]) {
    test(`apply FILE ${words.join(" ")} is refused: a saved plan reads no spec`, async () => {
      await using lab = await labWith([WEB]);
      await lab.ghost("plan", "--out", "plan.json");
      const { code, stderr } = await lab.ghost("apply", "plan.json", ...words);
      assert.deepEqual([code, /USAGE/.test(stderr), /reads no spec/.test(stderr)], [1, true, true], stderr);
      assert.equal(lab.host("desk").listDomains().length, 0);
    });
  }

  test("limits hold for a saved plan too", async () => {
    await using lab = await labWith([OLD]);
    await lab.ghost("apply", "--yes");
    await lab.write("ghost.yaml", specOf(lab, []));
    await lab.ghost("plan", "--out", "plan.json");
    assert.match((await lab.ghost("apply", "plan.json", "--max-impact", "live")).stderr, /IMPACT_EXCEEDED/);
    assert.match((await lab.ghost("apply", "plan.json", "--max-destroy", "0")).stderr, /DESTROY_EXCEEDED/);
    assert.equal((await lab.ghost("apply", "plan.json")).code, 0);
  });

  const broken: readonly (readonly [name: string, text: string, want: RegExp])[] = [
    ["no JSON", "hello", /is not a saved plan/],
    ["other JSON", "[1]", /is not a saved plan/],
    ["a later format", '{"type":"plan","format_version":"9.0"}', /format 9\.0/],
    ["a damaged plan", '{"type":"plan","format_version":"1.0","steps":3}', /is damaged/],
  ];
  for (const [name, text, want] of broken) {
    test(`${name} is refused`, async () => {
      await using lab = await openLab();
      await lab.write("plan.json", text);
      for (const command of ["apply", "show"]) {
        const { code, stderr } = await lab.ghost(command, "plan.json");
        assert.equal(code, 1);
        assert.match(stderr, want);
      }
    });
  }

  test("a plan that was edited is refused", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("plan", "--out", "plan.json");
    const text = await readFile(path.join(lab.cwd, "plan.json"), "utf8");
    await lab.write("plan.json", text.replaceAll('"ram_gb":2', '"ram_gb":3'));
    const { code, stderr } = await lab.ghost("apply", "plan.json");
    assert.deepEqual([code, /PLAN_MISMATCH/.test(stderr)], [1, true]);
  });

  const edits: readonly (readonly [name: string, edit: (plan: PlanDocument) => PlanDocument])[] = [
    ["its summary", (plan) => ({ ...plan, summary: { ...plan.summary, worst_impact: "none" } })],
    ["an impact beside a body", (plan) => ({ ...plan, steps: plan.steps.map((step) => ({ ...step, impact: "none" as const })) })],
    ["an address", (plan) => ({ ...plan, agents: plan.agents.map((agent) => ({ ...agent, address: "localhost:1" })) })],
  ];
  for (const [name, edit] of edits) {
    test(`a plan is refused, and shown as changed, when somebody edits ${name}`, async () => {
      await using lab = await labWith([OLD]);
      await lab.ghost("apply", "--yes");
      await lab.write("ghost.yaml", specOf(lab, []));
      await lab.ghost("plan", "--out", "plan.json");
      const plan = JSON.parse(await readFile(path.join(lab.cwd, "plan.json"), "utf8")) as PlanDocument;
      await lab.write("plan.json", JSON.stringify(edit(plan)));
      assert.match((await lab.ghost("apply", "plan.json", "--max-impact", "live")).stderr, /IMPACT_EXCEEDED/);
      for (const command of ["apply", "show"]) {
        const { code, stderr } = await lab.ghost(command, "plan.json");
        assert.deepEqual([code, /PLAN_MISMATCH/.test(stderr), /delete/.test(stderr)], [1, true, false], stderr);
      }
      assert.equal(lab.host("desk").listDomains().length, 1);
    });
  }

  test("an old plan is refused, and shown with a warning", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("plan", "--out", "plan.json");
    const plan = JSON.parse(await readFile(path.join(lab.cwd, "plan.json"), "utf8")) as PlanDocument;
    const old = bindPlan({ ...plan.header, expires_at: "2026-01-01T00:00:00Z" }, plan);
    await lab.write("plan.json", JSON.stringify(old));
    assert.match((await lab.ghost("apply", "plan.json")).stderr, /Error: .*PLAN_EXPIRED/);
    const shown = await lab.ghost("show", "plan.json");
    assert.deepEqual([shown.code, /Warning: .*PLAN_EXPIRED/.test(shown.stderr)], [0, true]);
  });

  test("--out replaces a file whole and leaves it where it cannot", async () => {
    await using lab = await labWith([WEB]);
    const { code, stderr } = await lab.ghost("plan", "--out", "no/such/plan.json");
    assert.deepEqual([code, /FILE_NOT_WRITABLE/.test(stderr)], [1, true]);
    assert.equal((await lab.ghost("plan", "--out", "/dev/null")).code, 0);
  });
});

suite("secrets", () => {
  const withPassword = (name: string, from: string): string =>
    `${name}: { agent: desk, image: debian-12, cloud_init: { password: { secret: "${from}", version: 1 } } }`;
  const both = [WEB, withPassword("a", "env:PW_A"), withPassword("b", "env:PW_B")];

  test("that are missing are all told before the question, and nothing is begun", async () => {
    await using lab = await labWith(both);
    await lab.ghost("plan", "--out", "plan.json");
    for (const ran of [await lab.ghost("apply", "--yes"), await lab.ghost("apply", "plan.json"), await lab.ask("yes\n", "apply")]) {
      assert.equal(ran.code, 1);
      for (const name of ["PW_A", "PW_B"]) assert.match(ran.stderr, new RegExp(`variable ${name},`));
      assert.doesNotMatch(ran.stderr, /Type|created/);
    }
    assert.equal(lab.host("desk").listDomains().length, 0);
  });

  test("that are there reach their steps", async () => {
    await using lab = await labWith(both);
    const { code, stderr } = await ghost(["apply", "--yes"], { cwd: lab.cwd, env: { PW_A: "one", PW_B: "two" } });
    assert.equal(code, 0, stderr);
    assert.equal(lab.host("desk").listDomains().length, 3);
  });
});

suite("what is not as the spec says", () => {
  test("drift: last applied, live, desired; exit 2 when asked", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("apply", "--yes");
    assert.equal((await lab.ghost("drift", "--detailed-exitcode")).code, 0);
    assert.equal((await lab.ghost("agent", "sim", "set", "desk/web", "ram_gb=1", "--dir", "desk")).code, 0);
    const { code, stdout } = await lab.ghost("drift", "--detailed-exitcode");
    assert.equal(code, 2);
    assert.match(stdout, /ram_gb {2}live {2}last applied 2 GiB · live 1 GiB · desired 2 GiB/);
    const [event] = (await lab.ghost("drift", "--json")).events;
    assert.deepEqual([event?.["last_applied"], event?.["live"], event?.["desired"]], [2, 1, 2]);
    assert.match((await lab.ghost("status")).stdout, /web .*drift/);
    await lab.ghost("apply", "--yes");
    assert.match((await lab.ghost("status")).stdout, /web .*as the spec says/);
  });

  test("drift of the stored definition alone: what runs, and what the next boot would bring", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("apply", "--yes");
    await lab.ghost("agent", "sim", "set", "desk/web", "ram_gb=1", "where=stored", "--dir", "desk");
    for (const command of ["drift", "plan"])
      assert.match((await lab.ghost(command)).stdout, /ram_gb {2}none {2}live 2 GiB · next boot 1 GiB → 2 GiB/);
    const [event] = (await lab.ghost("drift", "--json")).events;
    assert.deepEqual([event?.["live"], event?.["next_boot"], event?.["desired"]], [2, 1, 2]);
    await lab.ghost("apply", "--yes");
    assert.equal((await lab.ghost("drift", "--detailed-exitcode")).code, 0);
  });

  test("drift is drift when the spec has another value by now too", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("apply", "--yes");
    await lab.ghost("agent", "sim", "set", "desk/web", "ram_gb=1", "--dir", "desk");
    await lab.write("ghost.yaml", specOf(lab, [WEB.replace("ram_gb: 2,", "ram_gb: 3, vcpu: 2,")]));
    const { code, stdout } = await lab.ghost("drift", "--detailed-exitcode");
    assert.equal(code, 2);
    assert.match(stdout, /last applied 2 GiB · live 1 GiB · desired 3 GiB/);
    assert.doesNotMatch(stdout, /vcpu/);
    const events = (await lab.ghost("drift", "--json")).events;
    assert.deepEqual(
      events.map(({ path: at }) => at),
      [["ram_gb"]],
    );
    assert.match((await lab.ghost("status")).stdout, /web .*drift/);
  });

  test("a machine that its hypervisor lost is drift", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("apply", "--yes");
    await lab.ghost("agent", "sim", "remove", "desk/web", "--dir", "desk", "--keep-disks");
    const { code, stdout } = await lab.ghost("drift", "--detailed-exitcode");
    assert.deepEqual([code, /1 object drifted/.test(stdout)], [2, true]);
    assert.match((await lab.ghost("status")).stdout, /web .*missing/);
  });

  test("an agent that does not answer: unknown, exit 1, and 3 with --partial", async () => {
    await using lab = await labWith([WEB, "db: { agent: rack, image: debian-12 }"], ["desk", "rack"]);
    await lab.ghost("apply", "--yes");
    await lab.stopAgent("rack");
    const { code, stdout, stderr } = await lab.ghost("plan");
    assert.equal(code, 1);
    assert.match(stdout, /\? vm db {2}unknown/);
    assert.match(stderr, /AGENT_UNREACHABLE/);
    for (const command of [["plan"], ["status"], ["drift"], ["apply", "--yes"]])
      assert.equal((await lab.ghost(...command, "--partial")).code, 3, command.join(" "));
    assert.match((await lab.ghost("status", "--partial")).stdout, /rack {3}db {4}unknown .*unknown\n/);
  });

  test("forget gives up a lost host, after a question, and only then", async () => {
    await using lab = await labWith([WEB, "db: { agent: rack, image: debian-12 }"], ["desk", "rack"]);
    await lab.ghost("apply", "--yes");
    assert.match((await lab.ghost("forget", "rack", "--yes")).stderr, /answers, so nothing/);
    await lab.stopAgent("rack");
    await lab.write("ghost.yaml", specOf(lab, [WEB]));
    assert.match((await lab.ghost("plan")).stderr, /AGENT_MISSING/);
    assert.match((await lab.ghost("forget", "attic", "--yes")).stderr, /has no agent "attic"/);
    assert.equal((await lab.ask("yes\n", "forget", "rack")).code, 1);
    await lab.write("ghost.yaml", specOf(lab, [WEB, "db: { agent: rack, image: debian-12 }"], ["desk", "rack"]));
    const forgotten = await lab.ask("forget\n", "forget", "rack/db");
    assert.deepEqual([forgotten.code, forgotten.stdout], [0, "Stack shop: forgot 1 object of rack/db: db.\n"], forgotten.stderr);
    await lab.write("ghost.yaml", specOf(lab, [WEB]));
    const after = await lab.ghost("plan", "--detailed-exitcode");
    assert.equal(after.code, 0, after.stderr);
  });

  test("adopt takes over, release gives up, destroy deletes what is the stack's", async () => {
    await using lab = await labWith([WEB, "handmade: { agent: desk, image: debian-12, vcpu: 2 }"]);
    lab.host("desk").addForeignDomain({ name: "handmade", status: "running" });
    assert.match((await lab.ghost("plan")).stderr, /OWNED_BY_OTHER/);
    assert.match((await lab.ghost("adopt", "desk/handmade", "--yes")).stderr, /IMPACT_EXCEEDED[^]*ghost\.yaml:\d+[^]*--max-impact restart/);
    assert.match((await lab.ghost("adopt", "desk/nope", ...ALL)).stderr, /VM_NOT_FOUND/);
    const adopted = await lab.ghost("adopt", "desk/handmade", ...ALL);
    assert.equal(adopted.code, 0, adopted.stderr);
    assert.equal((await lab.ghost("apply", ...ALL)).code, 0);
    const released = await lab.ghost("release", "handmade", "--yes");
    assert.equal(released.code, 0, released.stderr);
    assert.match(released.stderr, /< vm handmade {2}release {2}given up/);
    assert.match((await lab.ghost("release", "handmade", "--yes")).stderr, /belongs to nobody/);
    await lab.write("ghost.yaml", specOf(lab, [WEB]));
    assert.equal((await lab.ghost("destroy", ...ALL)).code, 0);
    assert.deepEqual(
      lab
        .host("desk")
        .listDomains()
        .map(({ live }) => live.name),
      ["handmade"],
    );
  });
});

suite("operations", () => {
  test("are listed, followed and cancelled by AGENT/ID", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("apply", "--yes");
    const [operation] = (await lab.ghost("op", "list", "--json")).events;
    assert.equal(operation?.["state"], "succeeded");
    const [domain] = (await lab.ghost("agent", "sim", "show", "desk", "--dir", "desk", "--json")).events;
    for (const event of [operation, domain]) assert.doesNotMatch(JSON.stringify(event), /"[a-z]+[A-Z]\w*":/);
    const attached = await lab.ghost("op", "attach", `desk/${String(operation?.["id"])}`);
    assert.deepEqual([attached.code, attached.stdout], [0, "desk: create vm web has succeeded\n"]);
    assert.equal((await lab.ghost("op", "attach", String(operation?.["id"]), "--address", lab.address("desk"))).code, 0);
    for (const [word, want] of [
      ["desk/nope", /OPERATION_NOT_FOUND/],
      ["attic/x", /no agent "attic"/],
    ] as const)
      assert.match((await lab.ghost("op", "cancel", word)).stderr, want);
    assert.equal((await lab.ghost("op", "list", "--active")).stdout, "No operations.\n");
  });

  test("after one Ctrl-C what runs ends and nothing new begins; exit 130", async () => {
    await using lab = await labWith([WEB, OLD]);
    const stop = new AbortController();
    const { code, events } = await ghost(["apply", "--yes", "--json", "--parallel", "1"], {
      cwd: lab.cwd,
      stop: stop.signal,
      onOutput: (text) => text.includes("step_start") && stop.abort(),
    });
    assert.equal(code, 130);
    assert.deepEqual(events.at(-1)?.["summary"], { done: 1, noop: 0, failed: 0, skipped: 0, stopped: 1, left: 0 });
    assert.equal((await lab.ghost("apply", "--yes")).code, 0);
  });

  test("after two what runs goes on by itself; exit 130", async () => {
    await using lab = await labWith([WEB]);
    await lab.ghost("agent", "sim", "latency", "desk", "define=300", "--dir", "desk");
    const stop = new AbortController();
    const detach = new AbortController();
    const { code, events } = await ghost(["apply", "--yes", "--json"], {
      cwd: lab.cwd,
      stop: stop.signal,
      detach: detach.signal,
      onOutput(text) {
        if (!text.includes('"phase":"define"')) return;
        stop.abort();
        detach.abort();
      },
    });
    assert.equal(code, 130);
    const left = events.find(({ type }) => type === "step_left");
    const attached = await lab.ghost("op", "attach", `desk/${String(left?.["operation_id"])}`);
    assert.deepEqual([attached.code, /has succeeded/.test(attached.stdout)], [0, true]);
  });
});

suite("what a message advises", () => {
  test("--yes, where a saved plan would not do", async () => {
    await using lab = await labWith([WEB]);
    for (const argv of [["adopt", "desk/web"], ["release", "web"], ["destroy"], ["forget", "desk"]]) {
      const { stderr } = await lab.ghost(...argv);
      assert.deepEqual([/--yes/.test(stderr), /ghost plan/.test(stderr)], [true, false], stderr);
    }
    assert.match((await lab.ghost("apply")).stderr, /ghost plan --out FILE/);
  });

  test("the variables file, where that one is not there", async () => {
    await using lab = await labWith([WEB]);
    const { code, stderr } = await lab.ghost("plan", "--var-file", "nope.yaml");
    assert.deepEqual(
      [code, /variables file of --var-file cannot be used\..*nope\.yaml/.test(stderr), /spec/i.test(stderr)],
      [1, true, false],
      stderr,
    );
  });

  test("how to name an agent, to who named none", async () => {
    await using lab = await openLab();
    const list = (address: string): ReturnType<typeof ghost> =>
      ghost(["vm", "list"], { cwd: lab.cwd, program: "ghostctl", env: { GHOST_AGENT_ADDRESS: address } });
    assert.match(
      (await list(`unix:${lab.cwd}/none.sock`)).stderr,
      /no such socket.*systemctl start ghost-agent.*GHOST_AGENT_ADDRESS named it; --address/s,
    );
  });

  test("another folder, where no agent is to be read, and makes none", async () => {
    await using lab = await openLab();
    for (const argv of [
      ["export", "--stack", "s", "--agent", "d=embedded:nowhere"],
      ["op", "list", "--address", "embedded:nowhere"],
    ]) {
      const { code, stderr } = await lab.ghost(...argv);
      assert.deepEqual([code, /There is no agent in the folder .*nowhere/.test(stderr)], [1, true], stderr);
    }
    assert.equal(existsSync(path.join(lab.cwd, "nowhere")), false);
  });

  test("a name that is long enough", async () => {
    await using lab = await openLab();
    const { stderr } = await lab.ghost("vm", "create", "--name", "ab");
    assert.match(stderr, /--name is "ab"; it must be 3 to 63 characters/);
  });

  test("nothing to draw, on stderr", async () => {
    await using lab = await labWith([]);
    const { code, stdout, stderr } = await lab.ghost("graph");
    assert.deepEqual([code, stdout, /no steps/.test(stderr)], [0, "", true]);
  });
});

suite("what needs no agent", () => {
  test("validate, render, fmt, graph and export agree with each other", async () => {
    await using lab = await labWith([
      `${WEB.replace("agent: desk, ", "agent:   desk, ")}`,
      "db: { agent: desk, image: debian-12, depends_on: [web] }",
    ]);
    assert.match((await lab.ghost("validate")).stdout, /ghost\.yaml is valid: stack shop, 1 agent, 2 VMs\./);
    assert.match((await lab.ghost("render", "--explain")).stdout, /ram_gb: 2 # ghost\.yaml:6/);
    assert.deepEqual(
      [(await lab.ghost("fmt", "--check")).code, (await lab.ghost("fmt")).code, (await lab.ghost("fmt", "--check")).code],
      [1, 0, 0],
    );
    const dot = (await lab.ghost("graph")).stdout;
    assert.match(dot, /s\d \[label = "vm db \(create\)"/);
    assert.match(dot, /s\d -> s\d;/);
    assert.match((await lab.ghost("graph", "--format", "mermaid")).stdout, /^flowchart LR\n/);
    await lab.ghost("apply", "--yes");
    const exported = await lab.ghost("export");
    assert.equal(exported.code, 0);
    await lab.write("ghost.yaml", exported.stdout);
    const planned = await lab.ghost("plan", "--detailed-exitcode");
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
  });

  test("init writes a spec that is valid, and never twice", async () => {
    await using lab = await openLab();
    assert.equal((await lab.ghost("init")).code, 0);
    assert.equal((await lab.ghost("validate")).code, 0);
    assert.equal((await lab.ghost("fmt", "--check")).code, 0);
    const { code, stderr } = await lab.ghost("init");
    assert.deepEqual([code, /is there already/.test(stderr)], [1, true]);
  });

  test("a spec on stdin", async () => {
    await using lab = await openLab();
    const text = "ghost: 1\nstack: s\nagents: { desk: { address: localhost:1 } }\nvms: { web: { agent: desk, image: debian-12 } }\n";
    assert.equal((await ghost(["validate", "-f", "-"], { cwd: lab.cwd, input: text })).code, 0);
    assert.match((await ghost(["fmt", "-f", "-"], { cwd: lab.cwd, input: text })).stdout, /^ghost: 1\n/);
  });

  test("every problem of a spec is a line of --json", async () => {
    await using lab = await openLab();
    await lab.write("ghost.yaml", "ghost: 1\nstack: S\nagents: { desk: { adress: x } }\nvms: { web: { agent: dsk } }\n");
    const { events, code } = await lab.ghost("validate", "--json");
    assert.equal(code, 1);
    assert.ok(events.length >= 4, JSON.stringify(events));
    assert.ok(events.every(({ type, code: name, hint }) => type === "diagnostic" && typeof name === "string" && typeof hint === "string"));
  });

  test("schemas are listed and printed", async () => {
    await using lab = await openLab();
    assert.match((await lab.ghost("schema")).stdout, /^agent\n/);
    assert.equal((JSON.parse((await lab.ghost("schema", "plan")).stdout) as { type: string }).type, "object");
    assert.match((await lab.ghost("schema", "plann")).stderr, /Did you mean plan\?/);
  });

  test("version and mistakes", async () => {
    await using lab = await openLab();
    assert.match((await lab.ghost("version")).stdout, /^ghost \d+\.\d+\.\d+ \(node /);
    for (const argv of [["plam"], ["plan", "--ot", "x"], ["vm"], [], ["op", "list", "x"], ["agent", "sim", "shw", "desk"]])
      assert.equal((await lab.ghost(...argv)).code, 1, argv.join(" "));
    for (const argv of [["--help"], ["plan", "--help"], ["help", "op"], ["vm", "list", "-h"]])
      assert.equal((await lab.ghost(...argv)).code, 0, argv.join(" "));
  });
});

suite("ghostctl", () => {
  test("a VM's life, as with the original", async () => {
    await using lab = await openLab("desk");
    const ctl = (...argv: string[]): ReturnType<typeof ghost> =>
      ghost(["vm", ...argv], { cwd: lab.cwd, program: "ghostctl", env: { GHOST_AGENT_ADDRESS: lab.address("desk") } });
    const created = await ctl(
      "create",
      "--name",
      "my-vm",
      "--vcpu",
      "2",
      "--ram",
      "4",
      "--disk",
      "50",
      "--template",
      "ubuntu-22.04",
      "--metadata",
      "owner=me",
      "--json",
    );
    assert.equal(created.code, 0, created.stdout + created.stderr);
    const id = String(created.events[0]?.["vm_id"]);
    assert.match((await ctl("list")).stdout, /my-vm {2}running/);
    assert.match((await ctl("status", id)).stdout, /ram_gb {6}4 GiB/);
    assert.equal((await ctl("stop", "my-vm", "--force")).stdout, "VM my-vm is stopped.\n");
    assert.match((await ctl("status", id)).stdout, /uptime {6}-\n.*cpu_usage {3}-\n/s);
    assert.match((await ctl("stop", id)).stderr, /VM_POWER_STATE/);
    assert.equal((await ctl("start", id)).code, 0);
    assert.match((await ctl("create", "--name", "my-vm")).stderr, /VM_EXISTS/);
    assert.equal((await ctl("delete", id)).code, 0);
    assert.match((await ctl("delete", id)).stderr, /VM_NOT_FOUND/);
    assert.match((await ctl("create", "--name", "x", "--metadata", "nothing")).stderr, /KEY=VALUE/);
  });
});

suite("agent sim", () => {
  const refused: readonly (readonly [argv: readonly string[], want: RegExp])[] = [
    [["set", "desk/web", "ram_bg=2"], /Did you mean ram_gb\?/],
    [["set", "desk/web", "ram_gb=much"], /must be a number/],
    [["set", "desk/web", "ram_gb"], /must be KEY=VALUE/],
    [["set", "desk/web", "status=on"], /must be one of running, stopped/],
    [["set", "desk/web", "__proto__=1"], /There is no key "__proto__"/],
    [["set", "desk", "ram_gb=1"], /needs AGENT\/NAME/],
    [["set", "desk/nope", "ram_gb=1"], /VM_NOT_FOUND/],
    [["latency", "desk", "defin=1"], /Did you mean define\?/],
    [["fault", "desk", "creatDisk"], /Did you mean createDisk\?/],
    [["fault", "desk"], /needs one call/],
    [["resources", "desk", "ram=1"], /There is no key "ram"/],
  ];
  for (const [argv, want] of refused) {
    test(`refuses ${argv.join(" ")}`, async () => {
      await using lab = await openLab();
      const { code, stderr } = await lab.ghost("agent", "sim", ...argv, "--dir", "desk");
      assert.equal(code, 1);
      assert.match(stderr, want);
    });
  }

  test("changes the host that show shows", async () => {
    await using lab = await openLab();
    const sim = (...argv: string[]): ReturnType<Lab["ghost"]> => lab.ghost("agent", "sim", ...argv, "--dir", "desk");
    await sim("add", "desk/web", "vcpu=2", "disks.data=5", "status=running");
    assert.match((await sim("show", "desk")).stdout, /web {3}running {2}2 .*data 5 GiB/);
    await sim("fault", "desk", "define", "--error", "disk-full", "--times", "2");
    assert.match((await sim("show", "desk")).stdout, /Faults: define \(disk-full, 2×\)/);
    await sim("fault", "desk", "--clear");
    await sim("remove", "desk/web");
    assert.equal((await sim("show", "desk")).stdout, "The simulated host has no VMs.\n");
  });

  test("finds the folder through the spec, and says when there is none", async () => {
    await using lab = await openLab();
    await lab.write(
      "ghost.yaml",
      'ghost: 1\nstack: s\nagents: { desk: { address: "embedded:sim" }, real: { address: "localhost:1" } }\nvms: {}\n',
    );
    assert.equal((await lab.ghost("agent", "sim", "add", "desk/web")).code, 0);
    assert.equal((await lab.ghost("agent", "sim", "show", "desk", "--dir", "sim", "--json")).events.length, 1);
    assert.match((await lab.ghost("agent", "sim", "show", "real")).stderr, /no agent "real" with an embedded:DIR address/);
  });
});
