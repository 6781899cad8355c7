import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import type { Attribute, Attributes, ResourceType } from "@ghost/schemas";
import { agent, AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentConfig, agentTemplate, template, vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

const published = async (name: string): Promise<Schema> => JSON.parse(await text(`schemas/json/${name}.schema.json`)) as Schema;
const text = (file: string): Promise<string> => readFile(new URL(`../../${file}`, import.meta.url), "utf8");

suite("every face knows every attribute", () => {
  for (const resource of [vm, template, agent] satisfies ResourceType[]) {
    const settable = paths(resource.attributes);

    for (const document of ["ghost", "ghost.resolved"]) {
      test(`${resource.type} in ${document}.schema.json`, async () => {
        const block = (await published(document)).$defs?.[resource.type] ?? {};
        assert.deepEqual(
          schemaPaths(block),
          settable.filter((path) => path !== "name"),
        );
      });
    }

    test(`${resource.type}.schema.json`, async () => {
      assert.deepEqual(schemaPaths(await published(resource.type)), settable);
    });

    test(`the reference page of ${resource.type}`, async () => {
      assert.deepEqual(await rowsOfPage(resource.type), [...settable, ...computed(resource.attributes)].toSorted());
    });
  }

  test("agent.yaml in its schema and on its page", async () => {
    const keys = paths(agentConfig.attributes);
    assert.deepEqual(schemaPaths(await published("agent-config")), keys);
    assert.deepEqual(await rowsOfPage("agent-config"), keys.toSorted());
  });

  test("a template that an agent keeps, in its schema and in a plan", async () => {
    assert.deepEqual(schemaPaths(await published("agent-template")), paths(agentTemplate.attributes));
    assert.deepEqual(schemaPaths((await published("plan")).$defs?.["agent_template"] ?? {}), [...AGENT_TEMPLATE_CONFIG_ATTRIBUTES]);
  });

  test("vm in a plan", async () => {
    const kept = Object.fromEntries(VM_CONFIG_ATTRIBUTES.map((name) => [name, vm.attributes[name]]));
    assert.deepEqual(schemaPaths((await published("plan")).$defs?.["vm_config"] ?? {}), paths(kept));
  });
});

async function rowsOfPage(name: string): Promise<readonly string[]> {
  const page = await text(`docs/reference/${name}.md`);
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? "").toSorted();
}

/** `disks.*.size_gb` for what a person may write, in the order of the definition. */
function paths(attributes: Attributes, prefix = ""): readonly string[] {
  return Object.entries(attributes).flatMap(([name, attribute]) =>
    attribute.mode === "computed" ? [] : within(attribute, `${prefix}${name}`),
  );
}

function within(attribute: Attribute, path: string): readonly string[] {
  switch (attribute.kind) {
    case "map":
    case "list":
      return [path, ...within(attribute.of, `${path}.*`).filter((each) => each !== `${path}.*`)];
    case "object":
      return [path, ...paths(attribute.attributes, `${path}.`)];
    case "string":
    case "integer":
    case "boolean":
      return [path];
  }
}

function computed(attributes: Attributes): readonly string[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => (attribute.mode === "computed" ? [name] : []));
}

function schemaPaths(schema: Schema, prefix = ""): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    `${prefix}${name}`,
    ...below(property, `${prefix}${name}`),
  ]);
}

function below(schema: Schema, path: string): readonly string[] {
  if (isSecret(schema)) return [];
  if (typeof schema.additionalProperties === "object") return below(schema.additionalProperties, `${path}.*`);
  if (schema.items !== undefined) return below(schema.items, `${path}.*`);
  return schemaPaths(schema, `${path}.`);
}

/** A reference to a secret is one value, `{ secret, version }` in a spec and `{ version }` in a plan. */
function isSecret({ properties }: Schema): boolean {
  return ["secret,version", "version"].includes(Object.keys(properties ?? {}).join());
}
