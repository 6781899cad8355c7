import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { startAgent } from "../../../../test/terraform/support/agents.ts";
import type { SimulatedAgent } from "../../../../test/terraform/support/agents.ts";
import { newValues } from "../../faces/values.ts";
import type { Action, Context, Diagnostic, Provider } from "../../protocol6/provider.ts";
import type { AttributeSchemas } from "../../protocol6/schema.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { UNKNOWN } from "../../protocol6/value.ts";
import { ghostProvider } from "../provider.ts";

type Given = Readonly<Record<string, Value>>;

const CONTEXT: Context = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

interface Bench {
  readonly agent: SimulatedAgent;
  readonly action: Action;
  configure(more?: Given): Promise<Provider>;
  /** Makes a VM as Terraform would, for a stack. */
  make(given: Given, more?: Given): Promise<void>;
  plan(given?: Given): Promise<readonly Diagnostic[]>;
  invoke(given?: Given): Promise<{ readonly told: readonly string[]; readonly diagnostics: readonly Diagnostic[] }>;
  /** How often the guest was started. */
  status(name?: string): string | undefined;
}

async function openBench(t: TestContext): Promise<Bench> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-restart-"));
  const agent = await startAgent("desk", dir);
  const provider = ghostProvider("0.1.0");
  t.after(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  const action = provider.actions["ghost_vm_restart"]!;
  const config = (given: Given): Values => filled(action.schema.attributes, { agent: "desk", name: "web", ...given });
  const bench: Bench = {
    agent,
    action,
    async configure(more = {}) {
      const desk = filled(provider.schema.attributes["agents"]!.nested!.attributes, { address: agent.address });
      const block = filled(provider.schema.attributes, { stack: "shop", agents: newValues([["desk", desk]]), ...more });
      assert.deepEqual(await provider.configure(block, "1.14.0", CONTEXT), []);
      return provider;
    },
    async make(given, more) {
      await bench.configure(more);
      const resource = provider.resources["ghost_vm"]!;
      const { attributes } = resource.schema;
      const written = filled(attributes, { agent: "desk", name: "web", image: "debian-12", ...given });
      const proposed = newValues(
        Object.entries(written).map(([name, value]) => [name, value === null && attributes[name]?.computed === true ? UNKNOWN : value]),
      );
      const { planned, private: kept } = noErrors(
        await resource.plan({ prior: null, proposed, config: written, priorPrivate: undefined }, CONTEXT),
      );
      noErrors(await resource.apply({ prior: null, planned, config: written, plannedPrivate: kept }, CONTEXT));
      await bench.configure();
    },
    plan: async (given = {}) => (await action.plan?.(config(given), CONTEXT)) ?? [],
    async invoke(given = {}) {
      const told: string[] = [];
      const diagnostics = await action.invoke(config(given), (message) => told.push(message), CONTEXT);
      return { told, diagnostics };
    },
    status: (name = "web") => agent.host.findDomain(name)?.status,
  };
  return bench;
}

function filled(attributes: AttributeSchemas, given: Given): Values {
  for (const name of Object.keys(given)) assert.ok(Object.hasOwn(attributes, name), name);
  return newValues(Object.keys(attributes).map((name) => [name, given[name] ?? null]));
}

function noErrors<A extends { readonly diagnostics?: readonly Diagnostic[] }>(answer: A): A {
  assert.deepEqual(
    (answer.diagnostics ?? []).filter(({ severity }) => severity === "error"),
    [],
  );
  return answer;
}

function words(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(
    ({ severity, summary, path: at = [] }) => `${severity} ${/\[(\w+)\]/.exec(summary)?.[1] ?? summary} at ${at.join(".")}`,
  );
}

suite("ghost_vm_restart", () => {
  test("restarts a VM and tells how it goes", async (t) => {
    const bench = await openBench(t);
    await bench.make({ wait_for: "ip" });
    assert.deepEqual(words(await bench.plan()), ['warning VM "web" is restarted at name']);
    const before = bench.agent.host.findDomain("web")?.startedAt;
    bench.agent.host.setLatency({ stop: 40, start: 40 });
    const { told, diagnostics } = await bench.invoke();
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(told.slice(0, 2), ["desk/web: its guest is shut down", "desk/web: it is started"]);
    assert.match(told.at(-1)!, /^desk\/web: it runs again at 192\.168\./);
    const after = bench.agent.host.findDomain("web");
    assert.equal(after?.status, "running");
    assert.ok(before !== undefined && after?.startedAt !== undefined && after.startedAt > before);
  });

  test("is about the VM as it is when it begins, whatever changed since the plan", async (t) => {
    const bench = await openBench(t);
    await bench.make({});
    await bench.plan();
    bench.agent.host.setDomain("web", { vcpu: 3 });
    assert.deepEqual((await bench.invoke()).diagnostics, []);
  });

  test("gives no longer time than it is told", async (t) => {
    const bench = await openBench(t);
    await bench.make({});
    bench.agent.host.setLatency({ stop: 1000 });
    const { told, diagnostics } = await bench.invoke({ timeout: "20ms" });
    assert.deepEqual(words(diagnostics), ["error AGENT_TIMEOUT at "]);
    assert.match(diagnostics[0]!.detail, /Operation [-0-9a-f]{36} goes on/);
    assert.ok(!told.some((line) => line.includes("runs again")));
  });

  const refused: {
    name: string;
    vm?: Given;
    block?: Given;
    given?: Given;
    behind?: "stopped";
    at: { plan: string[]; invoke: string[] };
  }[] = [
    {
      name: "another stack's VM",
      block: { stack: "other" },
      at: { plan: ["warning OWNED_BY_OTHER at name"], invoke: ["error OWNED_BY_OTHER at name"] },
    },
    {
      name: "a VM that allows less",
      vm: { disruption: newValues([["allow", "live"]]) },
      at: { plan: ["warning IMPACT_EXCEEDED at name"], invoke: ["error IMPACT_EXCEEDED at name"] },
    },
    {
      name: "a VM that does not run",
      behind: "stopped",
      at: { plan: ["warning VM_POWER_STATE at name"], invoke: ["error VM_POWER_STATE at name"] },
    },
    { name: "a VM that there is not", given: { name: "db" }, at: { plan: [], invoke: ["error VM_NOT_FOUND at name"] } },
    {
      name: "an agent that there is not",
      given: { agent: "dusk" },
      at: { plan: ["error SPEC_UNKNOWN_REFERENCE at agent"], invoke: ["error SPEC_UNKNOWN_REFERENCE at agent"] },
    },
  ];
  for (const { name, vm = {}, block, given, behind, at } of refused)
    test(`does not restart ${name}`, async (t) => {
      const bench = await openBench(t);
      await bench.make(vm, block);
      if (behind !== undefined) bench.agent.host.setDomain("web", { status: behind });
      await bench.configure();
      const before = bench.agent.host.findDomain("web")?.startedAt;
      assert.deepEqual(words(await bench.plan(given)), at.plan);
      assert.deepEqual(words((await bench.invoke(given)).diagnostics), at.invoke);
      assert.deepEqual(bench.agent.host.findDomain("web")?.startedAt, before);
    });

  test("is refused by max_impact of the provider's block, while planning", async (t) => {
    const bench = await openBench(t);
    await bench.make({});
    await bench.configure({ max_impact: "live" });
    assert.deepEqual(words(await bench.plan()), ["error IMPACT_EXCEEDED at "]);
    assert.deepEqual(words((await bench.invoke()).diagnostics), ["error IMPACT_EXCEEDED at "]);
    await bench.configure({ max_impact: "restart" });
    assert.deepEqual((await bench.invoke()).diagnostics, []);
  });

  test("says nothing of what is not known, and warns of an agent that is down", async (t) => {
    const bench = await openBench(t);
    await bench.configure();
    assert.deepEqual(await bench.plan({ agent: UNKNOWN }), []);
    assert.deepEqual(await bench.plan({ name: UNKNOWN }), []);
    await bench.agent.stop();
    assert.deepEqual(words(await bench.plan()), ["warning AGENT_UNREACHABLE at agent"]);
    assert.deepEqual(words((await bench.invoke()).diagnostics), ["error AGENT_UNREACHABLE at agent"]);
  });

  test("takes names, and a duration for its timeout", async (t) => {
    const { action } = await openBench(t);
    const named = filled(action.schema.attributes, { agent: "Desk", name: "web_1" });
    assert.deepEqual(words((await action.validate?.(named)) ?? []), ["error SPEC_BAD_NAME at agent", "error SPEC_BAD_NAME at name"]);
    const of = async (timeout: Value): Promise<string[]> =>
      words((await action.validate?.(filled(action.schema.attributes, { timeout }))) ?? []);
    assert.deepEqual(await of("1m30s"), []);
    assert.deepEqual(await of(UNKNOWN), []);
    assert.deepEqual(await of("soon"), ["error SPEC_BAD_VALUE at timeout"]);
  });
});
