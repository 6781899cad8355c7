import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Provider } from "../provider.ts";
import { start } from "./start.ts";
import { connect, InconsistentError } from "../testing/client.ts";
import type { TestClient } from "../testing/client.ts";
import { toyProvider } from "../testing/toy-provider.ts";
import type { ToyProvider } from "../testing/toy-provider.ts";
import { Decimal, UNKNOWN } from "../value.ts";

async function configured(): Promise<{ toy: ToyProvider; client: TestClient }> {
  const toy = toyProvider();
  const client = await connect(toy);
  assert.deepEqual(await client.configure({ greeting: "hello" }), []);
  return { toy, client };
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

suite("the life of a resource", () => {
  test("is planned, created, read, changed, and deleted", async () => {
    const { toy, client } = await configured();
    await using _ = client;
    const config = { name: "a", secret: "s3cret", size: new Decimal("0.1"), disks: { root: { size_gb: 10, pin: "1234" } } };
    const plan = await client.plan("toy_thing", config);
    assert.equal(plan.planned?.["id"], UNKNOWN);
    assert.equal(plan.planned["secret"], null);
    const created = await client.applyPlan("toy_thing", config, { state: null, private: null }, plan);
    assert.deepEqual(created.diagnostics, []);
    assert.equal(created.state?.["id"], "id-a");
    assert.deepEqual(created.private, { applied: true });
    assert.deepEqual(plain(created.identity), { id: "id-a" });
    assert.equal(toy.secrets.get("a"), "s3cret");
    assert.deepEqual(plain(created.state["disks"]), { root: { size_gb: 10, pin: null, path: "/disks/root" } });

    const read = await client.read("toy_thing", created);
    assert.deepEqual(read.state, created.state);
    assert.deepEqual(read.private, { applied: true, revision: 1 });
    assert.deepEqual((await client.plan("toy_thing", config, read)).planned, read.state, "nothing changes");

    assert.deepEqual((await client.plan("toy_thing", { name: "b" }, read)).requiresReplace, [["name"]]);
    const deleted = await client.apply("toy_thing", null, read);
    assert.equal(deleted.state, null);
    assert.equal((await client.read("toy_thing", read)).state, null);
  });

  test("secrets that a provider forgets to take out are taken out", async () => {
    const { toy, client } = await configured();
    await using _ = client;
    toy.things.set("a", { name: "a", id: "1", secret: "oops", disks: { root: { size_gb: 1, pin: "oops", path: "/" } } });
    const { state } = await client.import("toy_thing", "a");
    assert.doesNotMatch(JSON.stringify(state), /oops/);
  });

  test("is imported by id and by identity", async () => {
    const { client } = await configured();
    await using _ = client;
    await client.apply("toy_thing", { name: "a" });
    assert.equal((await client.import("toy_thing", "a")).state?.["name"], "a");
    const byIdentity = await client.import("toy_thing", { id: "id-a" });
    assert.equal(byIdentity.state?.["name"], "a");
    assert.deepEqual(plain(byIdentity.identity), { id: "id-a" });
    assert.match((await client.import("toy_thing", "zz")).diagnostics[0]?.detail ?? "", /no thing "zz"/);
  });

  test("moves from another type", async () => {
    const { client } = await configured();
    await using _ = client;
    const answer = await client.call("moveResourceState", {
      source_provider_address: "registry.terraform.io/other/other",
      source_type_name: "other",
      source_schema_version: 3,
      source_state: { json: Buffer.from('{"name":"x"}'), flatmap: {} },
      target_type_name: "toy_thing",
      source_private: Buffer.from([1, 2, 3]),
      source_identity_schema_version: 0,
    });
    assert.deepEqual(answer.diagnostics, []);
    assert.ok((answer.target_state?.msgpack.length ?? 0) > 0);
  });
});

suite("stored state", () => {
  const cases = [
    { name: "of the same version is echoed", version: 2, state: { name: "a", id: "1" }, want: "a" },
    { name: "of an older version is upgraded", version: 1, state: { label: "b", id: "1" }, want: "b" },
    { name: "with an attribute that is gone loses it", version: 2, state: { name: "c", colour: "red" }, want: "c" },
    { name: "of a newer version is refused", version: 3, state: { name: "d" }, error: /version 3, and this provider writes version 2/ },
    { name: "that is no JSON is refused", version: 2, state: "{", error: /JSON/ },
    { name: "of Terraform 0.11 is refused", version: 2, state: "", error: /0\.11/ },
  ];
  for (const { name, version, state, want, error } of cases) {
    test(name, async () => {
      await using client = await connect(toyProvider());
      const answer = await client.upgrade("toy_thing", version, state);
      if (error !== undefined) assert.match(answer.diagnostics[0]?.detail ?? "", error);
      else assert.equal(answer.state?.["name"], want);
    });
  }

  test("keeps the digits of a number", async () => {
    await using client = await connect(toyProvider());
    const { state } = await client.upgrade("toy_thing", 2, '{"name":"a","size":12345678901234567890,"ratio":0.10}');
    assert.equal(state?.["size"], 12345678901234567890n);
    assert.deepEqual(state["ratio"], new Decimal("0.10"));
  });
});

suite("what goes wrong", () => {
  test("is a diagnostic at its attribute", async () => {
    const { client } = await configured();
    await using _ = client;
    assert.deepEqual((await client.validate("toy_thing", { name: "a", size: 13 }))[0]?.path, ["size"]);
    assert.deepEqual((await client.configure({ greeting: "" }))[0]?.path, ["greeting"]);
  });

  test("is a diagnostic when the provider throws, and the private bytes stay", async () => {
    const { client } = await configured();
    await using _ = client;
    const plan = await client.plan("toy_thing", { name: "broken" }, { state: null, private: { kept: 1 } });
    assert.match(plan.diagnostics[0]?.detail ?? "", /It broke\./);
    assert.deepEqual(plan.private, { kept: 1 });
  });

  test("is refused before the provider is configured", async () => {
    await using client = await connect(toyProvider());
    assert.equal((await client.plan("toy_thing", { name: "a" })).diagnostics[0]?.summary, "Provider not configured");
    assert.equal((await client.configure({ greeting: "fail" })).length, 1);
    assert.equal((await client.plan("toy_thing", { name: "a" })).diagnostics[0]?.summary, "Provider not configured");
    assert.deepEqual(await client.validate("toy_thing", { name: "a" }), []);
  });

  test("names what there is instead of an unknown type", async () => {
    await using client = await connect(toyProvider());
    const { diagnostics } = await client.call("validateResourceConfig", { type_name: "toString" });
    assert.match(diagnostics[0]?.detail ?? "", /no resource type "toString"; it has toy_thing/);
  });

  test("is a diagnostic of every call when the provider cannot be loaded", async () => {
    const toy = toyProvider();
    const broken = { ...toy, schema: toy.schema } as Provider;
    const started = await start({
      load: () => Promise.reject(new Error("No such module.")),
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const { TestClient: Client } = await import("../testing/client.ts");
    const { credentials } = await import("@grpc/grpc-js");
    await using client = new Client(broken, `unix:${started.endpoint.address}`, credentials.createInsecure(), async () => started.close());
    const { diagnostics } = await client.call("getProviderSchema", {});
    assert.match(diagnostics[0]?.detail ?? "", /No such module/);
  });

  test("a plan that breaks Terraform's rules fails the test", async () => {
    const toy = toyProvider();
    const thing = toy.resources["toy_thing"]!;
    const wrong: Provider = {
      ...toy,
      resources: { toy_thing: { ...thing, plan: async ({ proposed }) => ({ planned: { ...proposed, name: "other", size: 1 } }) } },
    };
    await using client = await connect(wrong);
    await client.configure();
    await assert.rejects(client.plan("toy_thing", { name: "a" }), (error: Error) => {
      assert.ok(error instanceof InconsistentError);
      assert.match(error.message, /name is configured[^]*size is configured/);
      return true;
    });
  });
});

suite("stopping", () => {
  test("aborts what runs and what comes after, until the next configuration", async () => {
    const { client } = await configured();
    await using _ = client;
    const slow = client.apply("toy_thing", { name: "slow" });
    // Until it has been planned and is being applied: the stop may come before that, too.
    await client.stopProvider();
    assert.equal((await slow).diagnostics[0]?.detail, "Stopped.");
    assert.equal((await client.apply("toy_thing", { name: "slow" })).diagnostics[0]?.detail, "Stopped.");
    await client.configure();
    assert.deepEqual((await client.apply("toy_thing", { name: "a" })).diagnostics, []);
  });

  test("a cancelled call aborts its signal alone", async () => {
    const { client, toy } = await configured();
    await using _ = client;
    const aborted = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const provider = toy.resources["toy_thing"]!;
    provider.read = async (_request, { signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      begun.resolve();
      await aborted.promise;
      return {};
    };
    const call = client.grpc.readResource(
      { type_name: "toy_thing", current_state: { msgpack: Buffer.alloc(0), json: Buffer.from('{"name":"a"}') }, private: Buffer.alloc(0) },
      () => {},
    );
    await begun.promise;
    call.cancel();
    await aborted.promise;
    assert.deepEqual((await client.plan("toy_thing", { name: "a" })).diagnostics, []);
  });
});

suite("everything else", () => {
  test("metadata, schemas and identities name the same things", async () => {
    await using client = await connect(toyProvider());
    const metadata = await client.call("getMetadata", {});
    const schema = await client.call("getProviderSchema", {});
    const { identity_schemas } = await client.call("getResourceIdentitySchemas", {});
    assert.deepEqual(metadata.resources, [{ type_name: "toy_thing" }]);
    assert.deepEqual(Object.keys(schema.resource_schemas), ["toy_thing"]);
    assert.deepEqual(
      Object.keys(schema.list_resource_schemas),
      metadata.list_resources.map(({ type_name }) => type_name),
    );
    assert.deepEqual(
      Object.keys(schema.action_schemas),
      metadata.actions.map(({ type_name }) => type_name),
    );
    assert.deepEqual(
      Object.keys(schema.functions),
      metadata.functions.map(({ name }) => name),
    );
    assert.deepEqual(Object.keys(identity_schemas), ["toy_thing"]);
    assert.deepEqual(schema.server_capabilities, metadata.server_capabilities);
  });

  test("data, functions, lists and actions", async () => {
    const { client } = await configured();
    await using _ = client;
    for (const name of ["a", "b1", "b2"]) await client.apply("toy_thing", { name });
    assert.deepEqual(plain((await client.data("toy_count")).state), { total: 3 });
    assert.equal(await client.callFunction("double", 21), 42);
    await assert.rejects(client.callFunction("double", new Decimal("0.5")), /Only small integers/);
    const names = (await client.list("toy_thing", { prefix: "b" })).map(({ displayName }) => displayName);
    assert.deepEqual(names, ["b1", "b2"]);
    const [only, ...rest] = await client.list("toy_thing", {}, { limit: 1, withState: true });
    assert.deepEqual(rest, []);
    assert.equal(only?.state?.["name"], "a");
    assert.deepEqual(await client.action("toy_ring", { times: 3 }), { progress: ["ring 1", "ring 2", "ring 3"], diagnostics: [] });
    assert.deepEqual((await client.action("toy_ring", { times: 0 })).diagnostics[0]?.path, ["times"]);
  });

  test("many objects at once", async () => {
    const { client, toy } = await configured();
    await using _ = client;
    await Promise.all(Array.from({ length: 200 }, (_none, n) => client.apply("toy_thing", { name: `n${n}` })));
    assert.equal(toy.things.size, 200);
  });

  test("a generated configuration has only what can be set", async () => {
    await using client = await connect(toyProvider());
    const json = Buffer.from('{"name":"a","id":"1","ratio":2,"disks":{"d":{"size_gb":1,"path":"/d"}}}');
    const { config } = await client.call("generateResourceConfig", { type_name: "toy_thing", state: { json, msgpack: Buffer.alloc(0) } });
    const { decodeMsgpack } = await import("../codec/msgpack.ts");
    const { impliedType } = await import("../codec/implied-type.ts");
    const values = decodeMsgpack(impliedType(toyProvider().resources["toy_thing"]!.schema.attributes), config!.msgpack) as Record<
      string,
      unknown
    >;
    assert.equal(values["id"], null);
    assert.equal(values["ratio"], 2);
    assert.deepEqual(plain(values["disks"]), { d: { size_gb: 1, pin: null, path: null } });
  });
});
