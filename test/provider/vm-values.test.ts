/** Values: known later, empty, too large, wrong, secret. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Decimal, hasUnknown, UNKNOWN } from "../../provider/src/protocol6/value.ts";
import type { Value } from "../../provider/src/protocol6/value.ts";
import type { Json } from "./core.ts";
import { assertSettled, errorsOf, settle, told } from "./core.ts";
import { startFleet } from "./fleet.ts";

type Config = { readonly [key: string]: Json | Value };

const WEB = { name: "web", agent: "desk", image: "debian-12" };

/** Every attribute that can be set, with a value that is not its default. */
const FULL: { readonly [key: string]: Json } = {
  ...WEB,
  image_on_change: "recreate",
  vcpu: 2,
  vcpu_max: 4,
  ram_gb: 2,
  ram_max_gb: 4,
  disk_gb: 12,
  disks: { data: { size_gb: 5 } },
  networks: { lan: { network: "user", mac: "52:54:00:12:34:56" }, wan: { bridge: "br0" } },
  power: "stopped",
  autostart: false,
  firmware: "uefi",
  machine: "pc",
  accel: "tcg",
  cloud_init: {
    packages: ["nginx"],
    user_data: "#cloud-config\n",
    network_config: "version: 2\n",
    password_wo: "hunter2",
    password_wo_version: 1,
  },
  cloud_init_on_change: "next-boot",
  ssh_keys: ["ssh-ed25519 AAAA me"],
  labels: { tier: "web" },
  metadata: { note: "x" },
  protect: false,
  disruption: { allow: "data-loss" },
  wait_for: "none",
  wait_timeout_s: 10,
  stop_timeout_s: 5,
  on_remove: "delete",
  adopt: false,
  timeouts: { create: "1h30m" },
};

/** The paths of all values in it. */
function* paths(value: Json, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, item] of Object.entries(value)) yield* paths(item, [...path, key]);
}

function withValue(value: Json, path: readonly string[], put: Value): Json {
  const [key, ...rest] = path;
  if (key === undefined) return put as Json;
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? withValue(item, rest, put) : item));
  const map = value as { readonly [key: string]: Json };
  return { ...map, [key]: withValue(map[key]!, rest, put) };
}

suite("a value that is known later", () => {
  const all = [...paths(FULL), ["ssh_keys", "0"], ["cloud_init", "packages", "0"]];

  test("anywhere in a new VM: planned, applied once it is known, and settled", async () => {
    await using fleet = await startFleet("desk");
    for (const [at, path] of all.entries()) {
      const name = `vm-${at}`;
      const config = { ...FULL, name, networks: { lan: { network: "user" }, wan: { bridge: "br0" } } };
      const core = fleet.core();
      if (path[0] === "networks" && path[2] === "mac") continue;
      const unknown = withValue(config, path, UNKNOWN) as Config;
      const plan = await core.plan(core.config(unknown));
      assert.deepEqual(errorsOf(plan.diagnostics), [], path.join("."));
      assert.ok(hasUnknown(plan.answer.planned));
      assert.deepEqual(errorsOf(await core.apply(plan, core.config(config))), [], path.join("."));
      await assertSettled(core, config, fleet.configure);
      await core.apply(await core.plan(null));
    }
  });

  test("anywhere in a VM that is there: planned with the worst, applied once it is known, and settled", async () => {
    await using fleet = await startFleet("desk");
    for (const path of all) {
      const core = fleet.core();
      await settle(core, FULL, fleet.configure);
      const unknown = withValue(FULL, path, UNKNOWN) as Config;
      const plan = await core.plan(core.config(unknown));
      assert.deepEqual(errorsOf(plan.diagnostics), [], path.join("."));
      assert.ok(path.at(-1) === "password_wo" || hasUnknown(plan.answer.planned), path.join("."));
      // It turns out to be what it was.
      assert.deepEqual(errorsOf(await core.apply(plan, core.config(FULL))), [], path.join("."));
      await assertSettled(core, FULL, fleet.configure);
      await core.apply(await core.plan(null));
    }
  });

  const other: { readonly [key: string]: Json } = {
    name: "www",
    template: "base",
    image: "debian-13",
    image_on_change: "ignore",
    vcpu: 4,
    vcpu_max: 8,
    ram_gb: 4,
    ram_max_gb: 8,
    disk_gb: 20,
    disks: { data: { size_gb: 6 }, more: { size_gb: 1 } },
    networks: { lan: { network: "user" } },
    power: "running",
    autostart: true,
    firmware: "bios",
    machine: "q35",
    accel: "auto",
    cloud_init: { packages: ["caddy"] },
    cloud_init_on_change: "recreate",
    ssh_keys: ["ssh-ed25519 BBBB me"],
    labels: { tier: "db" },
    metadata: {},
    protect: true,
    disruption: { allow: "data-loss" },
    wait_for: "ip",
    wait_timeout_s: 20,
    stop_timeout_s: 6,
    on_remove: "retain",
  };
  for (const power of ["running", "stopped"]) {
    test(`anything else than it was, in a VM that is ${power}`, async () => {
      await using fleet = await startFleet("desk");
      using host = fleet.host("desk");
      host.setResources({ vcpu: 1000, ram_gb: 1000, disk_gb: 1000 });
      for (const [at, [attribute, value]] of Object.entries(other).entries()) {
        const core = fleet.core();
        // Their own rules would come in between.
        const { networks: _networks, ...rest } = FULL;
        const before = { ...rest, name: `vm-${at}`, power };
        await settle(core, before, fleet.configure);
        const after = { ...before, [attribute]: attribute === "name" ? `www-${at}` : value };
        const plan = await core.plan(core.config({ ...before, [attribute]: UNKNOWN }));
        assert.deepEqual(errorsOf(plan.diagnostics), [], attribute);
        assert.deepEqual(errorsOf(await core.apply(plan, core.config(after))), [], attribute);
        await fleet.configure();
        await core.refresh();
        assert.equal((await core.plan(core.config(after))).action, "no-op", attribute);
      }
    });
  }

  test("the agents, one of them, its address, and the stack", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    for (const block of [
      { agents: UNKNOWN },
      { agents: { desk: UNKNOWN } },
      { agents: { desk: { address: UNKNOWN } } },
      { stack: UNKNOWN },
    ]) {
      assert.deepEqual(await fleet.configure(block as never), []);
      const plan = await core.plan(core.config(WEB));
      assert.deepEqual([plan.action, plan.diagnostics], ["create", []]);
      assert.equal(plan.answer.planned?.["vcpu"], UNKNOWN);
      await fleet.configure();
      assert.deepEqual(await core.apply(plan), []);
      await fleet.configure(block as never);
      await core.refresh();
      const later = await core.plan(core.config({ ...WEB, labels: { a: "b" } }));
      assert.deepEqual([later.action, errorsOf(later.diagnostics)], ["update", []]);
      assert.equal((await core.plan(core.config(WEB))).action, "no-op");
      await fleet.configure();
      assert.deepEqual(await core.apply(later), []);
      await core.apply(await core.plan(null));
      core.kept = undefined;
    }
  });
});

suite("collections", () => {
  for (const [name, more] of [
    ["null", {}],
    ["empty", { disks: {}, networks: {}, labels: {}, metadata: {}, ssh_keys: [], cloud_init: {}, disruption: {}, timeouts: {} }],
    ["empty inside", { cloud_init: { packages: [] }, networks: { default: {} } }],
  ] as const) {
    test(`${name} are planned as configured and settled`, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core();
      await settle(core, { ...WEB, ...more }, fleet.configure);
      // From one spelling of nothing to another nothing is done.
      const calls = fleet.calls.get("desk execute");
      await settle(core, WEB, fleet.configure);
      await settle(core, { ...WEB, ...more }, fleet.configure);
      assert.equal(fleet.calls.get("desk execute"), calls);
    });
  }

  test("what had values and is taken away is taken away", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    await settle(core, { ...WEB, labels: { a: "b" }, vcpu: 2, vcpu_max: 4, networks: { lan: {} } }, fleet.configure);
    await settle(core, { ...WEB, labels: {} }, fleet.configure);
    const { state } = core.kept!;
    assert.deepEqual([state["vcpu"], state["vcpu_max"], Object.keys(state["networks"] as object)], [1, null, ["default"]]);
  });
});

suite("what is wrong", () => {
  const cases: readonly { name: string; config: Config; want: string; says: RegExp }[] = [
    {
      name: "no whole number",
      config: { ram_gb: new Decimal("0.1") },
      want: "SPEC_WRONG_TYPE ram_gb",
      says: /"ram_gb" of VM "web" is the number 0\.1; it must be a whole number\./,
    },
    {
      name: "2^53+1",
      config: { ram_gb: 9007199254740993n },
      want: "SPEC_OUT_OF_RANGE ram_gb",
      says: /"ram_gb" of VM "web" is 9007199254740993 GiB; it must be between 1 and 4096\./,
    },
    { name: "too little", config: { vcpu: 0 }, want: "SPEC_OUT_OF_RANGE vcpu", says: /must be between 1 and 512/ },
    { name: "a bad name", config: { name: "Web_1" }, want: "SPEC_BAD_NAME name", says: /1 to 63 characters/ },
    { name: "none of the choices", config: { power: "runing" }, want: "SPEC_BAD_VALUE power", says: /Did you mean "running"\?/ },
    {
      name: "an item of a map",
      config: { disks: { data: { size_gb: 0 } } },
      want: "SPEC_OUT_OF_RANGE disks.data.size_gb",
      says: /"disks\.data\.size_gb"/,
    },
    {
      name: "a key of a map",
      config: { disks: { "Data 1": { size_gb: 1 } } },
      want: "SPEC_BAD_NAME disks",
      says: /The key "Data 1" is not allowed here\./,
    },
    {
      name: "an item of a list",
      config: { ssh_keys: ["a", "b\nc"] },
      want: "SPEC_BAD_VALUE ssh_keys.1",
      says: /one line without control characters/,
    },
    { name: "null in a list", config: { ssh_keys: [null] }, want: "SPEC_WRONG_TYPE ssh_keys.0", says: /is null; it must be a text/ },
    { name: "null in a map", config: { labels: { a: null } }, want: "SPEC_WRONG_TYPE labels.a", says: /is null; it must be a text/ },
    { name: "two images", config: { image_path: "/x" }, want: "SPEC_CONFLICT image_path", says: /VM "web" has both image and image_path/ },
    {
      name: "an address without its digest",
      config: { image: null, image_url: "https://x/y" },
      want: "SPEC_MISSING_KEY image_url",
      says: /image_url without image_sha256/,
    },
    {
      name: "less headroom than there is",
      config: { vcpu: 4, vcpu_max: 2 },
      want: "SPEC_CONFLICT vcpu_max",
      says: /VM "web" has vcpu 4, above vcpu_max 2\./,
    },
    {
      name: "less headroom than the default",
      config: { ram_gb: 2, ram_max_gb: 1 },
      want: "SPEC_CONFLICT ram_max_gb",
      says: /above ram_max_gb 1 GiB/,
    },
    {
      name: "a network and a bridge",
      config: { networks: { lan: { network: "a", bridge: "b" } } },
      want: "SPEC_CONFLICT networks.lan.bridge",
      says: /both a network and a bridge/,
    },
    {
      name: "a secret without a version",
      config: { cloud_init: { password_wo: "s3cret" } },
      want: "SPEC_MISSING_KEY cloud_init.password_wo_version",
      says: /has no version/,
    },
    {
      name: "a version of nothing",
      config: { cloud_init: { password_wo: "s3cret", password_wo_version: 0 } },
      want: "SPEC_OUT_OF_RANGE cloud_init.password_wo_version",
      says: /at least 1/,
    },
    { name: "no duration", config: { timeouts: { create: "soon" } }, want: "SPEC_BAD_VALUE timeouts.create", says: /must be a duration/ },
  ];
  for (const { name, config, want, says } of cases) {
    test(name, async () => {
      await using fleet = await startFleet("desk");
      const core = fleet.core();
      const all = core.config({ ...WEB, ...config });
      const found = await core.resource.validate!(all);
      assert.deepEqual(told(found), [`error ${want}`]);
      assert.match(found[0]!.detail, says);
      assert.doesNotMatch(found[0]!.detail, /s3cret/);
      // A value that was not known when it was validated is found when it is planned.
      const planned = await core.resource.plan({ prior: null, proposed: all, config: all, priorPrivate: null }, core.context);
      assert.deepEqual(told(planned.diagnostics ?? []), [`error ${want}`]);
    });
  }

  for (const [name, block, want] of [
    ["a stack", { stack: "My Stack" }, "SPEC_BAD_NAME stack"],
    ["an agent's name", { agents: { "De sk": { address: "a:1" } } }, "SPEC_BAD_NAME agents"],
    ["an address", { agents: { desk: { address: "nowhere" } } }, "SPEC_BAD_VALUE agents.desk.address"],
    ["an embedded agent", { agents: { desk: { address: "embedded:x" } } }, "SPEC_BAD_VALUE agents.desk.address"],
    ["two ways to one agent", { agents: { desk: { address: "a:1" }, rack: { address: "A:1" } } }, "AGENT_DUPLICATE agents.rack.address"],
    ["a timeout", { agents: { desk: { address: "a:1", timeout_s: 0 } } }, "SPEC_OUT_OF_RANGE agents.desk.timeout_s"],
    ["an impact", { max_impact: "lots" }, "SPEC_BAD_VALUE max_impact"],
  ] as const) {
    test(`${name} of the provider's block`, async () => {
      await using fleet = await startFleet();
      assert.deepEqual(told(await fleet.configure(block)), [`error ${want}`]);
    });
  }
});

suite("a secret", () => {
  test("reaches the guest, is stored nowhere, and is applied again with another version", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const web = (password: string, version: number): Config => ({
      ...WEB,
      cloud_init: { password_wo: password, password_wo_version: version },
      cloud_init_on_change: "next-boot",
    });
    await settle(core, web("hunter2", 1), fleet.configure);
    assert.doesNotMatch(JSON.stringify(core.kept), /hunter2/);
    const other = await core.plan(core.config(web("swordfish", 1)));
    assert.equal(other.action, "no-op", "the value itself is never compared");
    const plan = await settle(core, web("swordfish", 2), fleet.configure);
    assert.equal(plan.answer.planned?.["planned_impact"], "next-boot");
    assert.doesNotMatch(JSON.stringify([plan.diagnostics, core.kept]), /swordfish/);
  });

  test("that is needed and not there is missed while planning, and asked for when it is applied", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    const named = (name: string, more: Config = {}): Config => ({ ...WEB, name, cloud_init: { password_wo_version: 1, ...more } });
    const missed = "SECRET_NOT_FOUND cloud_init.password_wo";
    for (const more of [{}, { password_wo: "" }]) {
      const plan = await core.plan(core.config(named("web", more)));
      assert.deepEqual(told(plan.diagnostics), [`warning ${missed}`]);
      assert.deepEqual(told(await core.apply(plan)), [`error ${missed}`]);
      assert.equal(core.kept, undefined);
    }
    // Whoever only plans need not have it.
    const plan = await core.plan(core.config(named("web")));
    assert.deepEqual(await core.apply(plan, core.config(named("web", { password_wo: "hunter2" }))), []);
    // What does not write the guest's configuration needs none.
    await fleet.configure();
    await core.refresh();
    const labelled = await core.plan(core.config({ ...named("web"), labels: { a: "b" } }));
    assert.deepEqual(labelled.diagnostics, []);
    const renamed = await core.plan(core.config(named("www")));
    assert.deepEqual(told(renamed.diagnostics), [`warning ${missed}`, 'warning VM "web": name, restart name']);
  });

  test("that is not known yet, or not known to be needed, is asked for when it is applied", async () => {
    await using fleet = await startFleet("desk");
    const core = fleet.core();
    for (const later of [{ password_wo: UNKNOWN, password_wo_version: 1 }, { password_wo_version: UNKNOWN }]) {
      const plan = await core.plan(core.config({ ...WEB, cloud_init: later }));
      assert.deepEqual(plan.diagnostics, []);
      const without = core.config({ ...WEB, cloud_init: { password_wo_version: 1 } });
      assert.deepEqual(told(await core.apply(plan, without)), ["error SECRET_NOT_FOUND cloud_init.password_wo"]);
      assert.equal(core.kept, undefined);
    }
  });
});
