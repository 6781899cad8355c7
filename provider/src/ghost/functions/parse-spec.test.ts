import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { suite, test } from "node:test";
import { golden } from "../../../../test/support/golden.ts";
import { FunctionError } from "../../protocol6/provider.ts";
import type { Type } from "../../protocol6/type.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { VM_SCHEMA } from "../vm/vm-schema.ts";
import { parseSpecFunction } from "./parse-spec.ts";

interface Parsed {
  readonly stack: string;
  readonly agents: Readonly<Record<string, Values>>;
  readonly vms: Readonly<Record<string, Values>>;
}

async function parse(text: string, ...variables: readonly Readonly<Record<string, string>>[]): Promise<Parsed> {
  const value = await parseSpecFunction.call([text, ...variables]);
  assertType(value, parseSpecFunction.schema.returns, "");
  return value as unknown as Parsed;
}

/** What Terraform asks of every result: exactly the attributes of the type, everywhere. */
function assertType(value: Value, type: Type, at: string): void {
  if (value === null) return;
  if (typeof type === "string") {
    assert.equal(typeof value, { string: "string", number: "number", bool: "boolean", dynamic: "" }[type], at);
    return;
  }
  const values = value as Readonly<Record<string, Value>>;
  switch (type[0]) {
    case "object":
      assert.deepEqual(Object.keys(values).toSorted(), Object.keys(type[1]).toSorted(), at);
      for (const [name, inner] of Object.entries(type[1])) assertType(values[name]!, inner, `${at}.${name}`);
      break;
    case "map":
      for (const [name, item] of Object.entries(values)) assertType(item, type[1], `${at}["${name}"]`);
      break;
    case "list":
    case "set":
      assert.ok(Array.isArray(value), at);
      for (const item of value as Value[]) assertType(item, type[1], `${at}[]`);
      break;
    case "tuple":
      assert.fail(`${at} is a tuple`);
  }
}

const HEAD = `ghost: 1
stack: shop
variables: { count: { type: integer, default: 2 }, image: { default: debian-12 } }
agents: { desk: { address: "unix:/run/desk.sock" } }
`;

/** Only what is set. */
function set(values: Values | undefined): unknown {
  const plain: unknown = JSON.parse(JSON.stringify(values));
  const strip = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, inner]) => inner !== null)
            .map(([name, inner]) => [name, strip(inner)]),
        )
      : value;
  return strip(plain);
}

suite("parse_spec", () => {
  test("resolves templates, variables and replicas", async () => {
    const { stack, agents, vms } = await parse(
      `${HEAD}templates: { web: { image: "\${var.image}", vcpu: 2, labels: { team: a } } }
vms:
  web: { agent: desk, template: web, replicas: "\${var.count}", labels: { n: "\${index}" } }
  db: { agent: desk, template: web, vcpu: 4, disks: { data: { size_gb: 5 } }, networks: { lan: {} }, depends_on: [web] }
`,
    );
    assert.equal(stack, "shop");
    assert.deepEqual(set(agents["desk"]), { name: "desk", address: "unix:/run/desk.sock" });
    assert.deepEqual(Object.keys(vms), ["web-1", "web-2", "db"]);
    assert.deepEqual(set(vms["web-2"]), { name: "web-2", agent: "desk", image: "debian-12", vcpu: 2, labels: { team: "a", n: "2" } });
    assert.deepEqual(set(vms["db"]), {
      name: "db",
      agent: "desk",
      image: "debian-12",
      vcpu: 4,
      labels: { team: "a" },
      disks: { data: { size_gb: 5 } },
      networks: { lan: {} },
    });
  });

  test("has every argument of ghost_vm, and nothing that a person cannot set", async () => {
    const { vms } = await parse(`${HEAD}vms: { a: { agent: desk, image: "\${var.image}", replicas: "\${var.count}" } }`);
    const settable = Object.entries(VM_SCHEMA.attributes)
      .filter(([name, attribute]) => name !== "timeouts" && (attribute.required === true || attribute.optional === true))
      .map(([name]) => name);
    assert.deepEqual(Object.keys(vms["a-1"]!).toSorted(), settable.toSorted());
  });

  test("takes variables, the last of a name", async () => {
    const text = `${HEAD}vms: { web: { agent: desk, image: "\${var.image}", replicas: "\${var.count}" } }`;
    const { vms } = await parse(text, { count: "3", image: "a=b" }, { image: "debian-13" });
    assert.deepEqual(
      Object.values(vms).map((vm) => vm["image"]),
      ["debian-13", "debian-13", "debian-13"],
    );
  });

  test("gives of a secret its version", async () => {
    const { vms } = await parse(
      `${HEAD.replace(/^variables.*\n/m, "")}vms: { a: { agent: desk, image: debian-12, cloud_init: { password: { secret: "env:NOT_SET", version: 3 } } } }`,
    );
    assert.deepEqual(
      { ...(vms["a"]!["cloud_init"] as Values) },
      {
        packages: null,
        user_data: null,
        network_config: null,
        password_wo: null,
        password_wo_version: 3,
      },
    );
  });

  for (const example of ["quickstart", "replicas", "templates", "secrets", "vm", "agents"])
    test(`reads examples/${example}`, async () => {
      await parse(readFileSync(path.join(import.meta.dirname, `../../../../examples/${example}/ghost.yaml`), "utf8"));
    });

  const wrong: { name: string; text: string; variables?: Readonly<Record<string, string>> }[] = [
    {
      name: "one-problem",
      text: `ghost: 1\nstack: shop\nagents: { desk: { address: "unix:/x" } }\nvms:\n  web:\n    agent: desk\n    image: debian-12\n    ram_gb: 0\n`,
    },
    {
      name: "many-problems",
      text: `ghost: 1\nstack: shop\nagents: { desk: { address: "unix:/x" } }\nvms:\n${"abcdefghijkl".replace(/./g, "  $&: { agent: dusk, image: debian-12 }\n")}`,
    },
    { name: "not-yaml", text: "ghost: 1\n\tstack: [a\n" },
    {
      name: "environment",
      text: `ghost: 1\nstack: shop\nagents: { desk: { address: "unix:/x" } }\nvms: { web: { agent: desk, image: "\${env.IMAGE}" } }\n`,
    },
    {
      name: "bad-variable",
      text: `${HEAD}vms: { web: { agent: desk, image: "\${var.image}", replicas: "\${var.count}" } }\n`,
      variables: { count: "many", no: "1" },
    },
    {
      name: "literal-secret",
      text: `ghost: 1\nstack: shop\nagents: { desk: { address: "unix:/x" } }\nvms: { web: { agent: desk, image: debian-12, cloud_init: { password: hunter2 } } }\n`,
    },
  ];
  for (const { name, text, variables = {} } of wrong)
    test(`tells what is wrong: ${name}`, async (t) => {
      const refused = await parseSpecFunction.call([text, variables]).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(refused instanceof FunctionError);
      assert.equal(refused.argument, 0);
      assert.doesNotMatch(refused.message, /hunter2/);
      golden(t, import.meta.url, `${name}.txt`, `${refused.message}\n`);
    });
});
