/** What no Terraform that this was tried with has, on the wire: identity, search, actions; and functions. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import type { TestContext } from "node:test";
import { startAgent } from "../../../test/terraform/support/agents.ts";
import type { SimulatedAgent } from "../../../test/terraform/support/agents.ts";
import type { Diagnostic } from "../protocol6/provider.ts";
import { connect } from "../protocol6/testing/client.ts";
import type { Stored, TestClient } from "../protocol6/testing/client.ts";
import { Dynamic } from "../protocol6/value.ts";
import type { Values } from "../protocol6/value.ts";
import { ghostProvider } from "./provider.ts";

interface Site {
  readonly desk: SimulatedAgent;
  readonly rack: SimulatedAgent;
  readonly client: TestClient;
  /** Configures the provider anew, as each of Terraform's walks does. */
  readonly walk: (more?: Values) => Promise<void>;
  /** Makes or changes a VM. */
  readonly apply: (config: Values, before?: Stored) => Promise<Stored>;
}

async function openSite(t: TestContext): Promise<Site> {
  const dir = await mkdtemp(path.join(tmpdir(), "ghost-wire-"));
  const [desk, rack] = (await Promise.all(["desk", "rack"].map((name) => startAgent(name, path.join(dir, name))))) as [
    SimulatedAgent,
    SimulatedAgent,
  ];
  const client = await connect(ghostProvider("0.1.0"));
  t.after(async () => {
    await client.close();
    await Promise.all([desk[Symbol.asyncDispose](), rack[Symbol.asyncDispose]()]);
    await rm(dir, { recursive: true, force: true });
  });
  const site: Site = {
    desk,
    rack,
    client,
    async walk(more = {}) {
      const agents = Object.fromEntries([desk, rack].map(({ name, address }) => [name, { address }]));
      assert.deepEqual(await client.configure({ stack: "shop", agents, ...more }), []);
    },
    async apply(config, before) {
      const applied = await client.apply("ghost_vm", { agent: "desk", image: "debian-12", ...config }, before);
      assert.deepEqual(errors(applied.diagnostics), []);
      return applied;
    },
  };
  await site.walk();
  return site;
}

function errors(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.filter(({ severity }) => severity === "error").map(({ summary, path: at = [] }) => `${summary} at ${at.join(".")}`);
}

/** Objects of the wire have no prototype. */
function plain(values: Values | null | undefined): unknown {
  return values === undefined ? undefined : { ...values };
}

suite("identity of ghost_vm, on the wire", () => {
  test("comes with the creation and stays, through reading, planning, changing and renaming", async (t) => {
    const { client, apply, walk, desk } = await openSite(t);
    const planned = await client.plan("ghost_vm", { agent: "desk", name: "web", image: "debian-12" });
    assert.equal(planned.identity, undefined, "a VM that is yet to be made");
    const made = await apply({ name: "web" });
    const { uid } = desk.host.findDomain("web")!;
    assert.equal(made.identity?.["uid"], uid);
    await walk();
    const read = await client.read("ghost_vm", made);
    assert.deepEqual(read.identity, made.identity);
    const renamed = await apply({ name: "shop", labels: { a: "b" } }, read);
    assert.deepEqual(renamed.identity, made.identity);
    await walk();
    assert.deepEqual((await client.read("ghost_vm", renamed)).identity, made.identity);
    // A state of before there were identities.
    assert.deepEqual((await client.read("ghost_vm", { state: renamed.state, private: renamed.private })).identity, made.identity);
    await desk.stop();
    await walk();
    assert.deepEqual((await client.read("ghost_vm", renamed)).identity, made.identity, "while its agent is down");
  });

  test("imports the same VM as its name does, and nothing needs a change then", async (t) => {
    const { client, apply, walk } = await openSite(t);
    const made = await apply({ name: "web", ram_gb: 2 });
    await walk();
    const byName = await client.import("ghost_vm", "desk/web");
    const byIdentity = await client.import("ghost_vm", made.identity!);
    assert.deepEqual([byIdentity.diagnostics, plain(byIdentity.identity)], [[], plain(made.identity)]);
    assert.deepEqual(byIdentity, byName);
    const read = await client.read("ghost_vm", byIdentity);
    const plan = await client.plan("ghost_vm", { agent: "desk", name: "web", image: "debian-12", ram_gb: 2 }, read);
    assert.deepEqual([plan.planned, plan.diagnostics], [read.state, []]);
  });

  test("that nothing has is an error", async (t) => {
    const { client, apply, rack, walk } = await openSite(t);
    const { identity } = await apply({ name: "web" });
    const gone = await client.import("ghost_vm", { ...identity, uid: "00000000-0000-4000-8000-000000000000" });
    assert.deepEqual([gone.state, errors(gone.diagnostics)], [null, ["VM not found [VM_NOT_FOUND] at "]]);
    await rack.stop();
    await walk();
    const elsewhere = await client.import("ghost_vm", { ...identity, agent_id: "another" });
    assert.deepEqual(errors(elsewhere.diagnostics), ["Agent not reachable [AGENT_UNREACHABLE] at "]);
  });
});

suite("search for ghost_vm, on the wire", () => {
  async function openFleet(t: TestContext): Promise<Site> {
    const site = await openSite(t);
    for (const name of ["web-1", "web-2"]) await site.apply({ name, labels: { role: "web" } });
    await site.apply({ name: "db", agent: "rack" });
    site.desk.host.addForeignDomain({ name: "legacy", status: "running" });
    await site.walk();
    return site;
  }

  test("finds by agent, labels and owner, with what imports it", async (t) => {
    const { client } = await openFleet(t);
    const names = async (config: Values, limit = 0): Promise<string[]> =>
      (await client.list("ghost_vm", config, { limit })).map(({ displayName }) => displayName);
    assert.deepEqual(await names({}), ["desk/legacy", "desk/web-1", "desk/web-2", "rack/db"]);
    assert.deepEqual(await names({ agent: "rack" }), ["rack/db"]);
    assert.deepEqual(await names({ labels: { role: "web" } }), ["desk/web-1", "desk/web-2"]);
    assert.deepEqual(await names({ owner: "" }), ["desk/legacy"]);
    assert.deepEqual(await names({ owner: "terraform:shop" }, 2), ["desk/web-1", "desk/web-2"]);
    const [db] = await client.list("ghost_vm", { agent: "rack" });
    assert.equal((await client.import("ghost_vm", db!.identity!)).state?.["name"], "db");
  });

  test("gives the state that an import gives, also of what nobody manages", async (t) => {
    const { client } = await openFleet(t);
    const found = await client.list("ghost_vm", { agent: "desk" }, { withState: true });
    assert.equal(found.length, 3);
    for (const { displayName, state, identity } of found) {
      const imported = await client.import("ghost_vm", displayName);
      assert.deepEqual([state, identity], [imported.state, imported.identity]);
    }
  });

  test("asks each agent once, and tells of one that is down", async (t) => {
    const { client, desk, rack, walk } = await openFleet(t);
    await rack.stop();
    desk.forgetCalls();
    await walk();
    const found = await client.list("ghost_vm", {});
    assert.deepEqual(desk.calls, { Snapshot: 1 });
    assert.deepEqual(
      found.map(({ displayName, identity }) => [displayName, identity !== undefined]),
      [
        ["desk/legacy", true],
        ["desk/web-1", true],
        ["desk/web-2", true],
        ["rack", false],
      ],
    );
    assert.deepEqual(
      found.at(-1)?.diagnostics.map(({ severity }) => severity),
      ["warning"],
    );
  });
});

suite("ghost_vm_restart, on the wire", () => {
  test("restarts, and tells of it as it goes", async (t) => {
    const { client, apply, walk, desk } = await openSite(t);
    const made = await apply({ name: "web" });
    const before = desk.host.findDomain("web")!.startedAt!;
    desk.host.setLatency({ stop: 40, start: 40 });
    await walk();
    const { progress, diagnostics } = await client.action("ghost_vm_restart", { agent: "desk", name: "web", timeout: "5m" });
    assert.deepEqual(
      diagnostics.map(({ severity, path: at }) => [severity, at]),
      [["warning", ["name"]]],
      "what it does to the machine",
    );
    assert.deepEqual(progress.slice(0, 2), ["desk/web: its guest is shut down", "desk/web: it is started"]);
    assert.ok(desk.host.findDomain("web")!.startedAt! > before);
    await walk();
    const read = await client.read("ghost_vm", made);
    assert.deepEqual(errors((await client.plan("ghost_vm", { agent: "desk", name: "web", image: "debian-12" }, read)).diagnostics), []);
  });

  test("is refused with the attribute, and before anything is done", async (t) => {
    const { client, apply, walk, desk } = await openSite(t);
    await apply({ name: "web", disruption: { allow: "live" } });
    await walk();
    desk.forgetCalls();
    const limited = await client.action("ghost_vm_restart", { agent: "desk", name: "web" });
    assert.deepEqual(errors(limited.diagnostics), ["Impact above the ceiling [IMPACT_EXCEEDED] at name"]);
    await walk({ max_impact: "guest" });
    assert.deepEqual(errors((await client.action("ghost_vm_restart", { agent: "desk", name: "web" })).diagnostics).length, 1);
    await walk({ stack: "other" });
    const foreign = await client.action("ghost_vm_restart", { agent: "desk", name: "web" });
    assert.deepEqual(errors(foreign.diagnostics), ["Object belongs to someone else [OWNED_BY_OTHER] at name"]);
    assert.equal(desk.mutatingCalls, 0);
  });
});

suite("functions, on the wire", () => {
  test("need no configuration", async (t) => {
    const client = await connect(ghostProvider("0.1.0"));
    t.after(() => client.close());
    const text =
      'ghost: 1\nstack: shop\nvariables: { n: { type: integer } }\nagents: { desk: { address: "unix:/x" } }\nvms: { web: { agent: desk, image: debian-12, replicas: "${var.n}" } }\n';
    const parsed = (await client.callFunction("parse_spec", text, { n: "2" })) as Values;
    assert.deepEqual(Object.keys(parsed["vms"] as Values), ["web-1", "web-2"]);
    await assert.rejects(client.callFunction("parse_spec", text), /spec:3/);
    const setup = new Dynamic(["object", { hostname: "string", packages: ["tuple", ["string"]] }], {
      hostname: "web",
      packages: ["nginx"],
    });
    assert.equal(await client.callFunction("render_cloud_init", setup), '#cloud-config\nhostname: "web"\npackages:\n  - "nginx"\n');
  });
});
