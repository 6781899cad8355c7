import { effectiveSpec, parseSpec } from "@ghost/engine";
import { agent } from "@ghost/schemas";
import { toAttributeSchemas, typeOf, WRITE_ONLY, WRITE_ONLY_VERSION } from "../../faces/terraform-schema.ts";
import { FunctionError } from "../../protocol6/provider.ts";
import type { ProviderFunction } from "../../protocol6/provider.ts";
import type { AttributeSchemas } from "../../protocol6/schema.ts";
import type { Type } from "../../protocol6/type.ts";
import type { Value, Values } from "../../protocol6/value.ts";
import { VM_ATTRIBUTES } from "../vm/vm-schema.ts";
import { describeProblems } from "./spec-problems.ts";

/** A block of `vms` as the arguments of a `ghost_vm`. */
const VM_TYPE = typeOf(settable(VM_ATTRIBUTES));
/** A block of `agents`: of the provider's block, and the settings of a `ghost_agent`. */
const AGENT_TYPE = typeOf(settable(toAttributeSchemas(agent.attributes, { keep: ["tls", "timeout_s"] })));
const SPEC_TYPE: Type = ["object", { stack: "string", agents: ["map", AGENT_TYPE], vms: ["map", VM_TYPE] }];

/** `parse_spec(text, variables...)`. */
export const parseSpecFunction: ProviderFunction = {
  schema: {
    summary: "A Ghost spec (ghost.yaml) as an object",
    description: [
      "Reads a Ghost spec and gives what it asks for: `stack`, `agents` by name and `vms` by name, with templates, variables and replicas resolved (`web` with two replicas gives `web-1` and `web-2`). Each of `vms` has every argument of `ghost_vm`, null where nothing is set, so a reviewed file can be the source of a `for_each`; `agents` fits the provider's block as it is.",
      "",
      "The environment is not read: `${env.X}` in the spec is an error, and variables come from the arguments behind the text. Relative paths start at the folder in which Terraform runs.",
      "",
      "A secret stays where it is: of `password: { secret: env:X, version: 2 }` the object has `password_wo_version = 2` and `password_wo = null`. `depends_on`, `replicas` and `previous_names` have their counterparts in Terraform (`depends_on`, `for_each`, `moved`) and are left out.",
    ].join("\n"),
    parameters: [{ name: "text", type: "string", description: 'The spec: `file("ghost.yaml")`.' }],
    variadic: {
      name: "variables",
      type: ["map", "string"],
      description: "Values of the spec's variables by name: `{ web_count = 3 }`. Of several maps the last that has a name counts.",
    },
    returns: SPEC_TYPE,
  },
  async call([text, ...variables]) {
    const given = Object.entries(Object.assign({}, ...variables) as Record<string, string>);
    const { desired, diagnostics } = await parseSpec([{ file: "spec", text: text as string }], {
      cwd: process.cwd(),
      variables: { cli: given.map(([name, value]) => `${name}=${value}`) },
    });
    if (desired === undefined) throw new FunctionError(describeProblems(diagnostics), 0);
    const { stack, agents, vms } = effectiveSpec(desired);
    return toValue(SPEC_TYPE, { stack, agents: named(agents), vms: named(vms) });
  },
};

/** What a person may set. */
function settable(attributes: AttributeSchemas): AttributeSchemas {
  return Object.fromEntries(Object.entries(attributes).filter(([, { required, optional }]) => required === true || optional === true));
}

/** In a spec the key of a block is its name. */
function named(blocks: unknown): unknown {
  return Object.fromEntries(Object.entries(blocks as object).map(([name, block]) => [name, { name, ...(block as object) }]));
}

/** With everything that the type has: null for what the value does not have, and of a secret its version. */
function toValue(type: Type, value: unknown): Value {
  if (value === undefined) return null;
  if (typeof type === "string") return value as string | number | boolean;
  switch (type[0]) {
    case "object":
      return record(Object.entries(type[1]).map(([name, inner]) => [name, toValue(inner, attributeOf(value as object, name))]));
    case "map":
      return record(Object.entries(value as object).map(([name, item]) => [name, toValue(type[1], item)]));
    case "list":
    case "set":
      return (value as readonly unknown[]).map((item) => toValue(type[1], item));
    case "tuple":
      return (value as readonly unknown[]).map((item, at) => toValue(type[1][at]!, item));
  }
}

function attributeOf(value: object, name: string): unknown {
  const attributes = value as Readonly<Record<string, unknown>>;
  if (name.endsWith(WRITE_ONLY_VERSION)) {
    const secret = attributes[name.slice(0, -WRITE_ONLY_VERSION.length)] as { readonly version: number } | undefined;
    return secret?.version;
  }
  return name.endsWith(WRITE_ONLY) ? undefined : attributes[name];
}

function record(entries: readonly (readonly [string, Value])[]): Values {
  return Object.assign(Object.create(null), Object.fromEntries(entries)) as Values;
}
