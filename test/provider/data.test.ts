/** The data sources against simulated agents. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Diagnostic } from "../../provider/src/protocol6/provider.ts";
import type { AttributeSchemas } from "../../provider/src/protocol6/schema.ts";
import type { Value, Values } from "../../provider/src/protocol6/value.ts";
import { hasUnknown, UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Json } from "./core.ts";
import { configOf, CONTEXT } from "./core.ts";
import type { Fleet } from "./fleet.ts";
import { startFleet } from "./fleet.ts";

const WEB = { name: "web", agent: "desk", image: "debian-12", labels: { role: "web", tier: "front" }, disks: { data: { size_gb: 3 } } };

async function read(
  { provider }: Fleet,
  type: string,
  config: { readonly [key: string]: Json },
): Promise<{ readonly state: Values | undefined; readonly diagnostics: readonly Diagnostic[] }> {
  const source = provider.dataSources[type]!;
  const { state, diagnostics = [] } = await source.read(configOf(source.schema.attributes, config), CONTEXT);
  if (state !== undefined) {
    assert.ok(!hasUnknown(state));
    assertFits(source.schema.attributes, state);
  }
  return { state, diagnostics };
}

/** Exactly the attributes of the schema, at every depth. */
function assertFits(schemas: AttributeSchemas, values: Values): void {
  assert.deepEqual(Object.keys(values).sort(), Object.keys(schemas).sort());
  for (const [name, { nested }] of Object.entries(schemas)) {
    const value: Value = values[name]!;
    if (nested === undefined || value === null) continue;
    const items = nested.nesting === "single" ? [value] : Object.values(value as Values);
    for (const item of items) assertFits(nested.attributes, item as Values);
  }
}

async function make(fleet: Fleet, ...configs: readonly { readonly [key: string]: Json }[]): Promise<void> {
  for (const config of configs) {
    const core = fleet.core();
    assert.deepEqual(await core.apply(await core.plan(core.config(config))), []);
  }
  await fleet.configure();
}

suite("ghost_vm", () => {
  test("tells everything of one VM and no secret", async () => {
    await using fleet = await startFleet("desk");
    await make(fleet, { ...WEB, cloud_init: { packages: ["nginx"], password_wo: "hush", password_wo_version: 3 } });
    const { state, diagnostics } = await read(fleet, "ghost_vm", { agent: "desk", name: "web" });
    assert.deepEqual(diagnostics, []);
    const { name, agent, owner, status, vcpu, labels, uid, cloud_init } = state!;
    assert.deepEqual(
      [name, agent, owner, status, vcpu, uid],
      ["web", "desk", "terraform:shop", "running", 1, fleet.host("desk").findDomain("web")?.uid],
    );
    assert.deepEqual({ ...(labels as Values) }, WEB.labels);
    assert.equal(((state!["disks"] as Values)["data"] as Values)["size_gb"], 3);
    assert.deepEqual(Object.keys(cloud_init as Values).sort(), ["network_config", "packages", "user_data"]);
    assert.doesNotMatch(JSON.stringify(state), /hush/);
  });

  test("one that nobody's is can be looked at too", async () => {
    await using fleet = await startFleet("desk");
    fleet.host("desk").addForeignDomain({ name: "legacy", vcpu: 2 });
    const { state } = await read(fleet, "ghost_vm", { agent: "desk", name: "legacy" });
    assert.deepEqual([state!["owner"], state!["vcpu"], state!["status"]], ["", 2, "stopped"]);
  });

  const wrong: readonly { config: { agent: string; name: string }; path: string; says: RegExp }[] = [
    { config: { agent: "desk", name: "wob" }, path: "name", says: /no VM "wob"[^]*It has web\./ },
    { config: { agent: "dusk", name: "web" }, path: "agent", says: /no agent "dusk"/ },
  ];
  for (const { config, path, says } of wrong) {
    test(`${config.agent}/${config.name} is an error at ${path}`, async () => {
      await using fleet = await startFleet("desk");
      await make(fleet, WEB);
      const { state, diagnostics } = await read(fleet, "ghost_vm", config);
      assert.equal(state, undefined);
      assert.deepEqual(
        diagnostics.map((one) => [one.severity, one.path]),
        [["error", [path]]],
      );
      assert.match(diagnostics[0]!.detail, says);
    });
  }
});

suite("ghost_vms", () => {
  const filters: readonly { name: string; config: { readonly [key: string]: Json }; want: readonly string[] }[] = [
    { name: "all of them, sorted", config: {}, want: ["desk/db", "desk/legacy", "desk/web", "loft/web"] },
    { name: "of one agent", config: { agent: "loft" }, want: ["loft/web"] },
    { name: "with labels", config: { labels: { role: "web", tier: "front" } }, want: ["desk/web", "loft/web"] },
    { name: "with a label that only some have", config: { agent: "desk", labels: { role: "db" } }, want: ["desk/db"] },
    { name: "that are nobody's", config: { owner: "" }, want: ["desk/legacy"] },
    { name: "of an owner", config: { owner: "terraform:shop", agent: "desk" }, want: ["desk/db", "desk/web"] },
    { name: "none", config: { labels: { constructor: "x" } }, want: [] },
  ];
  test("finds what the filters say, with one Snapshot an agent", async () => {
    await using fleet = await startFleet("loft", "desk");
    await make(fleet, { ...WEB, agent: "loft" }, WEB, { name: "db", agent: "desk", image: "debian-12", labels: { role: "db" } });
    fleet.host("desk").addForeignDomain({ name: "legacy" });
    const before = fleet.calls.get("desk snapshot") ?? 0;
    for (const { name, config, want } of filters) {
      const { state, diagnostics } = await read(fleet, "ghost_vms", config);
      assert.deepEqual(diagnostics, [], name);
      assert.deepEqual(Object.keys(state!["vms"] as Values), want, name);
    }
    assert.equal(fleet.calls.get("desk snapshot"), before + 1);
  });

  test("an agent that is down is an error and not fewer VMs", async () => {
    await using fleet = await startFleet("desk", "loft");
    await make(fleet, WEB);
    await fleet.stop("loft");
    await fleet.configure();
    const { state, diagnostics } = await read(fleet, "ghost_vms", {});
    assert.equal(state, undefined);
    assert.match(diagnostics[0]!.detail, /loft/);
    assert.deepEqual(diagnostics[0]!.path, ["agent"]);
    assert.deepEqual(Object.keys((await read(fleet, "ghost_vms", { agent: "desk" })).state!["vms"] as Values), ["desk/web"]);
  });

  test("agents that are not known yet are an error and not fewer VMs", async () => {
    await using fleet = await startFleet("desk");
    await fleet.configure({ agents: UNKNOWN });
    assert.match((await read(fleet, "ghost_vms", {})).diagnostics[0]!.detail, /not known yet/);
    assert.match((await read(fleet, "ghost_vm", { agent: "desk", name: "web" })).diagnostics[0]!.detail, /not known yet/);
  });
});

test("ghost_agent tells what the host has, what is left of it, and its settings", async () => {
  await using fleet = await startFleet("desk");
  await make(fleet, { ...WEB, vcpu: 4 });
  const { host } = await fleet.client("desk").snapshot("");
  const { state, diagnostics } = await read(fleet, "ghost_agent", { name: "desk" });
  assert.deepEqual(diagnostics, []);
  const { agent_id, version, hypervisor, total, available, capabilities, settings } = state!;
  assert.deepEqual([agent_id, version, hypervisor], [host.agentId, host.version, "simulated"]);
  assert.deepEqual({ ...(total as Values) }, { ...host.total });
  assert.equal((available as Values)["vcpu"], host.total.vcpu - 4);
  assert.equal((capabilities as Values)["disk_plug"], host.capabilities.disk_plug);
  assert.deepEqual(Object.values(settings as Values), [null, null, null, null, null]);
  assert.deepEqual((await read(fleet, "ghost_agent", { name: "dusk" })).diagnostics[0]?.path, ["name"]);
});

test("ghost_templates tells templates and catalogue images with their digests", async () => {
  await using fleet = await startFleet("desk");
  const core = fleet.core("ghost_template");
  await core.apply(await core.plan(core.config({ name: "base", agent: "desk", image: "debian-12" })));
  await fleet.configure();
  const { state, diagnostics } = await read(fleet, "ghost_templates", { agent: "desk" });
  assert.deepEqual(diagnostics, []);
  const [templates, images] = [state!["templates"] as Values, state!["images"] as Values];
  const [base, debian] = [templates["base"] as Values, images["debian-12"] as Values];
  assert.deepEqual([base["name"], base["image"], base["image_url"], base["owner"]], ["base", "debian-12", null, "terraform:shop"]);
  assert.equal(base["digest"], debian["digest"]);
  assert.equal(debian["cached"], true);
  assert.deepEqual(Object.keys(images), Object.keys(images).toSorted());
  assert.deepEqual((await read(fleet, "ghost_templates", { agent: "dusk" })).diagnostics[0]?.path, ["agent"]);
});
