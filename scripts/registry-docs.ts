/** provider/docs: the pages of the provider in the layout of Terraform's registry, made of its schemas and of examples/terraform. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Provider, Resource } from "../provider/src/protocol6/provider.ts";
import type {
  AttributeSchema,
  AttributeSchemas,
  FunctionParameter,
  FunctionSchema,
  IdentitySchema,
  Schema,
} from "../provider/src/protocol6/schema.ts";
import type { Type } from "../provider/src/protocol6/type.ts";

const GUIDE = path.join(import.meta.dirname, "../docs/terraform.md");
const EXAMPLES = path.join(import.meta.dirname, "../examples/terraform");

/** Which folders of examples/terraform a page shows. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  index: ["quickstart"],
  "resources/vm": ["fleet", "secrets", "adopt"],
  "resources/template": ["templates"],
  "resources/agent": ["host"],
  "data-sources/agent": ["lookup"],
  "data-sources/templates": ["lookup"],
  "data-sources/vm": ["lookup"],
  "data-sources/vms": ["lookup"],
  "functions/parse_spec": ["spec"],
  "functions/render_cloud_init": ["cloud-init"],
};

/** How an object that is there already becomes one of Terraform's: the ids, by resource. */
const IMPORTS: Readonly<Record<string, { readonly command: string; readonly id: string; readonly shown?: string }>> = {
  ghost_vm: {
    command: "ghost_vm.web desk/web",
    id: "the agent's name in the provider's block, a slash, and the VM's name",
    shown: "import",
  },
  ghost_template: {
    command: "ghost_template.base desk/base",
    id: "the agent's name in the provider's block, a slash, and the template's name",
  },
  ghost_agent: { command: "ghost_agent.desk desk", id: "the agent's name in the provider's block" },
};

interface Nested {
  readonly path: string;
  readonly attributes: AttributeSchemas;
}

/** Pages by path below provider/docs, without `.md`. */
export function registryPages(name: string, provider: Provider): Readonly<Record<string, string>> {
  const short = (type: string): string => type.slice(name.length + 1);
  const pages: (readonly [at: string, text: string])[] = [
    ["index", page(`${name} Provider`, provider.schema.description, [exampleSection("index"), schemaSection(provider.schema)])],
  ];
  for (const [type, resource] of Object.entries(provider.resources)) {
    pages.push([`resources/${short(type)}`, resourcePage(`resources/${short(type)}`, type, resource)]);
    if (resource.list !== undefined)
      pages.push([`list-resources/${short(type)}`, unprovenPage(`${type} (List Resource)`, resource.list.schema)]);
  }
  for (const [type, { schema }] of Object.entries(provider.dataSources)) {
    const at = `data-sources/${short(type)}`;
    pages.push([at, page(`${type} (Data Source)`, schema.description, [exampleSection(at), schemaSection(schema)])]);
  }
  for (const [type, { schema }] of Object.entries(provider.functions))
    pages.push([`functions/${type}`, functionPage(`functions/${type}`, type, schema)]);
  for (const [type, { schema }] of Object.entries(provider.actions))
    pages.push([`actions/${short(type)}`, unprovenPage(`${type} (Action)`, schema)]);
  pages.push(["guides/using-ghost", guidePage(readFileSync(GUIDE, "utf8"))]);
  return Object.fromEntries(pages);
}

function resourcePage(at: string, type: string, resource: Resource): string {
  const { schema, identity } = resource;
  return page(`${type} (Resource)`, schema.description, [
    exampleSection(at),
    schemaSection(schema),
    ...(resource.import === undefined ? [] : [importSection(type)]),
    ...(identity === undefined ? [] : [identitySection(identity)]),
  ]);
}

/** Of what no Terraform that this was tried with has. */
function unprovenPage(title: string, schema: Schema): string {
  return page(title, schema.description, [
    "This needs Terraform 1.14 or newer. It is tested on the wire, and unproven with such a Terraform.",
    schemaSection(schema),
  ]);
}

/** docs/terraform.md, whose links lead nowhere outside of the repository. */
function guidePage(text: string): string {
  const [, title = "", body = ""] = /^# (.*)\n+([\s\S]*)$/.exec(text) ?? [];
  return page(title, "Install the provider, apply a first machine, and live with both Terraform and Ghost's own CLI.", [
    body.replaceAll(/\[([^\]]+)\]\((?![a-z]+:|#)[^)]*\)/g, "$1").trim(),
  ]);
}

function identitySection({ attributes }: IdentitySchema): string {
  return section("Identity", [
    "Terraform 1.12 or newer keeps what tells the object from any other, and imports by it.",
    Object.entries(attributes)
      .map(([key, { type, description }]) => `- \`${key}\` (${typeName(type)}) ${description}`)
      .join("\n"),
  ]);
}

function functionPage(at: string, name: string, { summary, description, parameters, variadic, returns }: FunctionSchema): string {
  const all = variadic === undefined ? parameters : [...parameters, variadic];
  const argument = ({ name: key, type }: FunctionParameter): string => `${key} ${typeName(type)}`;
  const signature = [...parameters.map(argument), ...(variadic === undefined ? [] : [`${argument(variadic)}...`])].join(", ");
  return page(`${name} (Function)`, `${summary}.\n\n${description}`, [
    exampleSection(at),
    section("Signature", [fence("text", `${name}(${signature}) ${typeName(returns)}`)]),
    section("Arguments", [all.map(({ name: key, type, description: means }) => `1. \`${key}\` (${typeName(type)}) ${means}`).join("\n")]),
  ]);
}

function page(title: string, description: string, sections: readonly string[]): string {
  const [first = ""] = description.split("\n");
  const head = ["---", `page_title: ${JSON.stringify(title)}`, "description: |-", `  ${first}`, "---"].join("\n");
  const made = "<!-- Made by `npm run generate` from the provider's schemas and examples/terraform. -->";
  return `${[head, made, `# ${title}`, description, ...sections].join("\n\n")}\n`;
}

function section(title: string, parts: readonly string[]): string {
  return [`## ${title}`, ...parts].join("\n\n");
}

function exampleSection(at: string): string {
  const folders = SHOWN[at];
  if (folders === undefined) throw new Error(`Nothing of examples/terraform is shown on the page ${at}: add it to SHOWN.`);
  return section("Example Usage", folders.flatMap(example));
}

/** The comment on top of an example as text, and the example. */
function example(folder: string): readonly string[] {
  const text = readFileSync(path.join(EXAMPLES, folder, "main.tf"), "utf8");
  const comment = /^(?:#.*\n)+/.exec(text)?.[0] ?? "";
  const prose = comment.replaceAll(/^# ?/gm, "").trim();
  return [...(prose === "" ? [] : [prose]), fence("terraform", text.slice(comment.length).trim())];
}

function importSection(type: string): string {
  const facts = IMPORTS[type];
  if (facts === undefined) throw new Error(`How ${type} is imported is not said: add it to IMPORTS.`);
  const { command, id, shown } = facts;
  return section("Import", [
    `The id is ${id}.`,
    fence("shell", `terraform import ${command}`),
    ...(shown === undefined ? [] : example(shown)),
  ]);
}

function schemaSection({ attributes }: Schema): string {
  const nested: Nested[] = [];
  const parts = groups(attributes, "", nested, "###");
  // What is found on the way is appended, and walked in turn.
  for (const { path: at, attributes: inner } of nested)
    parts.push(`<a id="${anchor(at)}"></a>\n### Nested Schema for \`${at}\``, ...groups(inner, `${at}.`, nested, "####"));
  return section("Schema", parts);
}

function groups(attributes: AttributeSchemas, prefix: string, nested: Nested[], level: string): string[] {
  const entries = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const group = (title: string, isMember: (schema: AttributeSchema) => boolean): string[] => {
    const members = entries.filter(([, schema]) => isMember(schema));
    return members.length === 0
      ? []
      : [`${level} ${title}`, members.map(([name, schema]) => item(name, schema, prefix, nested)).join("\n")];
  };
  return [
    ...group("Required", ({ required }) => required === true),
    ...group("Optional", ({ optional }) => optional === true),
    ...group("Read-Only", ({ required, optional }) => required !== true && optional !== true),
  ];
}

function item(name: string, schema: AttributeSchema, prefix: string, nested: Nested[]): string {
  const flags = [
    schema.nested === undefined ? typeName(schema.type) : nestedTypeName(schema.nested.nesting),
    ...(schema.sensitive === true ? ["Sensitive"] : []),
    ...(schema.write_only === true
      ? ["[Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)"]
      : []),
    ...(schema.deprecated === undefined ? [] : ["Deprecated"]),
  ];
  const at = `${prefix}${name}`;
  if (schema.nested !== undefined) nested.push({ path: at, attributes: schema.nested.attributes });
  const see = schema.nested === undefined ? "" : ` (see [below for nested schema](#${anchor(at)}))`;
  const deprecation = schema.deprecated === undefined ? "" : ` ${schema.deprecated}`;
  return `- \`${name}\` (${flags.join(", ")}) ${schema.description}${deprecation}${see}`;
}

function anchor(at: string): string {
  return `nestedatt--${at.replaceAll(".", "--")}`;
}

function nestedTypeName(nesting: string): string {
  return nesting === "single" ? "Attributes" : `Attributes ${nesting.charAt(0).toUpperCase()}${nesting.slice(1)}`;
}

function typeName(type: Type): string {
  if (typeof type === "string") return { string: "String", number: "Number", bool: "Boolean", dynamic: "Dynamic" }[type];
  switch (type[0]) {
    case "list":
    case "set":
    case "map":
      return `${type[0].charAt(0).toUpperCase()}${type[0].slice(1)} of ${typeName(type[1])}`;
    case "tuple":
      return "Tuple";
    case "object":
      return "Object";
  }
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
