import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { validateAgentConfig, validatePlan, validateResolved, validateSource } from "@ghost/schemas/validators";
import type { Validator } from "@ghost/schemas/validators";

const validators: Readonly<Record<string, Validator>> = {
  ghost: validateSource,
  "ghost.resolved": validateResolved,
  plan: validatePlan,
  "agent-config": validateAgentConfig,
};

const scalar = fc.oneof(
  fc.string(),
  fc.integer({ min: -2, max: 70000 }),
  fc.boolean(),
  fc.constant(null),
  fc.constant("${var.x}"),
  fc.double(),
);
const key = fc.oneof(
  fc.constantFrom(
    "web",
    "data",
    "Bad Name",
    "__proto__",
    "constructor",
    "vcpu",
    "ram_gb",
    "power",
    "labels",
    "disks",
    "size_gb",
    "agent",
    "cloud_init",
  ),
  fc.string({ maxLength: 4 }),
);
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(key, tie("value"), { maxKeys: 4 })),
})).value;
const document = fc.record(
  {
    ghost: fc.oneof(fc.constant(1), scalar),
    stack: fc.oneof(fc.constant("shop"), scalar),
    vms: tree,
    templates: tree,
    agents: tree,
    variables: tree,
  },
  { requiredKeys: [] },
);

suite("the precompiled validators", () => {
  for (const [name, validate] of Object.entries(validators)) {
    test(`${name} says what ajv says of the published schema`, async () => {
      const published: object = JSON.parse(await readFile(new URL(`../../schemas/json/${name}.schema.json`, import.meta.url), "utf8"));
      const reference = new Ajv2020({ allErrors: true }).compile(published);
      fc.assert(
        fc.property(document, (data) => {
          assert.equal(validate(data), reference(data));
          const want = (reference.errors ?? []).filter((error) => error.keyword !== "if" && error.propertyName === undefined);
          assert.deepEqual(sorted(validate.errors ?? []), sorted(want));
        }),
        { numRuns: 300 },
      );
    });
  }

  test("one problem is one error, with the place and the facts that a message needs", () => {
    assert.equal(validateSource({ vms: { web: { vcpu: 0, power: 3, disks: { "a b": {} }, foo: 1 } } }), false);
    assert.deepEqual(
      sorted(validateSource.errors ?? []),
      sorted([
        { instancePath: "/vms/web", keyword: "additionalProperties", params: { additionalProperty: "foo" } },
        { instancePath: "/vms/web/vcpu", keyword: "minimum", params: { comparison: ">=", limit: 1 } },
        { instancePath: "/vms/web/disks", keyword: "propertyNames", params: { propertyName: "a b" } },
        { instancePath: "/vms/web/power", keyword: "enum", params: { allowedValues: ["running", "stopped", "unmanaged"] } },
      ]),
    );
  });

  test("nothing is left of the last call's errors", () => {
    validateSource({ foo: 1 });
    assert.equal(validateSource({}), true);
    assert.equal(validateSource.errors, null);
  });
});

interface Found {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: unknown;
}

/** The order and the schema's own path depend on how ajv lays its code out. */
function sorted(errors: readonly Found[]): readonly string[] {
  return errors.map(({ instancePath, keyword, params }) => JSON.stringify({ instancePath, keyword, params })).toSorted();
}
