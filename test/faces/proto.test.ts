import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { before, suite, test } from "node:test";
import { promisify } from "node:util";
import type { Attribute, Attributes } from "@ghost/schemas";
import { agent, AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate, vm, VM_CONFIG_ATTRIBUTES } from "@ghost/schemas";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PACKAGE = ".ghost.host.v1.";

interface Field {
  readonly name: string;
  readonly label: "LABEL_OPTIONAL" | "LABEL_REPEATED";
  readonly type: string;
  readonly typeName?: string;
  readonly proto3Optional?: boolean;
}

interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
}

/** Messages of host.proto by full name, map entries included. */
const messages = new Map<string, Message>();

suite("host.proto", () => {
  before(async () => {
    const buf = path.join(ROOT, "node_modules/.bin/buf");
    const { stdout } = await promisify(execFile)(buf, ["build", "-o", "-#format=json"], {
      cwd: path.join(ROOT, "proto"),
      maxBuffer: 64 * 1024 * 1024,
    });
    const { file } = JSON.parse(stdout) as { file: readonly { package: string; messageType?: readonly Message[] }[] };
    for (const { package: name, messageType = [] } of file)
      for (const message of messageType) register(`.${name}.${message.name}`, message);
  });

  test("VmSpec knows every attribute of a VM that an agent keeps, and no other", () => {
    const attributes = Object.fromEntries(VM_CONFIG_ATTRIBUTES.map((name) => [name, vm.attributes[name]]));
    assert.deepEqual(fieldsOf(`${PACKAGE}VmSpec`), expectedFields(attributes));
  });

  test("TemplateSpec knows every attribute of a template that an agent keeps, and no other", () => {
    const kept = Object.entries<Attribute>(agentTemplate.attributes).filter(
      ([name, { mode, specOnly }]) => mode !== "computed" && specOnly !== true && name !== "agent",
    );
    assert.deepEqual(
      kept.map(([name]) => name),
      AGENT_TEMPLATE_CONFIG_ATTRIBUTES,
    );
    assert.deepEqual(fieldsOf(`${PACKAGE}TemplateSpec`), expectedFields(Object.fromEntries(kept)));
  });

  test("AgentSettings knows every setting, and no other", () => {
    assert.deepEqual(fieldsOf(`${PACKAGE}AgentSettings`), expectedFields(agent.attributes.settings.attributes));
  });
});

/** A message as comparable data: the kind of each field by name, messages opened. */
type Shape = string | { readonly [key: string]: Shape };

function expectedFields(attributes: Attributes): Shape {
  return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, expectedShape(attribute)]));
}

function expectedShape(attribute: Attribute): Shape {
  if (attribute.sensitive === true) return { version: "int64" };
  switch (attribute.kind) {
    case "string":
      return "optional string";
    case "integer":
      return attribute.unit === "gib" ? "optional double" : "optional int32";
    case "boolean":
      return "optional bool";
    case "list":
      return { repeated: withoutPresence(expectedShape(attribute.of)) };
    case "map":
      return { map: withoutPresence(expectedShape(attribute.of)) };
    case "object":
      return expectedFields(attribute.attributes);
  }
}

/** Items of a list and values of a map are always there. */
function withoutPresence(shape: Shape): Shape {
  return typeof shape === "string" ? shape.replace(/^optional /, "") : shape;
}

function fieldsOf(typeName: string): Shape {
  const { field = [] } = requireMessage(typeName);
  return Object.fromEntries(field.map((each) => [each.name, shapeOf(each)]));
}

function shapeOf(field: Field): Shape {
  const { label, type, typeName = "", proto3Optional = false } = field;
  if (type !== "TYPE_MESSAGE") {
    const scalar = type.replace(/^TYPE_/, "").toLowerCase();
    if (label === "LABEL_REPEATED") return { repeated: scalar };
    return proto3Optional ? `optional ${scalar}` : scalar;
  }
  const value = requireMessage(typeName).field?.find(({ name }) => name === "value");
  if (label === "LABEL_REPEATED" && typeName.endsWith("Entry") && value !== undefined) return { map: shapeOf(value) };
  return label === "LABEL_REPEATED" ? { repeated: fieldsOf(typeName) } : fieldsOf(typeName);
}

function register(fullName: string, message: Message): void {
  messages.set(fullName, message);
  for (const nested of message.nestedType ?? []) register(`${fullName}.${nested.name}`, nested);
}

function requireMessage(typeName: string): Message {
  const message = messages.get(typeName);
  assert.ok(message !== undefined, `there is no message ${typeName}`);
  return message;
}
