import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { schemaDocuments } from "./documents.ts";
import type { JsonSchema } from "./json-schema.ts";
import { attributeSchema } from "./json-schema.ts";

const documents = schemaDocuments();

suite("every published schema", () => {
  for (const [name, document] of Object.entries(documents)) {
    test(`${name} compiles in an ajv that nobody configured, without a warning`, (t) => {
      const warn = t.mock.method(console, "warn", () => {});
      const error = t.mock.method(console, "error", () => {});
      new Ajv2020().compile(document);
      assert.deepEqual(
        [...warn.mock.calls, ...error.mock.calls].map((call) => call.arguments),
        [],
      );
    });

    test(`${name} is named after its file and refuses unknown keys everywhere`, () => {
      assert.equal(document["$id"], `${name}.schema.json`);
      for (const [path, object] of objectsIn(document, name)) {
        assert.ok("additionalProperties" in object, `${path} says nothing about unknown keys`);
      }
    });

    test(`${name} has no choice between shapes`, () => {
      assert.doesNotMatch(JSON.stringify(document), /"(oneOf|anyOf)":/);
    });
  }
});

suite("a spec", () => {
  const cases: readonly { name: string; spec: unknown; source?: string; resolved?: string }[] = [
    { name: "may be empty in one file of several", spec: {}, resolved: "required" },
    { name: "with its version and stack is whole", spec: whole() },
    { name: "of another version is refused", spec: { ghost: 2, stack: "shop" }, source: "maximum", resolved: "maximum" },
    { name: "takes no expression as its version", spec: { ghost: "${var.v}", stack: "shop" }, source: "type", resolved: "type" },
    { name: "takes an expression for a number", spec: whole({ vcpu: "${var.n}" }), resolved: "type" },
    { name: "takes an expression for a choice", spec: whole({ power: "${var.p}" }), resolved: "enum" },
    { name: "takes an expression for a boolean", spec: whole({ protect: "${var.p}" }), resolved: "type" },
    { name: "takes an expression inside of text", spec: whole({ image_path: "${env.HOME}/x" }), resolved: "pattern" },
    { name: "takes no expression for a map", spec: whole({ labels: "${var.x}" }), source: "type", resolved: "type" },
    { name: "takes no other text for a number", spec: whole({ vcpu: "4" }), source: "type", resolved: "type" },
    { name: "takes no fraction", spec: whole({ vcpu: 1.5 }), source: "type", resolved: "type" },
    { name: "keeps limits", spec: whole({ vcpu: 0 }), source: "minimum", resolved: "minimum" },
    { name: "keeps the length of text", spec: whole({ labels: { a: "x".repeat(256) } }), source: "maxLength", resolved: "maxLength" },
    { name: "counts characters, not code units", spec: whole({ labels: { a: "😀".repeat(255) } }) },
    { name: "keeps patterns", spec: whole({ image_sha256: "abc" }), source: "pattern", resolved: "pattern" },
    { name: "keeps choices", spec: whole({ power: "runing" }), source: "enum", resolved: "enum" },
    { name: "reports a wrong type of a choice once", spec: whole({ power: true }), source: "enum", resolved: "enum" },
    { name: "refuses unknown keys", spec: whole({ ram: 4 }), source: "additionalProperties", resolved: "additionalProperties" },
    {
      name: "refuses a name beside the key",
      spec: whole({ name: "web" }),
      source: "additionalProperties",
      resolved: "additionalProperties",
    },
    { name: "refuses what only Ghost knows", spec: whole({ uid: "x" }), source: "additionalProperties", resolved: "additionalProperties" },
    {
      name: "refuses bad names",
      spec: { ...whole(), vms: { Web_1: { agent: "desk" } } },
      source: "propertyNames",
      resolved: "propertyNames",
    },
    { name: "refuses __proto__ as a name", spec: JSON.parse('{"vms":{"__proto__":{}}}'), source: "propertyNames", resolved: "required" },
    { name: "takes constructor as a name", spec: { ...whole(), vms: { constructor: { agent: "desk" } } } },
    {
      name: "refuses constructor as a key",
      spec: whole({ constructor: 1 }),
      source: "additionalProperties",
      resolved: "additionalProperties",
    },
    { name: "needs an agent for a VM", spec: { ...whole(), vms: { web: {} } }, resolved: "required" },
    { name: "needs the size of a disk", spec: whole({ disks: { data: {} } }), resolved: "required" },
    { name: "takes a reference to a secret", spec: whole({ cloud_init: { password: { secret: "env:PW", version: 2 } } }) },
    { name: "takes no literal secret", spec: whole({ cloud_init: { password: "hunter2" } }), source: "type", resolved: "type" },
    { name: "takes no expression as a secret", spec: whole({ cloud_init: { password: "${env.PW}" } }), source: "type", resolved: "type" },
    {
      name: "needs a secret's version",
      spec: whole({ cloud_init: { password: { secret: "env:PW" } } }),
      source: "required",
      resolved: "required",
    },
    {
      name: "needs a secret's source",
      spec: whole({ cloud_init: { password: { secret: "PW", version: 1 } } }),
      source: "pattern",
      resolved: "pattern",
    },
    { name: "has templates with a VM's values", spec: { ...whole(), templates: { web: { vcpu: 2, disks: { data: { size_gb: 1 } } } } } },
    {
      name: "has no replicas in a template",
      spec: { ...whole(), templates: { web: { replicas: 2 } } },
      source: "additionalProperties",
      resolved: "additionalProperties",
    },
    { name: "types the default of a variable", spec: { ...whole(), variables: { n: { type: "integer", default: 2 } } } },
    {
      name: "refuses a default of another type",
      spec: { ...whole(), variables: { n: { type: "integer", default: "2" } } },
      source: "type",
      resolved: "type",
    },
    {
      name: "takes text for an untyped variable",
      spec: { ...whole(), variables: { n: { default: 2 } } },
      source: "type",
      resolved: "type",
    },
  ];
  for (const { name, spec, source, resolved } of cases) {
    test(name, () => {
      assert.equal(firstProblem("ghost", spec), source, "source");
      assert.equal(firstProblem("ghost.resolved", spec), resolved, "resolved");
    });
  }
});

suite("attributeSchema", () => {
  test("a plan carries the version of a secret, and live values between the limits", () => {
    assert.deepEqual(
      attributeSchema({ kind: "string", mode: "optional", change: "none", sensitive: true, doc: "A secret." }, "plan")["properties"],
      {
        version: { type: "integer" },
      },
    );
    assert.equal(
      attributeSchema({ kind: "integer", unit: "gib", min: 1, mode: "optional", change: "none", doc: "Memory." }, "plan")["type"],
      "number",
    );
  });

  test("the hover text says unit, default and impact", () => {
    const { description } = attributeSchema(
      { kind: "integer", unit: "gib", min: 1, default: 2, mode: "optional", change: "restart", doc: "Memory." },
      "source",
    );
    assert.equal(description, "Memory. In GiB (2^30 bytes). Default: 2. A change is at worst restart: the guest goes down and comes back.");
  });
});

function whole(web: object = {}): object {
  return { ghost: 1, stack: "shop", agents: { desk: { address: "desk:9090" } }, vms: { web: { agent: "desk", ...web } } };
}

/** The keyword that refuses the data; undefined when nothing does. */
function firstProblem(document: string, data: unknown): string | undefined {
  const validate = (compiled[document] ??= new Ajv2020({ allErrors: true }).compile(documents[document] ?? {}));
  if (validate(data)) return undefined;
  const own = (validate.errors ?? []).filter((error) => error.keyword !== "if" && error.propertyName === undefined);
  return own[0]?.keyword;
}

const compiled: Record<string, ReturnType<Ajv2020["compile"]>> = {};

function* objectsIn(schema: unknown, path: string): Generator<[string, JsonSchema]> {
  if (typeof schema !== "object" || schema === null) return;
  const object = schema as JsonSchema;
  if (object["type"] === "object") yield [path, object];
  for (const [key, value] of Object.entries(object)) yield* objectsIn(value, `${path}/${key}`);
}
