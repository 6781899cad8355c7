import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { UNKNOWN as ENGINE_UNKNOWN, withDefaults } from "@ghost/engine";
import type { Attribute, Attributes } from "@ghost/schemas";
import { vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";
import { config as vmConfigs } from "../../../engine/src/testdata/arbitrary.ts";
import type { Value } from "../protocol6/value.ts";
import { Decimal, UNKNOWN } from "../protocol6/value.ts";
import { checkValues } from "./check.ts";
import { toAttributeSchemas, toType } from "./terraform-schema.ts";
import { fromValue, fromValues, newValues, sameValues, toNumber, toPlanned, toValue, toValues } from "./values.ts";

const ATTRIBUTES: Attributes = Object.fromEntries(VM_CONFIG_ATTRIBUTES.map((name): [string, Attribute] => [name, vm.attributes[name]]));
const SCHEMAS = toAttributeSchemas(vm.attributes, { keep: ["adopt"], computed: ["networks"] });

suite("Terraform's schema of a definition", () => {
  test("has every attribute but those of spec files, and two of each secret", () => {
    const cloudInit = Object.keys(SCHEMAS["cloud_init"]?.nested?.attributes ?? {});
    assert.deepEqual(cloudInit, ["packages", "user_data", "network_config", "password_wo", "password_wo_version"]);
    assert.equal("replicas" in SCHEMAS, false);
    assert.equal("adopt" in SCHEMAS, true);
  });

  test("says who sets what", () => {
    const modes = Object.fromEntries(
      Object.entries(SCHEMAS).map(([name, one]) => [
        name,
        [one.required && "required", one.optional && "optional", one.computed && "computed"].filter(Boolean).join(" "),
      ]),
    );
    assert.equal(modes["name"], "required");
    assert.equal(modes["image"], "optional");
    assert.equal(modes["vcpu"], "optional computed", "it has a default");
    assert.equal(modes["disruption"], "optional computed", "a part of it has a default");
    assert.equal(modes["networks"], "optional computed", "a VM without a card gets one");
    assert.equal(modes["uid"], "computed");
    const password = SCHEMAS["cloud_init"]?.nested?.attributes["password_wo"];
    assert.deepEqual([password?.sensitive, password?.write_only, password?.computed], [true, true, undefined]);
  });

  test("tells limits, defaults and what a change does", () => {
    assert.equal(
      SCHEMAS["ram_gb"]?.description,
      "Memory given to the guest. In GiB (2^30 bytes), 1 to 4096. Default: `1`. A change is at worst restart: the guest goes down and comes back.",
    );
    assert.match(SCHEMAS["power"]?.description ?? "", /One of `running`, `stopped`, `unmanaged`\./);
    assert.match(SCHEMAS["labels"]?.description ?? "", /Keys: .*\. Each: .*\. Each: at most 255 characters\./);
  });

  test("of what is only read is computed, without secrets; of what has no state is optional", () => {
    const read = toAttributeSchemas(vm.attributes, { readOnly: true });
    assert.ok(Object.values(read).every((one) => one.computed === true && one.optional === undefined));
    assert.deepEqual(Object.keys(read["cloud_init"]?.nested?.attributes ?? {}), ["packages", "user_data", "network_config"]);
    const settable = toAttributeSchemas(vm.attributes, { settable: true });
    assert.deepEqual([settable["vcpu"]?.optional, settable["vcpu"]?.computed], [true, undefined]);
  });

  test("has a type for every kind", () => {
    assert.deepEqual(toType(vm.attributes.disks), ["map", ["object", { size_gb: "number" }]]);
    assert.deepEqual(toType(vm.attributes.ssh_keys), ["list", "string"]);
    assert.equal(toType(vm.attributes.cloud_init.attributes.password), "number");
  });
});

suite("values", () => {
  test("of a configuration come back as they were", () => {
    fc.assert(
      fc.property(vmConfigs, (config) =>
        assert.deepEqual(fromValues(ATTRIBUTES, toValues(ATTRIBUTES, withDefaults(config, {}))), withDefaults(config, {})),
      ),
    );
  });

  test("of a planned configuration are complete, and nothing is wrong with them", () => {
    fc.assert(
      fc.property(vmConfigs, (config) => {
        const values = toValues(ATTRIBUTES, config);
        for (const [name, schema] of Object.entries(SCHEMAS)) {
          const attribute = ATTRIBUTES[name];
          if (attribute === undefined) continue;
          const value = values[name] ?? null;
          const planned = toPlanned(attribute, schema, value, config[name as keyof typeof config]);
          assert.ok(sameValues(planned, value), name);
        }
        assert.deepEqual(checkValues(ATTRIBUTES, values, "VM"), []);
      }),
    );
  });

  const canonical: readonly [string, Attribute, Value, unknown][] = [
    ["null", vm.attributes.labels, null, undefined],
    ["an empty map", vm.attributes.labels, {}, undefined],
    ["an empty list", vm.attributes.ssh_keys, [], undefined],
    ["an object of nothing", vm.attributes.cloud_init, { packages: [], user_data: null }, undefined],
    ["a card of nothing", vm.attributes.networks, { lan: { network: null } }, { lan: {} }],
    ["unknown", vm.attributes.vcpu, UNKNOWN, ENGINE_UNKNOWN],
    ["unknown in a list", vm.attributes.ssh_keys, ["a", UNKNOWN], ["a", ENGINE_UNKNOWN]],
    ["the version of a secret", vm.attributes.cloud_init, { password_wo: "x", password_wo_version: 2 }, { password: { version: 2 } }],
    ["a secret's version that is unknown", vm.attributes.cloud_init, { password_wo_version: UNKNOWN }, { password: ENGINE_UNKNOWN }],
    ["a fraction", vm.attributes.ram_gb, new Decimal("1.5"), 1.5],
  ];
  for (const [name, attribute, value, want] of canonical)
    test(`${name} in canonical form`, () => assert.deepEqual(fromValue(attribute, value), want));

  test("numbers keep what they are", () => {
    assert.equal(toNumber(4), 4);
    assert.deepEqual(toNumber(1.5), new Decimal("1.5"));
    assert.equal(toNumber(2 ** 60), 2n ** 60n);
    assert.deepEqual(toValue(vm.attributes.ram_gb, 0.5), new Decimal("0.5"));
  });

  test("a key of a person's is never taken for anything else", () => {
    const labels = newValues([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    assert.equal(Object.getPrototypeOf(labels), null);
    assert.deepEqual(Object.keys(labels), ["__proto__", "constructor"]);
  });
});
